// The receivers of the simulation: environments (the product's receiver code over a failing database, in a process that
// dies now and then) and a foreign receiver that refuses some events. Single-threaded.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "api/service.h"
#include "http/client.h"
#include "receive/apply.h"
#include "receive/routes.h"
#include "stores.h"

namespace vf::simulation {

using Respond = std::function<void(Result<http::Response>)>;

class Receiver {
 public:
  virtual ~Receiver() = default;
  /// Takes a request that arrives. Answers it inside the call, later or never.
  virtual void receive(const http::Outgoing& request, Respond respond) = 0;
  /// Handles some of the requests that wait.
  virtual void work() = 0;
  virtual void crash() {}
  virtual void heal() {}
  /// Has the receiver accepted this event?
  virtual bool has(Uuid id) = 0;
};

http::Request as_received(const http::Outgoing& request);

/// An environment, with the routes and apply_requests() of the product.
class Environment final : public Receiver, private receive::Performer {
 public:
  struct Params {
    SimOutbox& outbox;  // knows what is committed: only such events may be applied
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
  /// Sets how far the environment's clock is ahead of the common clock.
  void set_skew(Millis skew) { clock_.skew = skew; }

 private:
  struct Waiting {
    receive::Operation operation;
    Respond respond;
  };
  /// The environment's own clock.
  class SkewedClock final : public Clock {
   public:
    explicit SkewedClock(const Clock& common) : common_(common) {}
    Instant now() const override { return common_.now() + skew; }
    SteadyTime steady() const override { return common_.steady(); }
    Millis skew{0};

   private:
    const Clock& common_;
  };
  void perform(receive::Operation operation, receive::Asked asked) override;

  Surroundings around_;
  SkewedClock clock_{around_.clock};
  const api::Signatures signatures_;
  SimEnvironmentStore store_;
  api::Service listener_;
  Respond arriving_;  // of the request that listener_ handles
  bool died_ = false;
  std::vector<Waiting> waiting_;
};

/// A receiver that accepts signed requests and always refuses some events (422). With `single` it gets events one by
/// one, and some other events always trigger a server error (500).
class ForeignReceiver final : public Receiver {
 public:
  ForeignReceiver(Surroundings around, const std::string& secret, bool single);

  void receive(const http::Outgoing& request, Respond respond) override;
  void work() override {}
  bool has(Uuid id) override { return taken_.contains(id); }

  bool never_takes(Uuid id) const { return refuses(id) || fails_on(id); }

 private:
  static bool refuses(Uuid id) { return id.bytes[15] % 8 == 1; }
  bool fails_on(Uuid id) const { return single_ && id.bytes[15] % 16 == 2; }
  void refuse(int status, const Respond& respond);

  Surroundings around_;
  crypto::WebhookSigner signer_;
  const bool single_;
  std::set<Uuid> taken_;
};

}  // namespace vf::simulation
