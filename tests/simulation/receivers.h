// The receivers of the simulated world: environments (the hub's own receiver over a failing database, in a process that
// dies) and a stranger's endpoint that refuses some events. Single-threaded.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "http/client.h"
#include "receive/apply.h"
#include "stores.h"

namespace vf::simulation {

using Respond = std::function<void(Result<http::Response>)>;

class Receiver {
 public:
  virtual ~Receiver() = default;
  /// A request arrives. Answers now, later or never.
  virtual void receive(const http::Outgoing& request, Respond respond) = 0;
  /// Does some of what waits.
  virtual void work() = 0;
  virtual void crash() {}
  virtual void heal() {}
  /// Has this event had its effect here?
  virtual bool has(Uuid id) = 0;
};

http::Request as_received(const http::Outgoing& request);

/// An environment: classify() and apply_requests() as they are.
class Environment final : public Receiver {
 public:
  struct Params {
    SimOutbox& outbox;  // to check against
    Surroundings around;
    std::string secret;
  };
  explicit Environment(Params params);

  void receive(const http::Outgoing& request, Respond respond) override;
  void work() override;
  void crash() override;
  void heal() override;
  bool has(Uuid id) override { return store_.knows(id); }

  SimEnvironmentStore& store() { return store_; }
  /// Its clock against the others'.
  void set_skew(Millis skew) { skew_ = skew; }

 private:
  struct Waiting {
    receive::Ask ask;
    Respond respond;
  };

  Surroundings around_;
  crypto::WebhookSigner signer_;
  SimEnvironmentStore store_;
  Millis skew_{0};
  bool died_ = false;
  std::vector<Waiting> waiting_;
};

/// Takes what is signed; refuses some events for good (422). Where it gets them one by one, some others meet a bug
/// (500).
class Stranger final : public Receiver {
 public:
  Stranger(Surroundings around, const std::string& secret, bool single);

  void receive(const http::Outgoing& request, Respond respond) override;
  void work() override {}
  bool has(Uuid id) override { return taken_.contains(id); }

  static bool refuses(Uuid id) { return id.bytes[15] % 8 == 1; }
  bool fails_on(Uuid id) const { return single_ && id.bytes[15] % 16 == 2; }

 private:
  void refuse(int status, const Respond& respond);

  Surroundings around_;
  crypto::WebhookSigner signer_;
  const bool single_;
  std::set<Uuid> taken_;
};

}  // namespace vf::simulation
