// TrustedTime: the time of a store for work that cannot be undone (retention, purge, detachment). Each use asks the
// clock that stamps the store's rows and passes the reading through a ClockGuard. TrustedClocks holds all clocks of a
// process: it adds the health check "clock", which never makes the process unready, and the metrics. Thread safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "obs/services.h"
#include "watch/clock_guard.h"
#include "watch/clock_watch.h"

namespace vf::watch {

class TrustedTime {
 public:
  /// `ask` reads the wall clock; `ours` gives the steady time.
  TrustedTime(AskTime ask, const Clock& ours, ClockGuard guard = ClockGuard());

  /// Returns the clock's time if work that cannot be undone may follow it; nullopt: the work must be held back. An
  /// answer that takes more than ten seconds is not used either. Error `unavailable`: the store does not answer.
  Result<std::optional<Instant>> now();

  struct Reading {
    Instant wall;
    bool in_doubt = false;  // State::doubt is not empty
  };
  /// Returns the clock's time for work that can be repeated. Error `unavailable`: the store does not answer, or took
  /// more than ten seconds.
  Result<Reading> reading();

  struct State {
    bool is_holding_back = true;
    std::string doubt;      // as ClockGuard::doubt()
    int64_t jumps = 0;      // seen since the start
    int64_t held_back = 0;  // how many times now() returned nullopt
  };
  /// Reads the clock, so that a jump is seen while no other work asks, and returns the state.
  State check();
  State state() const;

 private:
  Result<bool> read(Instant& wall);

  const AskTime ask_;
  const Clock& ours_;
  mutable std::mutex mutex_;
  ClockGuard guard_;  // guarded by mutex_, as is held_back_
  int64_t held_back_ = 0;
};

class TrustedClocks {
 public:
  explicit TrustedClocks(const obs::Services& services);

  /// Returns the clock of this machine, which stamps the rows of stores without a server. `kept` counts in the first
  /// call only.
  TrustedTime& machine(std::optional<ClockGuard::Kept> kept = {});
  /// Adds the clock of a store's server. `name` says which in the health check and in the metrics.
  TrustedTime& server(const std::string& name, AskTime ask, std::optional<ClockGuard::Kept> kept = {});

 private:
  TrustedTime& add(const std::string& name, AskTime ask, std::optional<ClockGuard::Kept> kept);
  obs::Health::Finding finding() const;

  const obs::Services services_;
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<TrustedTime>> clocks_;
};

}  // namespace vf::watch
