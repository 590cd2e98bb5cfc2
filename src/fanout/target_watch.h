// TargetWatch: what the shared store holds of each consumer now, read at intervals: how many dead letters it has, and
// which targets are left in the store, with events that wait for them, although they are no longer configured. Thread
// safe; read() is called by one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "fanout/target.h"
#include "store/outbox_store.h"

namespace vf::fanout {

/// A target that is no longer configured, and that no operator has dismissed.
struct LeftTarget {
  std::string name;
  std::optional<Position> cursor = {};
  store::Backlog backlog = {};  // after the cursor; empty, when retention has removed events that it missed
  int64_t waiting = 0, dead = 0;
  std::string alarm = {};  // what waits, and what an operator can do; empty: nothing waits any more
};

/// Returns the setting with which an operator ends the alarm of a left target, as long as its cursor stands there.
store::PutSetting dismissed_setting(const std::string& target, const std::optional<Position>& cursor);

class TargetWatch {
 public:
  struct Params {
    store::OutboxStore& outbox;
    std::function<std::vector<Target>()> targets;  // as configured
  };
  explicit TargetWatch(Params params) : params_(std::move(params)) {}

  /// Reads everything again. After an error nothing is known until the next read.
  Result<void> read();

  /// Returns how many dead letters the consumer has, counted up to store::kBacklogRowsMax; nullopt: it is not known.
  std::optional<int64_t> dead_letters(const std::string& consumer) const;
  /// Returns the targets that are left, with an alarm.
  std::vector<LeftTarget> left() const;
  /// The setting that dismisses a left target is stored.
  void dismissed(const std::string& name);
  /// Returns the alarm of a left target; empty: there is none.
  std::string alarm(const std::string& name) const;

 private:
  struct Known {
    std::map<std::string, int64_t> dead;
    std::vector<LeftTarget> left;
  };
  Result<Known> read_all() const;
  Result<LeftTarget> read_left(const store::ConsumerRow& consumer, const std::vector<Target>& targets) const;

  const Params params_;
  mutable std::mutex mutex_;
  Known known_;  // guarded by mutex_
};

}  // namespace vf::fanout
