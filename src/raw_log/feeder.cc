#include "raw_log/feeder.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace vf::raw_log {
namespace {

using store::PutDelivery;

constexpr Millis kBacklogPoll{5'000};
const std::string kConsumer{store::kRawLog};

retry::Params rule_params(const FeederParams& params) {
  retry::Params rule = params.retry;
  rule.events_max = params.batch.rows_max;
  return rule;
}

}  // namespace

Feeder::Feeder(Ports ports, FeederParams params)
    : ports_(ports),
      params_(std::move(params)),
      inserter_(ports_.lake, params_.retention),
      batch_(params_.batch),
      rule_(rule_params(params_), ports_.random),
      rows_(ports_.outbox, kConsumer),
      probes_(ports_.outbox, inserter_) {}

Millis Feeder::step() {
  if (writing_) return kWhileWriting;
  poll_backlog();
  if (ports_.clock.steady() < resume_at_) return std::min(until(resume_at_), kBacklogPoll);
  status_.waiting = rule_.lane().size();
  if (!changes_.empty()) return write_change();
  if (phase_ == Phase::finding) return find();
  if (const auto polled = rows_.poll_revived(rule_.lane(), ports_.clock.steady()); !polled) return fail(polled.error());
  if (is_stuck()) {
    if (const auto found = probes_.find(*stuck_at_); !found) return fail(found.error());
    if (probes_.is_empty() && rule_.pace().is_backing_off()) probes_.allow_one_again(ports_.random);
  }
  return send();
}

// Does what the rule allows next.
Millis Feeder::send() {
  using enum retry::Rule::Next;
  const SteadyTime now = ports_.clock.steady();
  const bool may_insert = !is_stuck() || !probes_.is_empty();
  switch (rule_.next(now, may_insert || rows_.any_revived())) {
    case alone:
      return retry_alone(rule_.next_alone(now));
    case held:
      revived_was_last_ = rows_.any_revived() && !(revived_was_last_ && may_insert);
      if (revived_was_last_) return retry_revived();
      if (is_stuck()) return probe();
      return phase_ == Phase::gathering ? gather() : insert_batch();
    case nothing:
      break;
  }
  const auto next = rule_.next_change(now);
  return next ? std::min(until(*next), params_.poll) : params_.poll;
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
    rule_.lane().remove_held();
    stuck_at_.reset();
  }
  if (!rows_are_loaded_) {
    if (const auto restored = rows_.restore(rule_.lane(), time()); !restored) return fail(restored.error());
    rows_are_loaded_ = true;
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
  const SteadyTime now = ports_.clock.steady();
  if (const auto due = rule_.lane().next_due(now); due && rule_.pace().may_send_alone(now)) return retry_alone(*due);
  const auto next = rule_.next_change(now);
  return std::min(params_.poll, next ? until(*next) : params_.poll);
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
    // Only a row at the cursor gets a row among the deliveries, so a crash between the two writes (that row, cursor)
    // leaves at most one such row after the cursor, at its first row. A retried dead letter counts too.
    const auto known = rows_.find(first.id);
    if (!known) return fail(known.error());
    if (*known) {
      advance(first.position, 0);
      return kWhileWriting;
    }
    auto missing = inserter_.missing(std::move(events));
    if (!missing) return fail(missing.error());
    events = std::move(*missing);
  }
  if (!events.empty()) {
    const auto kind = first.position <= failed_to_ ? retry::Kind::piece : retry::Kind::fresh;
    const auto done = attempt(rule_.began(kind, ports_.clock.steady()), events);
    if (!done) return piece_failed(done.error());
  }
  advance(batch_.end(), batch_.rows().size());
  return kWhileWriting;
}

// Reads the piece of the pinned range after the cursor. A range that was pinned under larger limits is inserted piece
// by piece; the pin stays open until the cursor reaches its end.
Result<void> Feeder::read_piece() {
  if (batch_.is_empty()) {
    VF_ASSIGN(auto rows, ports_.outbox.read_after(batch_.next_piece(cursor_, piece_max_)));
    batch_.append(std::move(rows));
  }
  batch_.cut_to_piece(pinned_to_, piece_max_);
  return {};
}

Result<void> Feeder::attempt(uint64_t request, const std::vector<const Event*>& events) {
  const bool was_failing = rule_.pace().is_backing_off();
  auto done = inserter_.insert(events);
  retry::Outcome outcome{.delivered = done.has_value()};
  retry::Reason reason;
  if (done) {
    status_.rows_inserted += static_cast<int64_t>(events.size());
    clear_failures();
    if (was_failing) probes_.lake_recovered();
  } else {
    status_.last_error = done.error().message;
    ++status_.failures;
    caught_up_ = false;
    reason = {.full = done.error().message, .for_log = done.error().message};
  }
  std::ranges::move(rule_.ended(request, outcome, reason, time()), std::back_inserter(changes_));
  return done;
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
    stuck_at_.reset();
    ++status_.batches;
    if (!rule_.pace().is_backing_off()) clear_failures();
    attempts_ = 1;
    batch_.clear();
    probes_.clear();
    if (cursor_ < pinned_to_) return;
    piece_max_ = SIZE_MAX;
    phase_ = Phase::gathering;
  });
}

// The rows of the piece before a refused row may have been stored, and after an unknown outcome all of them. After the
// first unknown outcome the piece is repeated whole, because then its token is a second guard against repeated rows.
Millis Feeder::piece_failed(const Error& error) {
  const Event& event = batch_.rows().front().event;
  const bool is_unknown = error.code == Code::unavailable;
  inserter_.suspect_up_to(pinned_to_);
  failed_to_ = std::max(failed_to_, batch_.end());
  if (batch_.rows().size() > 1) {
    if (!is_unknown || attempts_ > 1) piece_max_ = batch_.rows().size() / 2;
  } else if (!rule_.lane().has(event.id)) {
    stuck_at_ = event.position;
    const retry::Reason reason{.full = error.message, .for_log = error.message};
    std::ranges::move(rule_.failed_alone(event.id, {.position = event.position, .reason = reason}, {}, time()),
                      std::back_inserter(changes_));
  }
  ++attempts_;
  batch_.clear();
  if (!is_unknown) return Millis{0};
  phase_ = Phase::finding;
  return pause();
}

// Inserts a row after the cursor, which does not move the cursor.
Millis Feeder::probe() {
  const auto row = probes_.take(ports_.random);
  const auto kind = row.event.position <= failed_to_ ? retry::Kind::piece : retry::Kind::fresh;
  if (!attempt(rule_.began(kind, ports_.clock.steady()), {&row.event})) {
    probes_.note_failed(row.event.id, !rule_.pace().is_backing_off());
  }
  return Millis{0};
}

// Tries a dead letter again that an operator has retried.
Millis Feeder::retry_revived() {
  using State = outbox::WaitingRows::State;
  const auto next = rows_.next_revived();
  if (!next) return fail(next.error());
  const PutDelivery& row = next->row;
  if (next->state == State::dead) ++status_.dead;
  if (next->state == State::dead || next->state == State::gone) return Millis{0};
  if (next->state == State::lost) return lost(row);
  const auto missing = inserter_.missing({&next->found->event});
  if (!missing) return fail(missing.error());
  if (missing->empty()) return stored(row);
  const auto done = attempt(rule_.began(retry::Kind::fresh, ports_.clock.steady()), *missing);
  if (done) return stored(row);
  inserter_.suspect_up_to(row.position);
  const retry::Reason reason{.full = done.error().message, .for_log = done.error().message};
  const retry::Lane::Entry entry{.position = row.position, .reason = reason, .is_recorded = true};
  std::ranges::move(rule_.failed_alone(row.event_id, entry, {}, time()), std::back_inserter(changes_));
  return Millis{0};
}

// Tries a row again that has failed alone: one that waits with a row in the store, or the one stuck at the cursor.
Millis Feeder::retry_alone(Uuid event_id) {
  const auto entry = *rule_.lane().find(event_id);
  using Fate = outbox::WaitingRows::Fate;
  const auto fate = rows_.fate_of(event_id, entry.is_recorded);
  if (!fate) return fail(fate.error());
  if (*fate != Fate::waits) {
    if (*fate == Fate::dead) ++status_.dead;
    rule_.lane().remove(event_id);
    return Millis{0};
  }
  const auto row = rows_.row_of({.event_id = event_id, .entry = entry});
  const auto found = ports_.outbox.find(event_id);
  if (!found) return fail(found.error());
  if (!*found) return lost(row);
  const auto missing = inserter_.missing({&(*found)->event});
  if (!missing) return fail(missing.error());
  if (!attempt(rule_.began_alone(event_id, ports_.clock.steady()), *missing)) {
    inserter_.suspect_up_to(entry.position);
    return Millis{0};
  }
  if (entry.is_recorded) return stored(row);
  advance(entry.position, 1);
  return kWhileWriting;
}

Millis Feeder::stored(const PutDelivery& row) {
  write(store::DropDelivery{kConsumer, row.event_id}, [this, id = row.event_id] { rows_.finished(id); });
  return kWhileWriting;
}

// The event becomes a dead letter without another attempt.
Millis Feeder::lost(const PutDelivery& row) {
  rule_.lane().remove(row.event_id);
  changes_.push_back(outbox::lost(row, ports_.clock.now()));
  return Millis{0};
}

// Writes the first row of those that must be written. The cursor passes the row stuck at it once its row is durable.
Millis Feeder::write_change() {
  write(rows_.row_of(changes_.front()), [this] {
    const auto written = std::move(changes_.front());
    changes_.pop_front();
    rows_.finished(written.event_id);
    if (written.is_dead) ++status_.dead;
    const bool was_stuck = stuck_at_ == written.entry.position && phase_ != Phase::finding;
    if (was_stuck) advance(*std::exchange(stuck_at_, std::nullopt), 0);
  });
  return kWhileWriting;
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

// The store failed, or the lake could not be read.
Millis Feeder::fail(const Error& error) {
  inserter_.suspect_up_to(pinned_to_);
  ++attempts_;
  caught_up_ = false;
  batch_.clear();
  probes_.clear();
  phase_ = Phase::finding;
  rows_are_loaded_ = false;  // a row that could not be removed is read again
  rows_.forget_revived();
  status_.last_error = error.message;
  ++status_.failures;
  return pause();
}

// Waits before the next attempt at anything: the longer, the more failures there were in a row.
Millis Feeder::pause() {
  const int doublings = std::clamp(status_.failures - 1, 0, 16);
  const Millis longest = std::min(params_.retry.longest, params_.retry.first * (int64_t{1} << doublings));
  const auto jitter = static_cast<int64_t>(ports_.random.below(static_cast<uint64_t>(longest.count() / 2 + 1)));
  resume_at_ = ports_.clock.steady() + longest - Millis{jitter};
  return std::min(longest - Millis{jitter}, kBacklogPoll);
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
