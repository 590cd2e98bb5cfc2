// Receiver: the handler of an environment's listener. handle() decodes a request on a network thread (decode.h: verify,
// read envelopes, project) and queues its operation. A thread of the receiver takes the waiting operations together and
// applies them (apply.h: one transaction, then the answers). Thread safe.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "concurrency/batch_queue.h"
#include "concurrency/replaceable.h"
#include "crypto/standard_webhooks.h"
#include "http/message.h"
#include "receive/apply.h"
#include "receive/decode.h"
#include "receive/receiver_metrics.h"
#include "store/environment_store.h"

namespace vf::receive {

class Receiver {
 public:
  struct Params {
    std::string environment;
    store::EnvironmentStore& store;
    const obs::Services& services;
    crypto::WebhookSigner signer;
    Limits limits{};
    // Requests beyond these limits are answered 503 with Retry-After. A request is itself a batch, so a transaction
    // takes few of them.
    concurrency::BatchQueueParams queue{.waiting_max = 1024, .waiting_bytes_max = 64u << 20, .batch_max = 32};
  };
  explicit Receiver(Params params);

  /// Serves POST /internal/events, GET /internal/events/{id} and POST /internal/quarantine/retry. Answers 410 on
  /// retired routes and 404 on every other path.
  void handle(http::Request request, http::Respond respond);
  /// Returns handle() as a handler for the listener, which must end before the Receiver.
  http::Handler handler() {
    return [this](http::Request request, http::Respond respond) { handle(std::move(request), std::move(respond)); };
  }

  /// Verifies requests by this signer from now on.
  void replace_signer(crypto::WebhookSigner signer);

  /// Returns how many requests wait for their transaction.
  size_t waiting() const { return queue_.waiting(); }
  /// Returns why a transaction failed in the last seconds; empty: none did. For the store's health check.
  std::string recent_failure() const { return metrics_.recent_failure(); }
  /// Refuses new requests; commits and answers the requests that wait.
  void drain() { queue_.drain(); }

 private:
  struct Pending {
    Operation operation;
    http::Respond respond;
    SteadyTime began;
  };
  void apply(std::vector<Pending> batch);
  void answer(http::Respond& respond, http::Response response, SteadyTime began);

  store::EnvironmentStore& store_;
  const Clock& clock_;
  concurrency::Replaceable<const crypto::WebhookSigner> signer_;
  const Limits limits_;
  ReceiverMetrics metrics_;
  concurrency::BatchQueue<Pending> queue_;  // last: its thread uses everything above
};

}  // namespace vf::receive
