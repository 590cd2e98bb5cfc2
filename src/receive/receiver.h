// Receiver: the handler of an environment's listener. handle() decodes a request on a network thread (decode.h: verify,
// read envelopes, project) and queues its operation; one thread of its own takes the waiting operations together and
// applies them (apply.h: one transaction, then the answers). Thread safe.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "concurrency/batch_queue.h"
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
    // Requests beyond it are answered 503 with Retry-After. A request is itself a batch, so few make a transaction.
    concurrency::BatchQueueParams queue{.waiting_max = 1024, .waiting_bytes_max = 64u << 20, .batch_max = 32};
  };
  explicit Receiver(Params params);

  /// POST /internal/events, GET /internal/events/{id}, POST /internal/quarantine/retry; the retired routes are 410, all
  /// others 404.
  void handle(http::Request request, http::Respond respond);
  /// handle() as a listener takes it; the Receiver outlives the listener.
  http::Handler handler() {
    return [this](http::Request request, http::Respond respond) { handle(std::move(request), std::move(respond)); };
  }

  /// Requests that wait for their commit.
  size_t waiting() const { return queue_.waiting(); }
  /// Why the store failed a transaction in the last seconds; empty: it did not. For the store's health check.
  std::string recent_failure() const { return metrics_.recent_failure(); }
  /// Refuses new requests, commits and answers those that wait.
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
  const crypto::WebhookSigner signer_;
  const Limits limits_;
  ReceiverMetrics metrics_;
  concurrency::BatchQueue<Pending> queue_;  // last: its thread uses everything above
};

}  // namespace vf::receive
