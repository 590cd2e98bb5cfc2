// Receiver: the handler of an environment's listener. Signed batches of events come in at POST /internal/events, are
// proved and projected on the network thread, and committed in groups on one thread of its own. Thread safe. What it
// decides is in judge.h and settle.h.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "concurrency/batch_queue.h"
#include "crypto/standard_webhooks.h"
#include "http/message.h"
#include "receive/apply.h"
#include "receive/decode.h"
#include "store/environment_store.h"

namespace vf::receive {

/// How one request ended, for metrics.
struct AnswerReport {
  int status = 0;
  std::chrono::nanoseconds took{0};  // request complete to answer
};

class Receiver {
 public:
  struct Params {
    std::string environment;
    store::EnvironmentStore& store;
    const Clock& clock;
    crypto::WebhookSigner signer;
    Limits limits{};
    // Past it: 503 with Retry-After. A request is itself a batch, so few of them make a transaction.
    concurrency::BatchQueueParams queue{.waiting_max = 1024, .waiting_bytes_max = 64u << 20, .batch_max = 32};
    Watch watch{};                                         // on the committing thread
    std::function<void(const AnswerReport&)> on_answer{};  // any thread
  };
  explicit Receiver(Params params);

  /// POST /internal/events, GET /internal/events/{id}, POST /internal/quarantine/retry, the retired routes; 404 else.
  void handle(http::Request request, http::Respond respond);

  /// Requests that wait for their commit.
  size_t waiting() const { return queue_.waiting(); }
  /// Refuses new requests, commits and answers what waits.
  void drain() { queue_.drain(); }

 private:
  struct Pending {
    Ask ask;
    http::Respond respond;
    std::chrono::nanoseconds began;
  };
  void perform(std::vector<Pending> batch);
  void answer(http::Respond& respond, http::Response response, std::chrono::nanoseconds began);

  Params params_;
  concurrency::BatchQueue<Pending> queue_;  // last: its thread uses everything above
};

}  // namespace vf::receive
