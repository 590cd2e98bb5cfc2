// Scheduler: decides when the jobs of one database run in this process: claims runs, renews the claims while the work
// goes on, cancels what must end, and records outcomes. A state machine over ports for the table of runs, time and
// randomness: one thread calls step(), which makes store calls; the work itself runs elsewhere (runner.h). Any thread
// may call the other functions.
//
// A process measures its claim by its steady clock from the moment it asked, and stops before the store lets another
// process claim the run.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "jobs/job.h"
#include "jobs/run_writer.h"
#include "jobs/tick_time.h"

namespace vf::jobs {

class Scheduler {
 public:
  static constexpr Millis kPoll{1'000};        // how often waiting runs are looked for
  static constexpr Millis kClaimSpan{10'000};  // how long other processes wait for a holder that vanished

  struct Outcome {
    const Job& job;
    const store::Run& run;
    store::RunState state;  // `waiting`: given back, to be resumed
    std::string error;
    SteadyTime took;
  };
  struct Params {
    std::vector<Job> jobs;
    store::RunReads& reads;
    RunWriter& writer;
    std::function<Result<TickTime::Reading>()> time;  // of the store
    const Clock& clock;
    Random& random;
    std::string holder;  // this process; unique among the processes of the database
    /// Begins the work of jobs[index] on another thread, which calls Context::end().
    std::function<void(size_t index, std::shared_ptr<Context>)> begin;
    /// Called once for each run that ended here.
    std::function<void(const Outcome&)> on_end;
  };
  explicit Scheduler(Params params);

  /// Does what is due. Returns after how long to call again; call sooner when a run has ended or was asked for.
  Millis step();
  /// The next step looks for waiting runs, and whether a run under way is to stop.
  void look() { look_ = true; }
  /// Starts no run from now on, and cancels those under way.
  void shut_down() { shutting_down_ = true; }
  /// True: no run is under way or waits for its outcome to be recorded.
  bool is_idle() const;

  /// What this process knows about one job.
  struct State {
    std::string name;
    bool late = false;
    bool hung = false;                    // a run was cancelled at its deadline and has not ended yet
    std::string last_error;               // of the last run here; empty: it went well
    std::optional<Instant> succeeded_at;  // the last run of any process that is done
  };
  std::vector<State> states() const;
  /// Says in one line what is wrong with which jobs; empty: nothing is.
  std::string alarm() const;

 private:
  struct Entry {
    Job job;
    std::optional<Instant> handled = {};  // no tick up to this one is due any more; nullopt: not read yet
    std::optional<Instant> drawn_for = {};
    Millis offset{0};                            // jitter of the tick drawn_for
    bool waits = false;                          // the table has a run to be claimed, or an expired claim
    std::optional<SteadyTime> waits_since = {};  // while no run is under way, as far as it was read
    bool elsewhere = false;                      // another process works on a run
    SteadyTime not_before{0};                    // of the next claim
    std::shared_ptr<Context> context = {};       // a run that is under way, or whose outcome is not recorded
    SteadyTime began{0}, next_write{0};
    bool recorded = false;       // the outcome is recorded although the function has not returned
    bool record_failed = false;  // the store did not take the outcome
    State state = {};
  };

  std::optional<Instant> now() const { return time_.at(params_.clock.steady()); }
  void poll(SteadyTime steady);
  void note_waiting(Entry& entry, bool waits, SteadyTime steady);
  bool has_waited_long(const Entry& entry, SteadyTime steady) const;
  bool read_last_runs(Instant time);
  std::optional<Instant> due_tick(Entry& entry, Instant time);
  void claim_if_due(size_t index, Instant time);
  bool claim(size_t index, std::optional<Instant> due);
  void attend(Entry& entry, SteadyTime steady);
  void renew(Entry& entry, SteadyTime steady);
  void record(Entry& entry, const Context::End& end, SteadyTime steady);
  void record_timeout(Entry& entry, SteadyTime steady);
  void close(Entry& entry);
  Result<void> write_end(const Entry& entry, store::RunState state, const std::string& error);
  void report(Entry& entry, store::RunState state, const std::string& error);
  void publish(SteadyTime steady);
  bool is_late(const Entry& entry, Instant time, SteadyTime steady) const;
  Millis pause(SteadyTime steady) const;
  Uuid new_id(Instant time);

  Params params_;
  std::vector<Entry> entries_;
  TickTime time_;
  SteadyTime next_poll_{0};
  std::atomic<bool> look_{false}, shutting_down_{false};
  mutable std::mutex mutex_;
  std::vector<State> published_;  // guarded by mutex_, as is idle_
  bool idle_ = true;
};

/// Returns a UUID of version 7: `time`, then chance.
Uuid time_ordered_id(Instant time, Random& random);

}  // namespace vf::jobs
