// Rows that the lake refuses: the guilty one is found and put aside, tried again when an operator says so, and a lake
// that refuses everything is probed until it takes a row.
#include <algorithm>
#include <utility>

#include "raw_log/feeder.h"

namespace vf::raw_log {
namespace {

using store::PutDelivery;

constexpr Millis kRetryLookEvery{1'000};
constexpr size_t kProbeRows = 256;  // looked at for one to try
const std::string kConsumer{store::kRawLog};

}  // namespace

// The rows before the refused one may have been stored.
Millis Feeder::refused(const Error& error) {
  unsure_to_ = std::max(unsure_to_, pinned_to_);
  if (batch_.size() > 1) {
    piece_max_ = batch_.size() / 2;
    batch_.clear();
    return Millis{0};
  }
  const Event& event = batch_.front().event;
  note_refusal(event.id);
  PutDelivery row;
  row.target = kConsumer;
  row.position = event.position;
  row.event_id = event.id;
  row.state = PutDelivery::State::dead;
  row.attempts = 1;
  row.next_attempt_at = ports_.clock.now();
  row.reason = error.message;
  write(std::move(row), [this, to = event.position] {
    ++status_.dead;
    piece_max_ = SIZE_MAX;
    advance(to, 0);
  });
  return kWhileWriting;
}

// A row whose exception could not be written is refused again: that is no further refusal.
void Feeder::note_refusal(Uuid event_id) {
  if (std::exchange(refused_last_, event_id) != event_id) ++refusals_;
}

std::string Feeder::trouble(const Error& error) const {
  return "the lake refused " + std::to_string(refusals_) +
         " rows in a row and took none between them: taken for its own trouble, so no more rows become dead letters "
         "until it takes one: " +
         error.message;
}

// Tries the next row that the log lacks; after the last one the first again.
Millis Feeder::probe() {
  probed_to_ = std::max(probed_to_, cursor_);
  const auto rows = ports_.outbox.read_after({.after = probed_to_, .rows_max = kProbeRows});
  if (!rows) return fail(rows.error());
  if (rows->empty()) {
    if (probed_to_ == cursor_) return idle();
    probed_to_ = cursor_;
    return back_off(status_.last_error);
  }
  caught_up_ = false;
  unsure_to_ = std::max(unsure_to_, rows->back().event.position);
  const auto absent = missing(*rows);
  if (!absent) return fail(absent.error());
  if (absent->empty()) {
    probed_to_ = rows->back().event.position;
    return Millis{0};
  }
  probed_to_ = absent->front()->position;
  if (auto done = insert({absent->front()}); !done) {
    return done.error().code == Code::unavailable ? fail(done.error()) : back_off(trouble(done.error()));
  }
  is_well();
  return Millis{0};
}

// A dead letter that is to be tried again, if one is due and it is the retries' turn.
std::optional<Millis> Feeder::retry_due() {
  if (std::exchange(retry_was_last_, false) || ports_.clock.steady() < next_retry_look_) return std::nullopt;
  auto rows = ports_.outbox.due_retries(kConsumer, ports_.clock.now(), 1);
  if (!rows) return fail(rows.error());
  if (rows->empty()) {
    next_retry_look_ = ports_.clock.steady() + kRetryLookEvery;
    return std::nullopt;
  }
  retry_was_last_ = true;
  return retry(std::move(rows->front()));
}

Millis Feeder::retry(PutDelivery row) {
  const auto found = ports_.outbox.find(row.event_id);
  if (!found) return fail(found.error());
  Result<void> done = not_found("the outbox no longer holds the event");
  if (*found) {
    const auto absent = missing({&**found, 1});
    done = absent ? insert(*absent) : absent.error();
  }
  if (done) {
    if (!refuses_everything()) is_well();
    write(store::DropDelivery{kConsumer, row.event_id}, [] {});
    return kWhileWriting;
  }
  if (done.error().code == Code::unavailable) return fail(done.error());
  const bool by_the_lake = done.error().code != Code::not_found;
  const bool dies = !by_the_lake || !refuses_everything();
  if (by_the_lake && dies) note_refusal(row.event_id);
  ++row.attempts;
  row.reason = done.error().message;
  row.state = dies ? PutDelivery::State::dead : PutDelivery::State::retry;
  row.next_attempt_at = ports_.clock.now() + params_.backoff_max;
  write(std::move(row), [this, dies] { status_.dead += dies ? 1 : 0; });
  return dies ? kWhileWriting : back_off(trouble(done.error()));
}

}  // namespace vf::raw_log
