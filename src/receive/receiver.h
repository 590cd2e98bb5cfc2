// Receiver: performs what the hub asks of an environment. Its routes decode a verified request on a network thread
// (routes.h, decode.h) and queue its operation. A thread of the receiver takes the waiting operations together and
// applies them (apply.h: one transaction, then the answers). Thread safe.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "concurrency/batch_queue.h"
#include "http/message.h"
#include "receive/apply.h"
#include "receive/receiver_metrics.h"
#include "receive/routes.h"
#include "store/environment_store.h"

namespace vf::receive {

class Receiver final : public Performer {
 public:
  struct Params {
    std::string environment;
    store::EnvironmentStore& store;
    const obs::Services& services;
    Limits limits{};
    // Requests beyond these limits are answered 503 with Retry-After. A request is itself a batch, so a transaction
    // takes few of them.
    concurrency::BatchQueueParams queue{.waiting_max = 1024, .waiting_bytes_max = 64u << 20, .batch_max = 32};
  };
  explicit Receiver(Params params);

  /// Returns the rows of the listener, which must end before the Receiver.
  api::Routes routes() { return receive::routes(limits_, *this); }
  /// Queues the operation of a verified request.
  void perform(Operation operation, Asked asked) override;

  /// Returns how many requests wait for their transaction.
  size_t waiting() const { return queue_.waiting(); }
  /// Returns why a transaction failed in the last seconds; empty: none did. For the store's health check.
  std::string recent_failure() const { return metrics_.recent_failure(); }
  /// Refuses new requests; commits and answers the requests that wait.
  void drain() { queue_.drain(); }

 private:
  struct Pending {
    Operation operation;
    Asked asked;
  };
  void apply(std::vector<Pending> batch);
  void answer(Asked& asked, http::Response response);

  store::EnvironmentStore& store_;
  const Clock& clock_;
  const Limits limits_;
  ReceiverMetrics metrics_;
  concurrency::BatchQueue<Pending> queue_;  // last: its thread uses everything above
};

}  // namespace vf::receive
