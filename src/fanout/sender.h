// Sender: makes the requests to one target. It sends fresh batches and due retries as the breaker's window allows,
// classifies the answers, and decides for each event whether it is delivered, sent again, deferred or dead-lettered.
// Single-threaded.
//
// A target failure (no answer, 429, 503, …) backs the whole target off and writes no row. A refused batch (400, 413,
// 422) is halved until the refused event is alone; this event becomes a dead letter. To a receiver of single events a
// refused event is sent again from the retry lane, a bounded number of times. From such a receiver a 500 may be caused
// by the event alone, so that event is deferred too; but an attempt counts towards the event's death only while the
// target is otherwise healthy, so an outage kills no event. An event that is still deferred ends when the outbox
// removes it.
//
// When a target refuses one fresh event after the other and accepts none in between (a proxy that answers 400 to
// everything), that is a target failure, and from then on a refusal kills no event: refused events wait, each probe
// tries another event, fresh or retried, and no attempt is counted. A delivery or an operator ends this.
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
    Status& status;  // receives counts and times of what was sent
  };
  explicit Sender(Params params);

  /// Sends as many requests as the window allows.
  void send();
  /// May one more request be sent now?
  bool may_send() const;
  size_t in_flight() const { return in_flight_; }
  /// Returns when the target is probed after a failure; nullopt while it is not backing off.
  std::optional<SteadyTime> retry_at() const { return breaker_.retry_at(); }

  /// Makes the next send() read due retries, even if they were read less than a second ago.
  void poll_retries() { retries_.poll_now(); }
  /// Called on an operator's order: from now on a refusal may kill an event again.
  void forget_refusals() { refusals_ = 0; }

  /// Fills in the requests in flight, the breaker's state and the alarm.
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
