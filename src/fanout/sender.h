// Sender: the requests of one target. Sends fresh batches and due retries as the breaker's window allows, classifies
// the answers, and decides what becomes of the events: delivered, sent again, deferred, or dead-lettered.
// Single-threaded.
//
// A target failure (no answer, 429, 503, …) backs the whole target off and writes no row. A refused batch (400, 413,
// 422) is halved until the refused event is alone: that one becomes a dead letter. A receiver of single events gets a
// refused event again from the retry lane, a bounded number of times. There a 500 may be caused by the event alone, so
// such an event is deferred too, but an attempt counts towards its death only while the target is otherwise healthy:
// an outage kills no event. What still waits then ends when the outbox no longer holds it.
//
// A target that refuses one fresh event after the other and accepts none in between (a proxy that answers 400 to
// everything) has failed itself: from then on a refusal kills no event. Refused events wait, each probe tries another
// one, fresh or retried, and no attempt is counted, until a delivery or an operator ends it.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "crypto/standard_webhooks.h"
#include "fanout/answer.h"
#include "fanout/batches.h"
#include "fanout/breaker.h"
#include "fanout/dispatcher_ports.h"
#include "fanout/durable_writes.h"
#include "fanout/retry_lane.h"
#include "fanout/status.h"
#include "fanout/store_backoff.h"
#include "fanout/target.h"
#include "fanout/target_mode.h"
#include "fanout/tuning.h"

namespace vf::fanout {

class Sender {
 public:
  struct Params {
    const Target& target;
    crypto::WebhookSigner signer;
    const DispatcherPorts& ports;
    const Tuning& tuning;
    Batches& batches;
    const TargetMode& mode;
    DurableWrites& writes;
    StoreBackoff& store;
    Status& status;  // counts and times of what was sent
  };
  explicit Sender(Params params);

  /// Sends as many requests as the window allows.
  void send();
  /// May one more request be sent now?
  bool may_send() const;
  size_t in_flight() const { return in_flight_; }
  /// When a target that is backed off is probed; nullopt while it is not.
  std::optional<SteadyTime> retry_at() const { return breaker_.retry_at(); }

  /// Reads due retries with the next send(), whenever they were read last.
  void poll_retries() { retries_.poll_now(); }
  /// An operator's order: the next refusals may kill events again.
  void forget_refusals() { refusals_ = 0; }

  /// Fills in what is in flight, the breaker's state and the alarm it raises.
  void describe(Status& status) const;

 private:
  using OnAnswer = std::move_only_function<void(const Answer&)>;

  void send_part(PartRef ref);
  void send_retry(store::PutDelivery row);
  void transmit(std::span<const Uuid> ids, std::string body, OnAnswer on_answer);

  void part_answered(PartRef ref, const Answer& answer);
  void retry_answered(store::PutDelivery row, const Answer& answer);
  int64_t record(const Answer& answer);
  void write_exception(store::PutDelivery row, const Answer& answer, std::function<void()> then);

  bool is_single() const { return params_.target.delivery == Delivery::single; }
  int64_t attempts_max() const { return is_single() ? params_.tuning.single_attempts_max : 1; }
  bool refuses_everything() const { return refusals_ >= params_.tuning.refusals_max; }
  bool is_target_failure(const Answer& answer) const;

  const Params params_;
  Breaker breaker_;
  RetryLane retries_;
  size_t in_flight_ = 0;
  size_t retries_in_flight_ = 0;
  bool retry_was_last_ = false;
  bool gone_ = false;      // the last answer was 410
  int server_errors_ = 0;  // in a row
  int refusals_ = 0;       // of fresh events, since the last delivery
};

}  // namespace vf::fanout
