#include "fanout/sender.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "crypto/digest.h"
#include "event/envelope.h"
#include "fanout/target_client.h"

namespace vf::fanout {
namespace {

// Returns the webhook-id, which is the same for the same events in the same order, in every attempt and after every
// restart; each half of a split batch has its own. It is the event's id for a receiver of single events, else "batch_"
// and 32 hex digits, and never contains a '.'.
std::string webhook_id(Delivery delivery, std::span<const Uuid> events) {
  if (delivery == Delivery::single) return events.front().to_string();
  const std::string_view ids(reinterpret_cast<const char*>(events.data()), events.size_bytes());
  return "batch_" + to_hex(std::string_view(crypto::sha256(ids)).substr(0, 16));
}

struct Attempt {
  std::string webhook_id;
  std::string body;  // one envelope, or a batch of them
  Instant now;       // the time of this attempt, for timestamp and signature
};

// Builds the signed request that carries events to a target: CloudEvents in a Standard Webhooks delivery.
http::Outgoing make_request(const Target& target, const crypto::WebhookSigner& signer, Attempt attempt) {
  http::Outgoing request;
  request.url = target.url.reveal();
  request.connect_timeout = target.connect_timeout;
  request.timeout = target.timeout;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(attempt.now).time_since_epoch().count();
  auto signature = signer.sign(attempt.webhook_id, attempt.now, attempt.body);
  const auto content_type = target.delivery == Delivery::single ? kSingleContentType : kBatchContentType;
  request.headers = {{"Content-Type", std::string(content_type)},
                     {"webhook-id", std::move(attempt.webhook_id)},
                     {"webhook-timestamp", std::to_string(seconds)},
                     {"webhook-signature", std::move(signature)}};
  add_headers(target, request);
  request.body = std::move(attempt.body);
  return request;
}

retry::Outcome outcome_of(const Answer& answer) {
  return {.delivered = answer.delivered,
          .status = answer.status,
          .timed_out = answer.timed_out,
          .retry_after = answer.retry_after};
}

retry::Reason reason_of(const Answer& answer) {
  return {.full = answer.detail.empty() ? answer.reason : answer.reason + ": " + answer.detail,
          .for_log = answer.reason};
}

retry::Params retry_params(const Target& target, const Tuning& tuning) {
  retry::Params params = tuning.retry;
  params.events_max = target.delivery == Delivery::single ? 1 : tuning.batches.events_max;
  return params;
}

}  // namespace

Sender::Sender(Params params)
    : params_(std::move(params)),
      rule_(retry_params(params_.target, params_.tuning), params_.ports.random),
      waiting_({.target = params_.target,
                .ports = params_.ports,
                .rule = rule_,
                .batches = params_.batches,
                .writes = params_.writes,
                .store = params_.store,
                .status = params_.status}) {}

void Sender::send() {
  while (send_one()) {
  }
}

// After a failure the next event is chosen at random among those held, so as many are read as may be held.
bool Sender::wants_events() const {
  if (rule_.is_full()) return false;
  if (rule_.begins_at_random() || rule_.pace().is_backing_off()) return true;
  return !params_.batches.anything_waits() && rule_.pace().may_send(params_.ports.clock.steady());
}

bool Sender::send_one() {
  using enum retry::Rule::Next;
  const SteadyTime now = params_.ports.clock.steady();
  const bool held_wait = params_.batches.anything_waits() || (waiting_.any_revived() && params_.store.may_call());
  switch (rule_.next(now, held_wait)) {
    case nothing:
      return false;
    case held:
      return send_held();
    case alone:
      return send_alone(rule_.next_alone(now)) || (held_wait && send_held());
  }
  return false;
}

// Retried dead letters and the events of the outbox take turns.
bool Sender::send_held() {
  const bool may_revive = waiting_.any_revived() && params_.store.may_call();
  revived_was_last_ = may_revive && !(revived_was_last_ && params_.batches.anything_waits());
  if (revived_was_last_ && send_revived()) return true;
  Random* at_random = rule_.begins_at_random() ? &params_.ports.random : nullptr;
  const auto part = params_.batches.next(params_.ports.clock.now(), rule_.size(), at_random, rule_.prefers_fresh());
  if (part) send_part(*part);
  return part.has_value();
}

void Sender::send_part(PartRef ref) {
  std::vector<Uuid> ids;
  for (const Item& item : params_.batches.items(ref)) ids.push_back(item.id);
  const auto kind = params_.batches.has_failed(ref) ? retry::Kind::piece : retry::Kind::fresh;
  const uint64_t request = rule_.began(kind, params_.ports.clock.steady());
  transmit(ids, params_.batches.body(ref),
           [this, ref, request](const Answer& answer) { part_answered(ref, request, answer); });
}

// Returns false when there is nothing to send after all.
bool Sender::send_revived() {
  auto revived = waiting_.next_revived(rule_.size(), params_.tuning.batches.bytes_max);
  if (revived.rows.empty()) return false;
  std::vector<Uuid> ids;
  for (const auto& row : revived.rows) ids.push_back(row.event_id);
  const auto kind = revived.has_failed ? retry::Kind::piece : retry::Kind::fresh;
  const uint64_t request = rule_.began(kind, params_.ports.clock.steady());
  transmit(ids, std::move(revived.body), [this, rows = std::move(revived.rows), request](const Answer& answer) {
    revived_answered(rows, request, answer);
  });
  return true;
}

// Returns false when the store fails, so that this event cannot be sent now.
bool Sender::send_alone(Uuid event_id) {
  auto attempt = waiting_.next_alone(event_id);
  if (attempt.state != WaitingEvents::Attempt::State::ready)
    return attempt.state == WaitingEvents::Attempt::State::gone;
  const uint64_t request = rule_.began_alone(event_id, params_.ports.clock.steady());
  transmit({&event_id, 1}, std::move(attempt.body),
           [this, event_id, request](const Answer& answer) { alone_answered(event_id, request, answer); });
  return true;
}

void Sender::transmit(std::span<const Uuid> ids, std::string body, OnAnswer on_answer) {
  const Target& target = params_.target;
  ++params_.status.requests;
  using Ids = std::vector<Uuid>;
  auto expected = is_our_receiver(target) ? std::optional(Ids(ids.begin(), ids.end())) : std::nullopt;
  Attempt attempt{
      .webhook_id = webhook_id(target.delivery, ids), .body = std::move(body), .now = params_.ports.clock.now()};
  params_.ports.transport.send(make_request(target, params_.signer, std::move(attempt)),
                               [this, expected = std::move(expected), began = params_.ports.clock.steady(),
                                on_answer = std::move(on_answer)](Result<http::Response> response) mutable {
                                 const auto& clock = params_.ports.clock;
                                 Answer answer = classify(response, clock.now(), expected);
                                 answer.timed_out = !response && clock.steady() - began >= params_.target.timeout;
                                 record(answer);
                                 on_answer(answer);
                               });
}

void Sender::part_answered(PartRef ref, uint64_t request, const Answer& answer) {
  Batches& batches = params_.batches;
  end(request, answer);
  if (!batches.has(ref)) return;  // the cursor was moved meanwhile
  const auto items = batches.items(ref);
  if (answer.delivered) {
    params_.status.delivered += static_cast<int64_t>(items.size());
    params_.status.last_delivery_lag = params_.ports.clock.now() - items.front().received;
    batches.complete(ref, true);
  } else if (params_.mode.is_muted()) {
    batches.skip(ref, params_.mode.skip_reason());
  } else if (items.size() == 1) {
    waiting_.failed_alone(ref, outcome_of(answer), reason_of(answer));
  } else if (answer.timed_out) {
    batches.cut_up(ref);
  } else {
    batches.halve(ref);
  }
}

void Sender::revived_answered(const std::vector<store::PutDelivery>& rows, uint64_t request, const Answer& answer) {
  end(request, answer);
  if (!answer.delivered && rows.size() > 1) return waiting_.cut_up(rows);
  if (!answer.delivered) return waiting_.failed_alone(rows.front(), outcome_of(answer), reason_of(answer));
  params_.status.delivered += static_cast<int64_t>(rows.size());
  for (const auto& row : rows) waiting_.delivered(row.event_id, true);
}

void Sender::alone_answered(Uuid event_id, uint64_t request, const Answer& answer) {
  const auto* entry = rule_.lane().find(event_id);  // nullptr if the cursor, the mode or an operator has moved it out
  const bool waits = entry != nullptr;
  const bool has_row = waits && entry->is_recorded;
  end(request, answer);
  if (!answer.delivered) return;
  ++params_.status.delivered;
  if (waits) waiting_.delivered(event_id, has_row);
}

void Sender::end(uint64_t request, const Answer& answer) {
  const auto& clock = params_.ports.clock;
  waiting_.apply(
      rule_.ended(request, outcome_of(answer), reason_of(answer), {.wall = clock.now(), .steady = clock.steady()}));
}

void Sender::record(const Answer& answer) {
  const auto& clock = params_.ports.clock;
  Status& status = params_.status;
  gone_ = answer.status == 410;
  if (answer.delivered) {
    status.last_success_at = clock.now();
    status.quarantined += answer.quarantined;
    return;
  }
  ++status.failed;
  const auto reason = reason_of(answer);
  // The status is logged, so it must not quote a foreign receiver.
  status.last_error = is_our_receiver(params_.target) ? reason.full : reason.for_log;
  status.last_error_at = clock.now();
}

void Sender::row_changed(Uuid event_id) {
  waiting_.row_changed(event_id);
  rule_.forgive_receiver();
}

void Sender::wake(Wake wake) {
  waiting_.rows_changed();
  if (wake == Wake::all) return forgive();
  rule_.forgive_receiver();
}

void Sender::forgive() { rule_.forgive(params_.ports.clock.steady()); }

std::optional<SteadyTime> Sender::next_change() const { return rule_.next_change(params_.ports.clock.steady()); }

// A target that takes nothing is failing, however few events it gets: five failures of one event, which has its own
// timer, do not make it back off.
void Sender::describe_failing(Status& status) const {
  const auto& clock = params_.ports.clock;
  const auto& pace = rule_.pace();
  const int failures = rule_.failures_in_a_row();
  if (!pace.is_backing_off() && failures < retry::Pace::kFailuresMax) return;
  // The fifth failure in a row would be the first back-off.
  const int backoffs = pace.is_backing_off() ? pace.backoffs() : failures - retry::Pace::kFailuresMax + 1;
  status.state = backoffs >= params_.tuning.open_after ? State::open : State::backing_off;
  const bool held_wait = params_.batches.anything_waits() || waiting_.any_revived();
  auto at = pace.retry_at();
  if (!held_wait && rule_.lane().due_at())
    at = std::max(*rule_.lane().due_at(), pace.alone_at().value_or(SteadyTime{0}));
  if (!at) return;
  const auto wait = std::chrono::ceil<Millis>(*at - clock.steady());
  status.next_attempt_at = clock.now() + std::max(wait, Millis{0});
}

void Sender::describe(Status& status) const {
  const auto& pace = rule_.pace();
  status.in_flight = pace.in_flight();
  status.waiting = rule_.lane().size();
  describe_failing(status);
  if (rule_.is_full()) {
    status.alarm = fmt::format(
        "{} events wait for another attempt and none of them has failed ten times yet: no more events are read until "
        "one is delivered or dead; see 'vf dead list --waiting --target {}'",
        rule_.lane().recorded(), params_.target.name);
  } else if (gone_ && status.state != State::ok) {
    status.alarm = "the target answers 410 Gone: pause it, or correct its url";
  } else if (status.state == State::open) {
    const int in_a_row = pace.is_backing_off() ? pace.backoffs() : rule_.failures_in_a_row();
    status.alarm = fmt::format("{} attempts in a row failed: {}", in_a_row, status.last_error);
  }
}

}  // namespace vf::fanout
