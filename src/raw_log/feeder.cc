#include "raw_log/feeder.h"

#include <algorithm>
#include <utility>

namespace vf::raw_log {
namespace {

using store::PutDelivery;

constexpr Millis kBacklogPoll{5'000};
constexpr Millis kRetryPoll{1'000};
constexpr size_t kProbeRows = 256;  // how many rows are read at once to find one that the log lacks
const std::string kConsumer{store::kRawLog};

}  // namespace

Feeder::Feeder(Ports ports, FeederParams params)
    : ports_(ports),
      params_(std::move(params)),
      inserter_(ports_.lake, params_.retention),
      guard_(params_.refusals_max),
      batch_(params_.batch) {}

Millis Feeder::step() {
  if (writing_) return kWhileWriting;
  poll_backlog();
  if (ports_.clock.steady() < resume_at_) return std::min(until(resume_at_), kBacklogPoll);
  if (phase_ == Phase::finding) return find();
  if (const auto wait = retry_if_due()) return *wait;
  if (guard_.lake_is_failing()) return probe();
  return phase_ == Phase::gathering ? gather() : insert_batch();
}

// Reads the cursor, and the pin that an earlier attempt may have left open.
Millis Feeder::find() {
  auto cursor = ports_.outbox.cursor(kConsumer);
  if (!cursor) return fail(cursor.error());
  if (!*cursor) {
    write(store::StartConsumer{kConsumer, store::StartConsumer::At::earliest}, [] {});
    return kWhileWriting;
  }
  auto pin = ports_.outbox.open_pin(kConsumer);
  if (!pin) return fail(pin.error());
  if (auto checked = check_gap(**cursor); !checked) return fail(checked.error());
  if (writing_) return kWhileWriting;
  if (status_.cursor != *cursor) {
    const auto end = ports_.outbox.end();
    if (!end) return fail(end.error());
    inserter_.suspect_up_to(*end);
  }
  status_.cursor = cursor_ = **cursor;
  repairing_ = pin->has_value();
  if (repairing_) inserter_.suspect_up_to(pinned_to_ = (*pin)->to);
  phase_ = repairing_ ? Phase::inserting : Phase::gathering;
  return Millis{0};
}

// Retention waits for the raw log's cursor only while a raw log is configured. If none was for a long time, retention
// may have removed rows that the feeder never copied: that is the gap. The cursor stays where it is, because a pin may
// be open there; the next batch moves it over the gap.
Result<void> Feeder::check_gap(Position cursor) {
  VF_ASSIGN(const auto purged, ports_.outbox.purged());
  if (purged <= cursor || !status_.alarm.empty()) return {};
  auto alarm = std::to_string(purged.seq - cursor.seq) +
               " unknown events missed: retention removed them before they were in the raw log, while none was "
               "configured";
  write(store::AddAudit{ports_.clock.now(), "hub", "raw log gap", alarm}, [this, alarm] { status_.alarm = alarm; });
  return {};
}

Millis Feeder::gather() {
  const auto lingers = [this] { return !hurrying_ && ports_.clock.steady() < linger_until_; };
  if (!batch_.is_empty() && lingers()) return until(linger_until_);
  auto rows = ports_.outbox.read_after(batch_.next_rows(cursor_));
  if (!rows) return fail(rows.error());
  if (batch_.is_empty() && rows->empty()) return idle();
  caught_up_ = false;
  if (batch_.is_empty()) linger_until_ = linger_end(rows->front().event.received);
  batch_.append(std::move(*rows));
  if (!batch_.is_full() && lingers()) return until(linger_until_);
  return pin();
}

// There is nothing to copy. Checks whether an operator has moved the cursor; else only the next batch would notice.
Millis Feeder::idle() {
  const auto cursor = ports_.outbox.cursor(kConsumer);
  if (!cursor) return fail(cursor.error());
  caught_up_ = *cursor == cursor_;
  if (!caught_up_) {
    phase_ = Phase::finding;
    return Millis{0};
  }
  status_.backlog = {};
  return std::min(params_.poll, until(next_retry_poll_));
}

Millis Feeder::pin() {
  store::PinBatch pin;
  pin.consumer = kConsumer;
  pin.from = cursor_;
  pin.to = batch_.end();
  pin.count = static_cast<int64_t>(batch_.rows().size());
  pin.digest = digest_of(events_of(batch_.rows()));
  write(std::move(pin), [this] {
    pinned_to_ = batch_.end();
    repairing_ = false;
    phase_ = Phase::inserting;
  });
  return kWhileWriting;
}

Millis Feeder::insert_batch() {
  began_ = ports_.clock.now();
  if (auto read = read_piece(); !read) return fail(read.error());
  if (repairing_) ++status_.repairs;
  if (batch_.is_empty()) {
    advance(pinned_to_, 0);
    return kWhileWriting;
  }
  auto events = events_of(batch_.rows());
  const Event& first = *events.front();
  if (inserter_.may_hold(first.position)) {
    const auto dead = has_dead_letter(first.id);
    if (!dead) return fail(dead.error());
    if (*dead) {
      advance(first.position, 0);
      return kWhileWriting;
    }
    auto missing = inserter_.missing(std::move(events));
    if (!missing) return fail(missing.error());
    events = std::move(*missing);
  }
  if (auto done = insert(events); !done) {
    return done.error().code == Code::unavailable ? fail(done.error()) : refused(done.error());
  }
  advance(batch_.end(), batch_.rows().size());
  return kWhileWriting;
}

// Reads the piece of the pinned range after the cursor. A range that was pinned under larger limits is inserted piece
// by piece; the pin stays open until the cursor reaches its end.
Result<void> Feeder::read_piece() {
  if (batch_.is_empty()) {
    VF_ASSIGN(auto rows, ports_.outbox.read_after(batch_.next_piece(cursor_)));
    batch_.append(std::move(rows));
  }
  batch_.cut_to_piece(pinned_to_);
  return {};
}

// Only a row at the cursor becomes a dead letter, so a crash between the two writes (dead letter, cursor) leaves at
// most one dead letter after the cursor, at its first row. A dead letter that an operator retries counts too.
Result<bool> Feeder::has_dead_letter(Uuid event_id) {
  VF_ASSIGN(const auto rows, ports_.outbox.deliveries_of(event_id));
  return std::ranges::find(rows, kConsumer, &PutDelivery::target) != rows.end();
}

Result<void> Feeder::insert(const std::vector<const Event*>& events) {
  VF_TRY(inserter_.insert(events));
  if (events.empty()) return {};
  status_.rows_inserted += static_cast<int64_t>(events.size());
  guard_.stored();
  return {};
}

void Feeder::advance(Position to, size_t count) {
  store::AdvanceCursor move;
  move.consumer = kConsumer;
  move.from = cursor_;
  move.to = to;
  move.count = static_cast<int64_t>(count);
  move.attempts = attempts_;
  move.sent_at = began_;
  write(std::move(move), [this, to] {
    status_.cursor = cursor_ = to;
    ++status_.batches;
    if (!guard_.lake_is_failing()) clear_failures();
    attempts_ = 1;
    batch_.clear();
    if (cursor_ < pinned_to_) return;
    batch_.reset_piece();
    phase_ = Phase::gathering;
  });
}

// The lake refused the piece; the rows before the refused row may have been stored.
Millis Feeder::refused(const Error& error) {
  inserter_.suspect_up_to(pinned_to_);
  if (batch_.rows().size() > 1) {
    batch_.halve_piece();
    return Millis{0};
  }
  const Event& event = batch_.rows().front().event;
  guard_.refused(event.id);
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
    batch_.reset_piece();
    advance(to, 0);
  });
  return kWhileWriting;
}

// Tries the next row that the log lacks; after the last such row it begins with the first again.
Millis Feeder::probe() {
  const Position after = guard_.probe_after(cursor_);
  const auto rows = ports_.outbox.read_after({.after = after, .rows_max = kProbeRows});
  if (!rows) return fail(rows.error());
  if (rows->empty()) {
    if (after == cursor_) return idle();
    guard_.probed(cursor_);
    return back_off(status_.last_error);
  }
  caught_up_ = false;
  const Position last = rows->back().event.position;
  inserter_.suspect_up_to(last);
  const auto missing = inserter_.missing(events_of(*rows));
  if (!missing) return fail(missing.error());
  if (missing->empty()) {
    guard_.probed(last);
    return Millis{0};
  }
  guard_.probed(missing->front()->position);
  if (auto done = insert({missing->front()}); !done) {
    return done.error().code == Code::unavailable ? fail(done.error()) : back_off(guard_.describe(done.error()));
  }
  clear_failures();
  return Millis{0};
}

// Retries one dead letter, if one is due; retries and batches take turns.
std::optional<Millis> Feeder::retry_if_due() {
  if (std::exchange(retried_last_, false) || ports_.clock.steady() < next_retry_poll_) return std::nullopt;
  auto rows = ports_.outbox.due_retries(kConsumer, ports_.clock.now(), 1);
  if (!rows) return fail(rows.error());
  if (rows->empty()) {
    next_retry_poll_ = ports_.clock.steady() + kRetryPoll;
    return std::nullopt;
  }
  retried_last_ = true;
  return retry(std::move(rows->front()));
}

Millis Feeder::retry(PutDelivery row) {
  const auto found = ports_.outbox.find(row.event_id);
  if (!found) return fail(found.error());
  Result<void> done = not_found("the outbox no longer holds the event");
  if (*found) {
    const auto missing = inserter_.missing({&(*found)->event});
    done = missing ? insert(*missing) : missing.error();
  }
  if (done) {
    if (!guard_.lake_is_failing()) clear_failures();
    write(store::DropDelivery{kConsumer, row.event_id}, [] {});
    return kWhileWriting;
  }
  if (done.error().code == Code::unavailable) return fail(done.error());
  const bool by_lake = done.error().code != Code::not_found;
  const bool is_dead = !by_lake || !guard_.lake_is_failing();
  if (by_lake && is_dead) guard_.refused(row.event_id);
  ++row.attempts;
  row.reason = done.error().message;
  row.state = is_dead ? PutDelivery::State::dead : PutDelivery::State::retry;
  row.next_attempt_at = ports_.clock.now() + params_.backoff_max;
  write(std::move(row), [this, is_dead] { status_.dead += is_dead ? 1 : 0; });
  return is_dead ? kWhileWriting : back_off(guard_.describe(done.error()));
}

void Feeder::write(store::Write what, std::move_only_function<void()> then) {
  writing_ = true;
  auto done = [this, alive = std::weak_ptr(alive_), then = std::move(then)](Result<store::WriteResult> result) mutable {
    if (alive.expired()) return;
    writing_ = false;
    if (result) {
      then();
    } else {
      fail(result.error());
    }
  };
  ports_.writer.write(std::move(what), std::move(done));
}

Millis Feeder::fail(const Error& error) {
  inserter_.suspect_up_to(pinned_to_);
  ++attempts_;
  caught_up_ = false;
  batch_.clear();
  phase_ = Phase::finding;
  return back_off(error.message);
}

Millis Feeder::back_off(std::string why) {
  status_.last_error = std::move(why);
  const int doublings = std::min(status_.failures++, 16);
  const Millis longest = std::min(params_.backoff_max, params_.backoff_first * (int64_t{1} << doublings));
  const auto jitter = static_cast<int64_t>(ports_.random.below(static_cast<uint64_t>(longest.count() / 2 + 1)));
  const Millis wait = longest - Millis{jitter};
  resume_at_ = ports_.clock.steady() + wait;
  return std::min(wait, kBacklogPoll);
}

void Feeder::clear_failures() {
  status_.failures = 0;
  status_.last_error.clear();
}

void Feeder::poll_backlog() {
  const SteadyTime now = ports_.clock.steady();
  if (!status_.cursor || caught_up_ || now < next_backlog_poll_) return;
  next_backlog_poll_ = now + kBacklogPoll;
  if (auto backlog = ports_.outbox.backlog(*status_.cursor)) status_.backlog = *backlog;
}

Millis Feeder::until(SteadyTime when) const {
  return std::max(Millis{0}, std::chrono::ceil<Millis>(when - ports_.clock.steady()));
}

// The time to linger counts from the receipt of the oldest event, so a backlog does not wait. It is `linger` at most,
// whatever the clocks say.
SteadyTime Feeder::linger_end(Instant oldest) const {
  const Millis left = std::clamp(params_.linger - (ports_.clock.now() - oldest), Millis{0}, params_.linger);
  return ports_.clock.steady() + left;
}

}  // namespace vf::raw_log
