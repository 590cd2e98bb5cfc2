// Rule: decides, after every request to a receiver, whose fault a failure is, and what is sent next. One rule serves
// every status and silence, the targets of the fan-out and the raw log. The caller holds the events and sends the
// requests; it reports each begin and end of a request to the rule. Single-threaded; no I/O; time is an argument.
//
// - A request of several events that fails is divided by the caller: halved, or after a timeout cut into single
//   events. A single event that fails goes to the lane (retry/lane.h) and waits there on a timer of its own, so one
//   faulty event holds up no other.
// - The receiver as a whole backs off only after several failures in a row, or when it asks for it. A long wait that
//   one answer asks for is tested with another event (retry/pace.h); once that is delivered, the first event gets its
//   row, so that a restart does not send it again as a fresh one.
// - Only failures that happen while the receiver takes other events count against an event (retry/evidence.h), so no
//   outage makes a dead letter.
// - After any failure the next request begins at random among the events held, so that faulty events that happen to be
//   the oldest cannot make the receiver look as if it were down.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "base/uuid.h"
#include "retry/evidence.h"
#include "retry/lane.h"
#include "retry/outcome.h"
#include "retry/pace.h"
#include "retry/params.h"

namespace vf::retry {

class Rule {
 public:
  Rule(const Params& params, Random& random) : pace_(params, random), lane_(params, random), longest_(params.longest) {}

  /// held: events that have not failed alone. alone: the event that next_alone() returns.
  enum class Next { nothing, held, alone };
  /// Returns what may be sent now. `held_wait`: the caller has events that have not failed alone and are not in flight.
  Next next(SteadyTime now, bool held_wait) const;
  /// Must the next request of held events begin at random among them? Else it begins with the oldest.
  bool begins_at_random() const { return begins_at_random_ || pace_.is_testing(); }
  /// Should it be of events that have never failed, if there are any?
  bool prefers_fresh() const { return pace_.is_testing(); }
  /// How many events the next request may carry.
  size_t size() const { return pace_.size(); }
  /// Returns the event to send alone. next() must have returned `alone`.
  Uuid next_alone(SteadyTime now) const;

  /// A request has been sent; returns its number. `kind`: fresh or piece.
  uint64_t began(Kind kind, SteadyTime now);
  uint64_t began_alone(Uuid event_id, SteadyTime now);

  /// What became of an event of the lane: its row must be written as lane().find() describes it, or it is a dead letter
  /// (and out of the lane).
  struct Change {
    Uuid event_id;
    Lane::Entry entry;
    bool is_dead = false;
  };
  /// A request has ended. `reason` describes a failure. An event sent alone and delivered is out of the lane.
  std::vector<Change> ended(uint64_t request, const Outcome& outcome, const Reason& reason, Time now);
  /// An event that was not in the lane has failed alone (after ended() of its request). Set `entry.is_recorded` when
  /// the store has a row of it.
  std::vector<Change> failed_alone(Uuid event_id, Lane::Entry entry, const Outcome& outcome, Time now);
  /// Records events that are held in memory, because the caller has reached its bound on held events.
  std::vector<Change> record_held();
  /// Returns how many requests have failed since a fresh one failed, with no delivery since; attempts at recorded
  /// events not included. While an event waits that is not recorded, five of them are a failure of the receiver,
  /// however few events there are.
  int failures_in_a_row() const { return lane_.size() > lane_.recorded() ? failures_in_a_row_ : 0; }
  /// The lane has as many recorded events as it may, none of which may die yet, so another one stays held.
  bool is_full() const;

  /// Ends every automatic wait, on an operator's order.
  void forgive(SteadyTime now);
  /// Ends the receiver's back-off alone.
  void forgive_receiver() { pace_.forgive(); }

  Lane& lane() { return lane_; }
  const Lane& lane() const { return lane_; }
  const Pace& pace() const { return pace_; }
  /// Returns when next() may return something else because time has passed; nullopt: only an event or answer changes
  /// it.
  std::optional<SteadyTime> next_change(SteadyTime now) const;

 private:
  struct Request {
    Kind kind = Kind::fresh;
    Uuid event_id;  // of a request of one event alone
    SteadyTime began{0};
    std::optional<Evidence::Before> before;
  };
  uint64_t began(const Request& request, SteadyTime now);
  void count(const std::vector<Evidence::Failed>& attempts, SteadyTime now, std::vector<Change>& changes);
  void alone_failed(const Request& request, const Outcome& outcome, Time now, std::vector<Change>& changes);
  void record(Uuid event_id, std::vector<Change>& changes);
  void record_long_waits(std::vector<Change>& changes);
  void die(Uuid event_id, std::vector<Change>& changes);

  Pace pace_;
  Evidence evidence_;
  Lane lane_;
  std::map<uint64_t, Request> in_flight_;
  const Millis longest_;
  std::set<Uuid> long_waits_;  // not recorded, and asked to wait longer than `longest`
  int failures_in_a_row_ = 0;
  uint64_t last_request_ = 0;
  bool begins_at_random_ = false;
  bool alone_was_last_ = false;
  std::optional<Uuid> without_room_;  // the last event of which no row could be written, because the lane is full
};

}  // namespace vf::retry
