#include "outbox/dead_letters.h"

#include <fmt/format.h>

#include <algorithm>

namespace vf::outbox {

namespace {

// Passes the outcome of an order for one dead letter on to `done`.
OnWritten completing_one(const std::string& consumer, Uuid event_id, OnDone done) {
  return [missing = not_found(consumer + " has no dead letter " + event_id.to_string()),
          done = std::move(done)](Result<store::WriteResult> result) {
    if (!result) return done(result.error());
    const auto* letters = std::get_if<store::DeadLettersChanged>(&*result);
    done(letters && letters->changed > 0 ? Result<void>() : Result<void>(missing));
  };
}

}  // namespace

using store::PutDelivery;

Result<std::optional<PutDelivery>> DeadLetters::row_of(const std::string& consumer, Uuid event_id) const {
  VF_ASSIGN(auto rows, outbox_.deliveries_of(event_id));
  const auto row = std::ranges::find(rows, consumer, &PutDelivery::target);
  return row == rows.end() ? std::nullopt : std::optional(std::move(*row));
}

// Returns the dead letter that put() stores.
Result<PutDelivery> DeadLetters::set_aside(const std::string& consumer, Uuid event_id) const {
  const auto refusal = [&](std::string_view why) {
    return not_found(fmt::format("{} does not wait for event {}: {}", consumer, event_id.to_string(), why));
  };
  VF_ASSIGN(auto row, row_of(consumer, event_id));
  if (row && row->state == PutDelivery::State::dead) return refusal("it is a dead letter already");
  if (row) {
    row->state = PutDelivery::State::dead;
    row->reason = fmt::format("set aside by an operator; last: {}", row->reason);
    return std::move(*row);
  }
  VF_ASSIGN(const auto event, outbox_.find(event_id));
  if (!event) {
    VF_ASSIGN(const auto entry, outbox_.ledger(event_id));
    return refusal(entry ? "retention has removed it from the outbox" : "no event with this id was received");
  }
  if (!event->fan_out && consumer != store::kRawLog) return refusal("its source was in dry-run when it was received");
  VF_ASSIGN(const auto cursor, outbox_.cursor(consumer));
  if (!cursor) return refusal("this consumer has not begun to read events");
  const Position position = event->event.position;
  if (position <= *cursor) return refusal("it was delivered, or skipped; `vf events show` says which");
  return PutDelivery{.target = consumer,
                     .position = position,
                     .event_id = event_id,
                     .state = PutDelivery::State::dead,
                     .next_attempt_at = clock_.now(),
                     .reason = "set aside by an operator; no failed attempt was recorded"};
}

void DeadLetters::retry(const std::string& consumer, Uuid event_id, OnDone on_done) const {
  writer_.write(store::RetryDeadLetters{.target = consumer, .events = {event_id}, .due = clock_.now()},
                completing_one(consumer, event_id, std::move(on_done)));
}

void DeadLetters::put(const std::string& consumer, Uuid event_id, OnDone on_done) const {
  auto row = set_aside(consumer, event_id);
  if (!row) return on_done(row.error());
  writer_.write(std::move(*row), completing(std::move(on_done)));
}

void DeadLetters::drop(const std::string& consumer, Uuid event_id, OnDone on_done) const {
  writer_.write(store::DropDeadLetters{.target = consumer, .events = {event_id}},
                completing_one(consumer, event_id, std::move(on_done)));
}

}  // namespace vf::outbox
