// Sender: makes the requests to one target. It sends what the retry rule (retry/rule.h) allows: events that wait in
// batches, events that failed alone and are due, and dead letters that an operator has retried. It classifies the
// answers, and divides failed requests. Single-threaded.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "crypto/standard_webhooks.h"
#include "fanout/answer.h"
#include "fanout/batches.h"
#include "fanout/dispatcher_ports.h"
#include "fanout/durable_writes.h"
#include "fanout/status.h"
#include "fanout/store_backoff.h"
#include "fanout/target.h"
#include "fanout/target_mode.h"
#include "fanout/tuning.h"
#include "fanout/waiting_events.h"
#include "retry/rule.h"

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

  /// The cursor stands where no batch begins. Nothing is read or sent until prepare() has returned true.
  void begin_at(Position cursor) { waiting_.begin_at(cursor); }
  /// Loads what the store holds about events of this target that failed.
  bool prepare() { return waiting_.load(); }
  /// Must this event, read from the outbox, not be sent as a new one, because the store holds a row of it?
  bool take_known(Uuid event_id) { return waiting_.take_known(event_id); }

  /// Sends as many requests as the rule allows.
  void send();
  /// Are more events wanted to choose from?
  bool wants_events() const;
  size_t in_flight() const { return rule_.pace().in_flight(); }
  /// Returns when send() must be called again although no answer and no event has come.
  std::optional<SteadyTime> next_change() const;

  /// The bound on events held in memory is reached: those that failed alone get rows, so that the cursor can pass them.
  void record_held() { waiting_.apply(rule_.record_held()); }
  /// The target's mode skips events: this ends those that failed alone and have no row.
  void skip_held(store::SkipReason skip_reason) { waiting_.skip_held(skip_reason); }
  /// Another party has changed the row of this event.
  void row_changed(Uuid event_id);
  /// Ends every automatic wait, on an operator's order.
  void forgive();
  /// Does so when the order came through the store, with rows that may have changed.
  void wake(Wake wake);

  /// Fills in the requests in flight, the events that wait, the back-off and the alarm.
  void describe(Status& status) const;

 private:
  using OnAnswer = std::move_only_function<void(const Answer&)>;

  bool send_one();
  bool send_held();
  void send_part(PartRef ref);
  bool send_revived();
  bool send_alone(Uuid event_id);
  void transmit(std::span<const Uuid> ids, std::string body, OnAnswer on_answer);

  void part_answered(PartRef ref, uint64_t request, const Answer& answer);
  void revived_answered(const std::vector<store::PutDelivery>& rows, uint64_t request, const Answer& answer);
  void alone_answered(Uuid event_id, uint64_t request, const Answer& answer);
  void end(uint64_t request, const Answer& answer);
  void record(const Answer& answer);

  void describe_failing(Status& status) const;

  bool is_single() const { return params_.target.delivery == Delivery::single; }

  const Params params_;
  retry::Rule rule_;
  WaitingEvents waiting_;
  bool revived_was_last_ = false;
  bool gone_ = false;  // the last answer was 410
};

}  // namespace vf::fanout
