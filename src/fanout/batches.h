// Batches: holds the rows between a target's cursor and the last row read for it, in memory. Gathers rows into batches,
// cuts requests out of them, divides failed requests, and computes how far the cursor may advance: answers come in any
// order, but the cursor passes only completed parts. The caller must bound what is held (see held()). Single-threaded.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "event/event.h"
#include "store/outbox_store.h"

namespace vf::fanout {

/// Names a part of a batch: consecutive events that travel as one request, or wait to be cut into requests. Parts of
/// older batches are less than others.
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
    size_t bytes_max = 1u << 20;  // of envelopes; an event larger than this travels alone
    size_t skipped_max = 500;     // how many skipped rows are gathered before the cursor is moved over them
    Millis skipped_for{1000};     // or how long after the first of them
    Millis linger{5};             // how long a batch may gather events while requests are in flight
    bool one_event_a_part = false;
  };
  explicit Batches(Params params) : params_(params) {}

  /// Forgets all rows and parts; the next row comes after `cursor`.
  void reset(Position cursor);

  /// Adds the next row of the outbox, in order. It is to be sent (SkipReason::none), or is skipped for `skip_reason`.
  void add(const Event& event, store::SkipReason skip_reason, SteadyTime now);
  /// Closes the gathering batch if it has gathered long enough. `idle`: no part waits and no request is in flight, so a
  /// batch with an event is closed at once.
  void cut(SteadyTime now, bool idle);
  /// Returns when cut() closes the gathering batch at the latest; nullopt when that batch is empty.
  std::optional<SteadyTime> cut_due() const;

  /// Takes the oldest events that wait, at most `events_max` of them, or with `at_random` a run of them that begins at
  /// random. Events that have failed before and others take turns; with `prefer_fresh` and `at_random` the others come
  /// first. The caller gives the part back by exactly one of halve, cut_up, complete, skip; until then it is in flight,
  /// or waits elsewhere.
  std::optional<PartRef> next(Instant now, size_t events_max, Random* at_random = nullptr, bool prefer_fresh = false);
  /// Have the events of this part failed before?
  bool has_failed(PartRef ref) const { return batch(ref).parts[ref.part].has_failed; }
  /// Divides a failed part of two events or more into two halves, which wait to be sent.
  void halve(PartRef ref);
  /// Divides a failed part into single events, which wait to be sent.
  void cut_up(PartRef ref);
  /// Takes one event out of the parts that wait, and completes it without a delivery. Returns false when it does not
  /// wait here.
  bool take_out(Uuid event_id);
  /// The part is done: its events are delivered or, when `delivered` is false, recorded as retries or dead letters.
  void complete(PartRef ref, bool delivered);
  /// The part is done without a delivery: the target's mode skips its events.
  void skip(PartRef ref, store::SkipReason skip_reason);
  /// Skips every part that waits and the events of the gathering batch.
  void skip_waiting(store::SkipReason skip_reason);
  /// Returns false once the part's batch is forgotten, by reset() or because the cursor has passed it.
  bool has(PartRef ref) const;

  std::span<const Item> items(PartRef ref) const;
  /// Returns the request body of a part: its envelopes as "[…]", or its one envelope alone when one_event_a_part.
  std::string body(PartRef ref) const;

  /// One move of the cursor over completed events. Rows that a mode skipped never share a step with other rows.
  struct Step {
    Position from = {}, to = {};
    int64_t count = 0;     // events delivered
    int64_t attempts = 1;  // the most attempts that one of its parts took
    Instant sent_at = {};
    store::SkipReason skip_reason = store::SkipReason::unwanted;
  };
  /// Returns the step over the completed events right behind the cursor; nullopt: the first batch is not completed.
  std::optional<Step> completed() const;
  /// Drops the completed events that the cursor, now at `cursor`, has passed. Returns false when no completed step ends
  /// there: another process has moved the cursor, and the caller must reset().
  bool advance_to(Position cursor);

  Position read_to() const { return gathering_.to; }
  /// What the rows read and not passed by the cursor occupy. A batch whose events are all completed or skipped counts
  /// as one event.
  struct Held {
    size_t events = 0;
    size_t bytes = 0;  // of envelopes
  };
  const Held& held() const { return held_; }
  bool anything_waits() const { return waiting_events_ > 0; }
  /// Returns the time of receipt of the first row that the cursor has not passed, among the rows read; nullopt: no row.
  std::optional<Instant> oldest() const;

 private:
  struct Part {
    size_t first = 0, last = 0;  // items[first, last)
    int64_t attempts = 0;
    int64_t delivered = 0;
    bool has_failed = false;
    store::SkipReason skip_reason = store::SkipReason::none;
  };
  struct Batch {
    Position from, to;
    Instant oldest;  // time of receipt of its first row, sent or skipped
    SteadyTime begun{0};
    size_t skipped = 0;
    size_t held = 0;                                              // its share of Held::events
    store::SkipReason skip_reason = store::SkipReason::unwanted;  // `none` once the batch has an item
    std::string body;  // '[', envelopes with ',' between, and ']' once closed; empty once all parts are completed
    std::vector<Item> items;  // these two as well
    std::vector<Part> parts;
    size_t open_parts = 0;   // parts that are not completed yet
    std::deque<Step> steps;  // once all parts are completed: the steps that the cursor has not passed
    Instant sent_at;
    bool is_empty() const { return items.empty() && skipped == 0; }
  };

  bool gathered_enough(SteadyTime now, bool idle) const;
  void close();
  void add_part(uint64_t number, Part part);
  void wait(PartRef ref);
  void no_longer_waits(PartRef ref);
  std::set<PartRef>& waiting(bool has_failed) { return has_failed ? waiting_failed_ : waiting_; }
  PartRef narrow(PartRef ref, size_t first, size_t last);
  struct Place {
    PartRef ref;
    size_t offset = 0;  // events before it in the part
  };
  Place oldest_place();
  Place random_place(Random& random, bool prefer_fresh) const;
  void complete_part(PartRef ref);
  static std::deque<Step> steps_of(Batch& completed);
  Batch& batch(PartRef ref) { return closed_[ref.batch - first_number_]; }
  const Batch& batch(PartRef ref) const { return closed_[ref.batch - first_number_]; }

  Params params_;
  Batch gathering_;
  std::deque<Batch> closed_;          // in position order, each beginning where the one before ends
  uint64_t first_number_ = 0;         // of closed_.front(); numbers are never used twice
  std::set<PartRef> waiting_;         // parts of which no event has failed
  std::set<PartRef> waiting_failed_;  // parts of failed requests
  size_t waiting_events_ = 0;         // in both
  bool failed_was_last_ = false;
  Held held_;
};

}  // namespace vf::fanout
