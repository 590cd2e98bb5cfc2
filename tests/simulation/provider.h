// Provider: the provider of the simulation. It makes events (some with a fact that another event has, some that cannot
// be projected, some that no projector wants), sends each until it is answered, and now and then once more.
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
    SimOutbox& outbox;  // to check that acknowledged events are committed
    Surroundings around;
  };
  explicit Provider(Params params) : params_(std::move(params)) {}

  /// Makes an event and sends it for the first time.
  void make();
  /// Sends an event again that was not answered or, rarely, one that was.
  void send_again();
  void send_all_again();

  const std::set<Uuid>& acknowledged() const { return acknowledged_; }

 private:
  struct Message {
    store::AddEvent event;
    bool answered = false;  // the answer reached the provider
  };
  void send(size_t index);
  void answered(size_t index, const Result<store::WriteResult>& result);

  Params params_;
  std::vector<Message> messages_;
  std::set<Uuid> acknowledged_;
};

}  // namespace vf::simulation
