#include "ingest/raw_log_feeder.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/bytes.h"
#include "crypto/digest.h"

namespace vf::ingest {
namespace {

using store::AdvanceCursor;
using store::OutboxRow;
using store::PinBatch;

constexpr Millis kWhileWriting{60'000};  // the completion wakes us
constexpr Millis kLookEvery{5'000};
const std::string kConsumer{store::kRawLog};

size_t bytes_of(const OutboxRow& row) { return row.event.body.size() + row.event.headers.size(); }

std::vector<const Event*> events_of(const std::vector<OutboxRow>& rows) {
  std::vector<const Event*> events;
  events.reserve(rows.size());
  for (const auto& row : rows) events.push_back(&row.event);
  return events;
}

std::string digest_of(const std::vector<const Event*>& events) {
  crypto::Sha256 digest;
  for (const Event* event : events) {
    digest.update({reinterpret_cast<const char*>(event->id.bytes.data()), event->id.bytes.size()});
  }
  const auto bytes = digest.finish();
  return to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace

RawLogFeeder::RawLogFeeder(Ports ports, RawLogFeederParams params)
    : ports_(std::move(ports)), params_(std::move(params)) {}

Millis RawLogFeeder::step() {
  if (writing_) return kWhileWriting;
  look_at_backlog();
  if (ports_.clock.steady() < resume_at_) return std::min(until(resume_at_), kLookEvery);
  switch (phase_) {
    case Phase::finding:
      return find();
    case Phase::repairing:
      return repair();
    case Phase::gathering:
      return gather();
    case Phase::inserting:
      return insert_batch();
  }
  std::unreachable();
}

// Where do we stand, and is a batch open that was begun before?
Millis RawLogFeeder::find() {
  auto cursor = ports_.outbox.cursor(kConsumer);
  if (!cursor) return fail(cursor.error());
  if (!*cursor) {
    write(store::StartConsumer{kConsumer, store::StartConsumer::At::earliest}, [] {});
    return kWhileWriting;
  }
  auto pin = ports_.outbox.open_pin(kConsumer);
  if (!pin) return fail(pin.error());
  if (auto looked = look_for_gap(**cursor); !looked) return fail(looked.error());
  if (writing_) return kWhileWriting;
  status_.cursor = cursor_ = **cursor;
  pin_ = std::move(*pin);
  phase_ = pin_ ? Phase::repairing : Phase::gathering;
  return Millis{0};
}

// Retention waits only for a raw log that is configured: one that was not for longer may have missed rows. The cursor
// stays, for a pin may be open there; the next batch takes it over the gap.
Result<bool> RawLogFeeder::look_for_gap(Position cursor) {
  const auto purged = ports_.outbox.purged();
  if (!purged) return purged.error();
  if (*purged <= cursor || !status_.alarm.empty()) return true;
  auto alarm = std::to_string(purged->seq - cursor.seq) +
               " unknown events missed: retention removed them before they were in the raw log, while none was "
               "configured";
  write(store::AddAudit{ports_.clock.now(), "hub", "raw log gap", alarm}, [this, alarm] { status_.alarm = alarm; });
  return true;
}

Millis RawLogFeeder::gather() {
  if (!batch_.empty() && !hurrying_ && ports_.clock.steady() < linger_until_) return until(linger_until_);
  auto rows = ports_.outbox.read_after({.after = batch_.empty() ? cursor_ : batch_.back().event.position,
                                        .rows_max = params_.rows_max - batch_.size(),
                                        .bytes_max = params_.bytes_max - batch_bytes_});
  if (!rows) return fail(rows.error());
  if (batch_.empty() && !rows->empty()) linger_until_ = linger_end(rows->front().event.received);
  for (auto& row : *rows) {
    batch_bytes_ += bytes_of(row);
    batch_.push_back(std::move(row));
  }
  caught_up_ = batch_.empty();
  if (caught_up_) {
    status_.backlog = {};
    return params_.poll;
  }
  const bool full = batch_.size() >= params_.rows_max || batch_bytes_ >= params_.bytes_max;
  if (!full && !hurrying_ && ports_.clock.steady() < linger_until_) return until(linger_until_);
  return pin();
}

Millis RawLogFeeder::pin() {
  PinBatch pin;
  pin.consumer = kConsumer;
  pin.from = cursor_;
  pin.to = batch_.back().event.position;
  pin.count = static_cast<int64_t>(batch_.size());
  pin.digest = digest_of(events_of(batch_));
  began_ = ports_.clock.now();
  write(std::move(pin), [this] { phase_ = Phase::inserting; });
  return kWhileWriting;
}

Millis RawLogFeeder::insert_batch() {
  if (auto done = insert(events_of(batch_)); !done) return fail(done.error());
  advance(batch_.back().event.position, batch_.size());
  return kWhileWriting;
}

// The pinned range behind the cursor, or as much of it as a batch may hold.
Result<std::vector<OutboxRow>> RawLogFeeder::read_pinned() {
  auto rows =
      ports_.outbox.read_after({.after = cursor_, .rows_max = params_.rows_max, .bytes_max = params_.bytes_max});
  if (!rows) return rows.error();
  std::erase_if(*rows, [this](const OutboxRow& row) { return row.event.position > pin_->to; });
  return rows;
}

Result<std::vector<const Event*>> RawLogFeeder::missing(const std::vector<OutboxRow>& rows) {
  std::vector<Uuid> ids;
  Instant from = Instant::max();
  Instant to = Instant::min();
  for (const auto& row : rows) {
    ids.push_back(row.event.id);
    from = std::min(from, row.event.received);
    to = std::max(to, row.event.received);
  }
  auto present = ports_.lake.ids_present(ids, from, to);
  if (!present) return present.error();
  const std::unordered_set<Uuid> held(present->begin(), present->end());
  auto events = events_of(rows);
  std::erase_if(events, [&held](const Event* event) { return held.contains(event->id); });
  return events;
}

Millis RawLogFeeder::repair() {
  began_ = ports_.clock.now();
  if (auto settled = ports_.lake.settle(); !settled) return fail(settled.error());
  auto rows = read_pinned();
  if (!rows) return fail(rows.error());
  if (!rows->empty()) {
    auto events = missing(*rows);
    if (!events) return fail(events.error());
    if (auto done = insert(*events); !done) return fail(done.error());
  }
  ++status_.repairs;
  // A range that was pinned under larger limits is mended piece by piece: the pin stays open until its end is passed.
  advance(rows->empty() ? pin_->to : rows->back().event.position, rows->size());
  return kWhileWriting;
}

Result<bool> RawLogFeeder::insert(const std::vector<const Event*>& events) {
  if (events.empty()) return true;
  std::vector<lake::RawRow> rows;
  rows.reserve(events.size());
  for (const Event* event : events) rows.push_back({event, params_.retention.class_of(event->source)});
  auto done = ports_.lake.insert(rows, digest_of(events));
  if (done) status_.rows_inserted += static_cast<int64_t>(events.size());
  return done;
}

void RawLogFeeder::advance(Position to, size_t count) {
  AdvanceCursor move;
  move.consumer = kConsumer;
  move.from = cursor_;
  move.to = to;
  move.count = static_cast<int64_t>(count);
  move.attempts = attempts_;
  move.sent_at = began_;
  move.config_version = params_.config_version;
  write(std::move(move), [this, to] {
    status_.cursor = cursor_ = to;
    ++status_.batches;
    status_.failures = 0;
    status_.last_error.clear();
    attempts_ = 1;
    batch_.clear();
    batch_bytes_ = 0;
    phase_ = phase_ == Phase::repairing ? Phase::finding : Phase::gathering;
  });
}

void RawLogFeeder::write(store::Write what, std::move_only_function<void()> then) {
  writing_ = true;
  auto next = std::make_shared<std::move_only_function<void()>>(std::move(then));
  ports_.write(std::move(what), [this, alive = std::weak_ptr(alive_), next](Result<store::WriteResult> result) {
    if (alive.expired()) return;
    writing_ = false;
    if (result) {
      (*next)();
    } else {
      fail(result.error());
    }
  });
}

Millis RawLogFeeder::fail(const Error& error) {
  status_.last_error = error.message;
  const int doublings = std::min(status_.failures++, 16);
  const Millis longest = std::min(params_.backoff_max, params_.backoff_first * (int64_t{1} << doublings));
  const auto jitter = static_cast<int64_t>(ports_.random.below(static_cast<uint64_t>(longest.count() / 2 + 1)));
  const Millis wait = longest - Millis{jitter};
  resume_at_ = ports_.clock.steady() + wait;
  ++attempts_;
  caught_up_ = false;
  batch_.clear();
  batch_bytes_ = 0;
  phase_ = Phase::finding;
  return std::min(wait, kLookEvery);
}

void RawLogFeeder::look_at_backlog() {
  const Steady now = ports_.clock.steady();
  if (!status_.cursor || caught_up_ || now < next_look_) return;
  next_look_ = now + kLookEvery;
  if (auto backlog = ports_.outbox.backlog(*status_.cursor)) status_.backlog = *backlog;
}

Millis RawLogFeeder::until(Steady when) const {
  return std::max(Millis{0}, std::chrono::ceil<Millis>(when - ports_.clock.steady()));
}

// Counted from the commit of the oldest event, so a backlog does not wait; at most `linger` whatever the clocks say.
RawLogFeeder::Steady RawLogFeeder::linger_end(Instant oldest) const {
  const Millis left = std::clamp(params_.linger - (ports_.clock.now() - oldest), Millis{0}, params_.linger);
  return ports_.clock.steady() + left;
}

}  // namespace vf::ingest
