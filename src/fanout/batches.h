// Batches: the rows between a target's cursor and the last row read for it. Cuts rows into batches, splits refused
// ones, and says how far the cursor may advance: answers come in any order, the cursor passes only completed parts.
// In memory; the user bounds it (see size()). Single-threaded.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "event/event.h"
#include "fanout/breaker.h"
#include "store/outbox_store.h"

namespace vf::fanout {

/// A part of a batch: consecutive events that travel as one request. Parts of older batches compare less.
struct PartRef {
  uint64_t batch = 0;
  size_t part = 0;
  auto operator<=>(const PartRef&) const = default;
};

/// One event of a batch; its envelope is body[begin, end).
struct Item {
  Uuid id;
  Position position;
  Instant received;
  size_t begin = 0;
  size_t end = 0;
};

class Batches {
 public:
  struct Params {
    size_t events_max = 500;
    size_t bytes_max = 1u << 20;  // of envelopes; one event larger than this travels alone
    size_t skipped_max = 500;     // skipped rows in a row before the cursor is moved over them
    Millis skipped_for{1000};     // or the time since the first of them
    Millis linger{5};             // how long a batch may gather events while others are in flight
    bool one_event_a_part = false;
  };
  explicit Batches(Params params) : params_(params) {}

  /// Forgets everything and begins after `cursor`.
  void reset(Position cursor);

  /// The next row of the outbox, in order: to be sent (`none`), or skipped for that reason.
  void add(const Event& event, store::SkipReason skip_reason, SteadyTime now);
  /// Closes the gathering batch if it has gathered long enough. `idle`: nothing waits and nothing is in flight.
  void cut(SteadyTime now, bool idle);
  /// The latest time at which cut() closes the gathering batch; nullopt when there is none.
  std::optional<SteadyTime> cut_due() const;

  /// Takes the oldest part that waits to be sent; parts of requeue_last() come after all others. The caller gives it
  /// back by exactly one of requeue, requeue_last, split, complete, skip.
  std::optional<PartRef> next(Instant now);
  void requeue(PartRef ref) { waiting_.insert(ref); }
  void requeue_last(PartRef ref) { waiting_last_.push_back(ref); }
  /// Halves a part of two events or more; both halves wait.
  void split(PartRef ref);
  /// Its events are delivered, or else written down as exceptions.
  void complete(PartRef ref, bool delivered);
  /// Completes it without a delivery: the target's mode skips it.
  void skip(PartRef ref, store::SkipReason skip_reason);
  /// Skips every part that waits, and the gathering batch.
  void skip_waiting(store::SkipReason skip_reason);
  /// False once reset() has forgotten it.
  bool has(PartRef ref) const;

  std::span<const Item> items(PartRef ref) const;
  /// The envelopes of a part: "[…]", or the one envelope alone when one_event_a_part.
  std::string body(PartRef ref) const;

  /// One step of the cursor over completed events. Rows that a mode skipped never share a step with other rows.
  struct Step {
    Position from = {}, to = {};
    int64_t count = 0;     // events delivered
    int64_t attempts = 1;  // the most that any request of it took
    Instant sent_at = {};
    store::SkipReason skip_reason = store::SkipReason::unwanted;
  };
  /// The step over all that is completed at the front; nullopt: nothing is.
  std::optional<Step> completed() const;
  /// The cursor stands at `cursor` now: drops completed events before it. False when no completed step ends there:
  /// another process has moved the cursor, and reset() is needed.
  bool advance_to(Position cursor);

  Position read_to() const { return gathering_.to; }
  size_t size() const { return closed_.size(); }
  bool anything_waits() const { return !waiting_.empty() || !waiting_last_.empty(); }
  /// Does a part wait that did not come back by requeue_last()?
  bool anything_waits_in_order() const { return !waiting_.empty(); }
  /// Received time of the first row that the cursor has not passed, as far as rows have been read.
  std::optional<Instant> oldest() const;

 private:
  struct Part {
    size_t first = 0, last = 0;  // items[first, last)
    int64_t attempts = 0;
    int64_t delivered = 0;
    store::SkipReason skip_reason = store::SkipReason::none;
  };
  struct Batch {
    Position from, to;
    Instant oldest;  // received time of its first row, wanted or not
    SteadyTime begun{0};
    size_t skipped = 0;
    store::SkipReason skip_reason = store::SkipReason::unwanted;  // sent, once it has an item
    std::string body;  // '[', envelopes with ',' between, and ']' once closed
    std::vector<Item> items;
    std::vector<Part> parts;
    size_t open_parts = 0;   // not completed yet
    std::deque<Step> steps;  // once completed: those that the cursor has not passed
    Instant sent_at;
    bool is_empty() const { return items.empty() && skipped == 0; }
  };

  bool gathered_enough(SteadyTime now, bool idle) const;
  void close();
  void complete_part(PartRef ref);
  static std::deque<Step> steps_of(Batch& completed);
  Batch& batch(PartRef ref) { return closed_[ref.batch - first_number_]; }
  const Batch& batch(PartRef ref) const { return closed_[ref.batch - first_number_]; }

  Params params_;
  Batch gathering_;
  std::deque<Batch> closed_;   // in position order, each beginning where the one before ends
  uint64_t first_number_ = 0;  // of closed_.front(); numbers are never used twice
  std::set<PartRef> waiting_;
  std::deque<PartRef> waiting_last_;
};

}  // namespace vf::fanout
