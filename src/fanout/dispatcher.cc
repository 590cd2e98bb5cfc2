#include "fanout/dispatcher.h"

#include <algorithm>

#include "event/envelope.h"
#include "fanout/request.h"

namespace vf::fanout {
namespace {

constexpr int kReadsAStep = 8;          // then others on this thread get their turn
constexpr size_t kBatchesHeldMax = 16;  // settled ones waiting for an older one included
constexpr Millis kStorePause{500};      // after the store has failed
constexpr Millis kIdleWait{1'000};
constexpr Millis kLookEvery{100};

Batches::Params batch_params(const Target& target, Batches::Params params) {
  params.one_event_a_part = target.delivery == Delivery::single;
  return params;
}

std::string describe(const Answer& answer) {
  return answer.detail.empty() ? answer.reason : answer.reason + ": " + answer.detail;
}

}  // namespace

Result<std::unique_ptr<Dispatcher>> Dispatcher::create(Target target, Ports ports, Tuning tuning) {
  VF_ASSIGN(auto signer, crypto::WebhookSigner::create(target.secrets));
  return std::unique_ptr<Dispatcher>(new Dispatcher(std::move(target), std::move(ports), std::move(signer), tuning));
}

Dispatcher::Dispatcher(Target target, Ports ports, crypto::WebhookSigner signer, Tuning tuning)
    : target_(std::move(target)),
      ports_(std::move(ports)),
      signer_(std::move(signer)),
      tuning_(tuning),
      config_version_(config_version(target_)),
      breaker_(tuning.breaker, ports_.random),
      batches_(batch_params(target_, tuning.batches)),
      retries_(target_.name),
      writes_(ports_.writer, ports_.clock),
      mode_(target_.mode) {
  status_.name = target_.name;
}

Millis Dispatcher::step() {
  writes_.resubmit();
  if (phase_ == Phase::fresh) {
    phase_ = Phase::starting;
    writes_.write(start_of(target_), [this] { phase_ = Phase::loading; });
  }
  if (phase_ == Phase::loading && store_answers()) load();
  if (phase_ != Phase::running) return until_next(false);
  if (cursor_unknown_ && store_answers()) find_cursor();
  if (detaching_ && !advancing_ && !cursor_unknown_ && store_answers()) move_to_present();
  watch_store();
  check_age();
  const bool more_to_read = work();
  advance();
  return until_next(more_to_read);
}

// Reads, cuts and sends while there is something to read and room for it. True when it stopped for its own bound.
bool Dispatcher::work() {
  if (is_mute()) batches_.pass_over_waiting(skip_reason_of_mode());
  for (int reads = 0; reads < kReadsAStep; ++reads) {
    const bool is_more = wants_rows() && read();
    batches_.cut(ports_.clock.steady(), in_flight_ == 0 && !batches_.anything_waits_in_order());
    send_what_may_be_sent();
    if (!is_more) return false;
  }
  return wants_rows();
}

bool Dispatcher::wants_rows() const {
  if (mode_ == Mode::paused || stopping_ || detaching_ || cursor_unknown_ || !store_answers()) return false;
  if (batches_.anything_waits_in_order() || batches_.size() >= kBatchesHeldMax) return false;
  const SteadyTime now = ports_.clock.steady();
  if (batches_.read_to() >= committed_ && now < next_look_) return false;
  return is_mute() || breaker_.may_send(now, in_flight_);
}

// True when there may be more. An answer that is not full was all there was.
bool Dispatcher::read() {
  const store::ReadAfter params{batches_.read_to(), tuning_.batches.events_max, tuning_.batches.bytes_max};
  const auto rows = ports_.outbox.read_after(params);
  if (!rows) {
    store_failed(rows.error());
    return false;
  }
  oldest_unread_.reset();
  const SteadyTime now = ports_.clock.steady();
  size_t bytes = 0;
  for (const auto& row : *rows) {
    bytes += row.event.body.size() + row.event.headers.size();
    const auto skip_reason = skip_reason_of(row);
    if (skip_reason != store::SkipReason::none) ++status_.skipped;
    batches_.add(row.event, skip_reason, now);
  }
  const bool is_full = rows->size() >= params.rows_max || bytes >= params.bytes_max;
  next_look_ = is_full ? now : now + kLookEvery;
  return is_full;
}

/// Reads on from there.
void Dispatcher::begin_at(Position cursor) {
  batches_.reset(cursor);
  next_look_ = ports_.clock.steady();
}

store::SkipReason Dispatcher::skip_reason_of(const store::OutboxRow& row) const {
  if (is_mute()) return skip_reason_of_mode();
  return row.fan_out && wants(target_, row.event) ? store::SkipReason::none : store::SkipReason::unwanted;
}

void Dispatcher::send_what_may_be_sent() {
  if (mode_ != Mode::live || stopping_) return;
  const SteadyTime now = ports_.clock.steady();
  if (breaker_.may_send(now, in_flight_) && store_answers()) {
    if (const auto loaded = retries_.load(ports_.outbox, ports_.clock); !loaded) store_failed(loaded.error());
  }
  while (breaker_.may_send(now, in_flight_)) {
    // A quarter of the window for retries; where the window is one, they take turns with fresh events.
    const size_t share = std::max<size_t>(1, breaker_.window() / 4);
    const bool retry = retries_.anything_waits() && retries_in_flight_ < share && store_answers() &&
                       !(retry_was_last_ && batches_.anything_waits());
    retry_was_last_ = retry;
    if (retry) {
      send_retry(*retries_.next());
    } else if (const auto part = batches_.next(ports_.clock.now())) {
      send_part(*part);
    } else {
      return;
    }
  }
}

void Dispatcher::send_part(PartRef ref) {
  std::vector<Uuid> ids;
  for (const Item& item : batches_.items(ref)) ids.push_back(item.id);
  transmit(ids, batches_.body(ref), [this, ref](const Answer& answer) { part_answered(ref, answer); });
}

void Dispatcher::send_retry(store::PutDelivery row) {
  const auto found = ports_.outbox.find(row.event_id);
  if (!found) {
    store_failed(found.error());
    return retries_.requeue(std::move(row));
  }
  if (!*found) {
    Answer lost;
    lost.reason = "the outbox no longer holds the event";
    row.attempts = attempts_max();
    const Uuid id = row.event_id;
    return put_aside(std::move(row), lost, [this, id] { retries_.finish(id); });
  }
  const bool bare = target_.delivery == Delivery::single;
  std::string body = bare ? "" : "[";
  append_envelope(body, (*found)->event);
  if (!bare) body += ']';
  ++retries_in_flight_;
  const Uuid id = row.event_id;
  transmit({&id, 1}, std::move(body), [this, row = std::move(row)](const Answer& answer) mutable {
    --retries_in_flight_;
    retry_answered(std::move(row), answer);
  });
}

void Dispatcher::transmit(std::span<const Uuid> ids, std::string body, Answered answered) {
  ++in_flight_;
  ++status_.requests;
  breaker_.sent();
  const auto results =
      target_.delivery == Delivery::batch && is_our_receiver(target_) ? std::optional(ids.size()) : std::nullopt;
  auto request =
      make_request(target_, signer_, {webhook_id(target_.delivery, ids), std::move(body), ports_.clock.now()});
  ports_.send(std::move(request),
              [this, results, answered = std::move(answered)](Result<http::Response> response) mutable {
                --in_flight_;
                answered(classify(response, ports_.clock.now(), results));
              });
}

void Dispatcher::part_answered(PartRef ref, const Answer& answer) {
  const int64_t attempts = note(answer);
  if (!batches_.has(ref)) return;  // the cursor was moved meanwhile
  const auto items = batches_.items(ref);
  if (answer.response_class == ResponseClass::delivered) {
    status_.delivered += static_cast<int64_t>(items.size());
    status_.last_delivery_lag = ports_.clock.now() - items.front().received;
    batches_.settle(ref, true);
  } else if (is_mute()) {
    batches_.pass_over(ref, skip_reason_of_mode());
  } else if (answer.response_class == ResponseClass::refused && items.size() > 1) {
    batches_.split(ref);
  } else if (answer.response_class == ResponseClass::refused && refuses_everything()) {
    batches_.put_last(ref);
  } else if (is_targets_trouble(answer)) {
    batches_.requeue(ref);
  } else {
    if (answer.response_class == ResponseClass::refused) ++refusals_;
    store::PutDelivery row;
    row.position = items.front().position;
    row.event_id = items.front().id;
    row.attempts = attempts;
    put_aside(std::move(row), answer, [this, ref] {
      if (batches_.has(ref)) batches_.settle(ref, false);
    });
  }
}

void Dispatcher::retry_answered(store::PutDelivery row, const Answer& answer) {
  const int64_t attempts = note(answer);
  const Uuid id = row.event_id;
  if (answer.response_class == ResponseClass::delivered) {
    ++status_.delivered;
    writes_.write(store::DropDelivery{target_.name, id}, [this, id] { retries_.finish(id); });
  } else if (is_targets_trouble(answer)) {
    retries_.requeue(std::move(row));
  } else {
    row.attempts += attempts;
    put_aside(std::move(row), answer, [this, id] { retries_.finish(id); });
  }
}

bool Dispatcher::is_targets_trouble(const Answer& answer) const {
  return answer.response_class == ResponseClass::trouble ||
         (answer.response_class == ResponseClass::refused && refuses_everything()) ||
         (answer.response_class == ResponseClass::faulty && target_.delivery == Delivery::batch);
}

// Keeps the books of one answer; says how many attempts it counts for the event's own death.
int64_t Dispatcher::note(const Answer& answer) {
  const SteadyTime now = ports_.clock.steady();
  const bool was_well = breaker_.closed();
  if (answer.response_class == ResponseClass::delivered) {
    status_.last_success_at = ports_.clock.now();
    status_.quarantined += answer.quarantined;
    gone_ = false;
    refusals_ = 0;
  } else {
    ++status_.failed;
    // A foreign receiver's words may hold personal data; this is logged.
    status_.last_error = is_our_receiver(target_) ? describe(answer) : answer.reason;
    status_.last_error_at = ports_.clock.now();
    gone_ = answer.gone;
  }
  const bool in_trouble = is_targets_trouble(answer);
  if (!in_trouble && answer.response_class != ResponseClass::faulty) {
    strikes_ = 0;
    breaker_.succeeded();
  } else if (in_trouble || !was_well || ++strikes_ >= tuning_.strikes_max) {
    breaker_.failed(now, answer.retry_after);
  }
  return was_well || answer.response_class == ResponseClass::refused ? 1 : 0;
}

void Dispatcher::put_aside(store::PutDelivery row, const Answer& answer, std::function<void()> then) {
  row.target = target_.name;
  row.reason = describe(answer);
  if (row.attempts >= attempts_max()) {
    row.state = store::PutDelivery::State::dead;
    ++status_.dead;
    if (ports_.on_dead) ports_.on_dead(row.event_id, answer.reason);
  } else {
    row.state = store::PutDelivery::State::retry;
    row.next_attempt_at = ports_.clock.now() + retry_delay(row.attempts, ports_.random);
    ++status_.retried;
  }
  writes_.write(std::move(row), std::move(then));
}

bool Dispatcher::store_answers() const { return ports_.clock.steady() >= store_retry_at_; }

void Dispatcher::store_failed(const Error& error) {
  store_retry_at_ = ports_.clock.steady() + kStorePause;
  status_.last_error = "store: " + error.message;
  status_.last_error_at = ports_.clock.now();
}

int64_t Dispatcher::attempts_max() const {
  return target_.delivery == Delivery::single ? tuning_.single_attempts_max : 1;
}

bool Dispatcher::is_idle() const {
  return in_flight_ == 0 && !advancing_ && writes_.pending() == 0 && !batches_.finished();
}

Millis Dispatcher::until_next(bool more_to_read) const {
  if (more_to_read) return Millis{0};
  const SteadyTime now = ports_.clock.steady();
  SteadyTime next = now + kIdleWait;
  for (const auto at : {writes_.due(), batches_.cut_due(), breaker_.retry_at(), std::optional(store_retry_at_),
                        std::optional(next_look_)}) {
    if (at && *at > now) next = std::min(next, *at);
  }
  return std::chrono::ceil<Millis>(next - now);
}

}  // namespace vf::fanout
