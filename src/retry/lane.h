// Lane: the events that failed alone at one receiver and wait for another attempt, each on its own timer. The delay
// doubles with each failure from `first` to `longest`; after ten counted attempts it triples, up to six hours.
//
// At first an event is `held`: it waits in memory, and the receiver's cursor does not pass it. When it fails again
// after the receiver has taken another event, it is `recorded`: its row is in the store, and the cursor may pass it.
// The row holds the number of counted attempts (Evidence says which count), so a restart loses none. The event is a
// dead letter after `attempts` of them (ten at least, twenty if the last answer was 503), and not before the time of
// die_after() has passed since its first failure. Single-threaded; no I/O.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "base/uuid.h"
#include "event/event.h"
#include "retry/outcome.h"
#include "retry/params.h"

namespace vf::retry {

class Lane {
 public:
  Lane(const Params& params, Random& random) : params_(params), random_(random) {}

  struct Entry {
    Position position = {};
    Instant first_failed_at = {};  // by the wall clock, for the store
    int64_t counted = 0;
    Reason reason = {};            // of the last failure
    Instant next_attempt_at = {};  // by the wall clock, for the store; the timer itself is steady
    bool is_recorded = false;
  };

  /// Adds an event that has just failed alone for the first time.
  void add(Uuid event_id, Entry entry, const Outcome& outcome, Time now);
  /// Adds an event whose row the store holds. Its timer is that of the row, but no longer than a delay may be, so that
  /// a clock that was ahead when the row was written delays nothing.
  void restore(Uuid event_id, Entry entry, Time now);
  void remove(Uuid event_id);
  /// Removes every event that is not recorded: the receiver's cursor was moved, and they will be read again or not.
  void remove_held();

  bool has(Uuid event_id) const { return waiting_.contains(event_id); }
  const Entry* find(Uuid event_id) const;

  /// Returns the event that is due now and has been for the longest time.
  std::optional<Uuid> next_due(SteadyTime now) const;
  /// Returns when next_due() will return another event; nullopt: no event waits.
  std::optional<SteadyTime> due_at() const;
  void began(Uuid event_id);
  /// Ends an attempt that failed.
  void failed(Uuid event_id, const Outcome& outcome, Reason reason, Time now);
  /// Between these two no attempt begins, because the event's row is being written.
  void hold(Uuid event_id);
  void release(Uuid event_id);
  /// Makes every event due now.
  void hurry(SteadyTime now);

  void count(Uuid event_id);
  /// Must the event become a dead letter now? Never while an attempt at it is in flight.
  bool is_dead(Uuid event_id, SteadyTime now) const;
  /// Returns the time after its first failure before which no event dies: 60 × longest, a day at most.
  Millis die_after() const;

  size_t size() const { return waiting_.size(); }
  size_t recorded() const { return recorded_; }
  bool is_full() const { return recorded_ >= params_.recorded_max; }
  void set_recorded(Uuid event_id);
  /// Returns the events that are held, recorded ones not included.
  std::vector<Uuid> held() const;
  std::vector<Uuid> recorded_ids() const;
  /// Returns the recorded event with the most counted attempts, if it has ten at least and no attempt at it is in
  /// flight.
  std::optional<Uuid> most_counted() const;

 private:
  struct Waiting {
    Entry entry;
    SteadyTime first_failed{0};
    SteadyTime due{0};
    int failures = 0;  // since it came into memory; decides the delay
    bool is_in_flight = false;
    int holds = 0;
    bool may_begin() const { return !is_in_flight && holds == 0; }
    bool is_overloaded = false;  // the last answer was 503
  };
  using Due = std::pair<SteadyTime, Uuid>;

  Millis delay_max() const;
  Millis delay_after(const Waiting& waiting);
  void schedule(Uuid event_id, Waiting& waiting, const Outcome& outcome, Time now);
  void queue(Uuid event_id, const Waiting& waiting);

  const Params params_;
  Random& random_;
  std::map<Uuid, Waiting> waiting_;
  std::set<Due> due_;  // of the events that are neither in flight nor on hold
  size_t recorded_ = 0;
};

}  // namespace vf::retry
