// The provider of the simulated world: makes events (some of them the same fact again, some that cannot be projected,
// some that nobody wants), sends them until they are answered, and now and then once more.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "ingest.h"

namespace vf::simulation {

class Provider {
 public:
  struct Params {
    std::vector<Ingest*> replicas;
    SimOutbox& outbox;  // to check what was acknowledged
    Surroundings around;
  };
  explicit Provider(Params params) : params_(std::move(params)) {}

  /// Something happens, and is sent for the first time.
  void make();
  /// Sends one that was not answered, or, rarely, one that was.
  void send_again();
  void send_all_again();

  const std::set<Uuid>& acknowledged() const { return acknowledged_; }

 private:
  struct Message {
    store::AddEvent event;
    bool answered = false;  // as the provider knows
  };
  void send(size_t index);
  void answered(size_t index, const Result<store::WriteResult>& result);

  Params params_;
  std::vector<Message> messages_;
  std::set<Uuid> acknowledged_;
};

}  // namespace vf::simulation
