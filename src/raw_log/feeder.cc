#include "raw_log/feeder.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/bytes.h"
#include "crypto/digest.h"

namespace vf::raw_log {
namespace {

using store::AdvanceCursor;
using store::OutboxRow;
using store::PinBatch;
using store::PutDelivery;

constexpr Millis kLookEvery{5'000};
const std::string kConsumer{store::kRawLog};

size_t bytes_of(const OutboxRow& row) { return row.event.body.size() + row.event.headers.size(); }

std::vector<const Event*> events_of(std::span<const OutboxRow> rows) {
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

Feeder::Feeder(Ports ports, FeederParams params) : ports_(std::move(ports)), params_(std::move(params)) {}

Millis Feeder::step() {
  if (writing_) return kWhileWriting;
  look_at_backlog();
  if (ports_.clock.steady() < resume_at_) return std::min(until(resume_at_), kLookEvery);
  if (phase_ == Phase::finding) return find();
  if (const auto wait = retry_due()) return *wait;
  if (refuses_everything()) return probe();
  return phase_ == Phase::gathering ? gather() : insert_batch();
}

// Where do we stand, and is a batch open that was begun before?
Millis Feeder::find() {
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
  if (status_.cursor != *cursor) {
    const auto end = ports_.outbox.end();
    if (!end) return fail(end.error());
    unsure_to_ = std::max(unsure_to_, *end);
  }
  status_.cursor = cursor_ = **cursor;
  repairing_ = pin->has_value();
  if (repairing_) unsure_to_ = std::max(unsure_to_, pinned_to_ = (*pin)->to);
  phase_ = repairing_ ? Phase::inserting : Phase::gathering;
  return Millis{0};
}

// Retention waits only for a raw log that is configured: one that was not for longer may have missed rows. The cursor
// stays, for a pin may be open there; the next batch takes it over the gap.
Result<void> Feeder::look_for_gap(Position cursor) {
  VF_ASSIGN(const auto purged, ports_.outbox.purged());
  if (purged <= cursor || !status_.alarm.empty()) return {};
  auto alarm = std::to_string(purged.seq - cursor.seq) +
               " unknown events missed: retention removed them before they were in the raw log, while none was "
               "configured";
  write(store::AddAudit{ports_.clock.now(), "hub", "raw log gap", alarm}, [this, alarm] { status_.alarm = alarm; });
  return {};
}

Millis Feeder::gather() {
  if (!batch_.empty() && !hurrying_ && ports_.clock.steady() < linger_until_) return until(linger_until_);
  auto rows = ports_.outbox.read_after({.after = batch_.empty() ? cursor_ : batch_.back().event.position,
                                        .rows_max = params_.rows_max - batch_.size(),
                                        .bytes_max = params_.bytes_max - batch_bytes_});
  if (!rows) return fail(rows.error());
  if (batch_.empty() && rows->empty()) return idle();
  caught_up_ = false;
  if (batch_.empty()) linger_until_ = linger_end(rows->front().event.received);
  for (auto& row : *rows) {
    batch_bytes_ += bytes_of(row);
    batch_.push_back(std::move(row));
  }
  const bool full = batch_.size() >= params_.rows_max || batch_bytes_ >= params_.bytes_max;
  if (!full && !hurrying_ && ports_.clock.steady() < linger_until_) return until(linger_until_);
  return pin();
}

// Nothing to copy. An operator's move of the cursor would else be met only by the next batch.
Millis Feeder::idle() {
  const auto cursor = ports_.outbox.cursor(kConsumer);
  if (!cursor) return fail(cursor.error());
  caught_up_ = *cursor == cursor_;
  if (!caught_up_) {
    phase_ = Phase::finding;
    return Millis{0};
  }
  status_.backlog = {};
  return std::min(params_.poll, until(next_retry_look_));
}

Millis Feeder::pin() {
  PinBatch pin;
  pin.consumer = kConsumer;
  pin.from = cursor_;
  pin.to = batch_.back().event.position;
  pin.count = static_cast<int64_t>(batch_.size());
  pin.digest = digest_of(events_of(batch_));
  write(std::move(pin), [this] {
    pinned_to_ = batch_.back().event.position;
    repairing_ = false;
    phase_ = Phase::inserting;
  });
  return kWhileWriting;
}

Millis Feeder::insert_batch() {
  began_ = ports_.clock.now();
  if (auto read = read_piece(); !read) return fail(read.error());
  if (repairing_) ++status_.repairs;
  if (batch_.empty()) {
    advance(pinned_to_, 0);
    return kWhileWriting;
  }
  auto events = events_of(batch_);
  const Event& first = *events.front();
  if (first.position <= unsure_to_) {
    const auto aside = is_put_aside(first.id);
    if (!aside) return fail(aside.error());
    if (*aside) {
      advance(first.position, 0);
      return kWhileWriting;
    }
    auto absent = missing(batch_);
    if (!absent) return fail(absent.error());
    events = std::move(*absent);
  }
  if (auto done = insert(events); !done) {
    return done.error().code == Code::unavailable ? fail(done.error()) : refused(done.error());
  }
  advance(batch_.back().event.position, batch_.size());
  return kWhileWriting;
}

// As much of the pinned range behind the cursor as is to be tried at once. A range that was pinned under larger limits
// is worked off piece by piece: the pin stays open until its end is passed.
Result<bool> Feeder::read_piece() {
  if (batch_.empty()) {
    VF_ASSIGN(auto rows, ports_.outbox.read_after({.after = cursor_,
                                                   .rows_max = std::min(params_.rows_max, piece_max_),
                                                   .bytes_max = params_.bytes_max}));
    batch_ = std::move(rows);
  }
  std::erase_if(batch_, [this](const OutboxRow& row) { return row.event.position > pinned_to_; });
  if (batch_.size() > piece_max_) batch_.erase(batch_.begin() + static_cast<std::ptrdiff_t>(piece_max_), batch_.end());
  return true;
}

// Only rows at the cursor are put aside, so a crash between that and the cursor's move leaves one at most, just there.
Result<bool> Feeder::is_put_aside(Uuid event_id) {
  VF_ASSIGN(const auto rows, ports_.outbox.deliveries_of(event_id));
  return std::ranges::find(rows, kConsumer, &PutDelivery::target) != rows.end();
}

// Errors are unavailable, whatever the lake calls them: no row is to blame when it cannot be asked.
Result<std::vector<const Event*>> Feeder::missing(std::span<const OutboxRow> rows) {
  if (auto aborted = ports_.lake.abort_pending(); !aborted) return unavailable(aborted.error().message);
  std::vector<Uuid> ids;
  Instant from = Instant::max();
  Instant to = Instant::min();
  for (const auto& row : rows) {
    ids.push_back(row.event.id);
    from = std::min(from, row.event.received);
    to = std::max(to, row.event.received);
  }
  auto present = ports_.lake.ids_present(ids, from, to);
  if (!present) return unavailable(present.error().message);
  const std::unordered_set<Uuid> held(present->begin(), present->end());
  auto events = events_of(rows);
  std::erase_if(events, [&held](const Event* event) { return held.contains(event->id); });
  return events;
}

Result<void> Feeder::insert(const std::vector<const Event*>& events) {
  if (events.empty()) return {};
  std::vector<lake::RawRow> rows;
  rows.reserve(events.size());
  for (const Event* event : events) rows.push_back({event, params_.retention.class_of(event->source)});
  auto done = ports_.lake.insert(rows, digest_of(events));
  if (done) {
    status_.rows_inserted += static_cast<int64_t>(events.size());
    refusals_ = 0;
    refused_last_ = {};
  }
  return done;
}

void Feeder::advance(Position to, size_t count) {
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
    if (!refuses_everything()) is_well();
    attempts_ = 1;
    batch_.clear();
    batch_bytes_ = 0;
    if (cursor_ < pinned_to_) return;
    piece_max_ = SIZE_MAX;
    phase_ = Phase::gathering;
  });
}

void Feeder::write(store::Write what, std::move_only_function<void()> then) {
  writing_ = true;
  auto next = std::make_shared<std::move_only_function<void()>>(std::move(then));
  ports_.writer.write(std::move(what), [this, alive = std::weak_ptr(alive_), next](Result<store::WriteResult> result) {
    if (alive.expired()) return;
    writing_ = false;
    if (result) {
      (*next)();
    } else {
      fail(result.error());
    }
  });
}

Millis Feeder::fail(const Error& error) {
  unsure_to_ = std::max(unsure_to_, pinned_to_);
  ++attempts_;
  caught_up_ = false;
  batch_.clear();
  batch_bytes_ = 0;
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
  return std::min(wait, kLookEvery);
}

void Feeder::is_well() {
  status_.failures = 0;
  status_.last_error.clear();
}

void Feeder::look_at_backlog() {
  const SteadyTime now = ports_.clock.steady();
  if (!status_.cursor || caught_up_ || now < next_look_) return;
  next_look_ = now + kLookEvery;
  if (auto backlog = ports_.outbox.backlog(*status_.cursor)) status_.backlog = *backlog;
}

Millis Feeder::until(SteadyTime when) const {
  return std::max(Millis{0}, std::chrono::ceil<Millis>(when - ports_.clock.steady()));
}

// Counted from the commit of the oldest event, so a backlog does not wait; at most `linger` whatever the clocks say.
Feeder::SteadyTime Feeder::linger_end(Instant oldest) const {
  const Millis left = std::clamp(params_.linger - (ports_.clock.now() - oldest), Millis{0}, params_.linger);
  return ports_.clock.steady() + left;
}

}  // namespace vf::raw_log
