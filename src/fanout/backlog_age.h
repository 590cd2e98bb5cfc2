// BacklogAge: watches the age of one target's backlog. From 80 % of max_backlog it raises an alarm; beyond max_backlog
// the target is to be detached. The time during which a target is paused does not count: it passes max_backlog without
// being detached, and when it is resumed it has max_backlog again for what waited. Detachment follows the time that
// DispatcherPorts::trusted_now gives, never a single reading of a clock. Single-threaded.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "fanout/dispatcher_ports.h"
#include "fanout/durable_writes.h"
#include "fanout/target.h"

namespace vf::fanout {

class BacklogAge {
 public:
  struct Params {
    const Target& target;
    const DispatcherPorts& ports;
    DurableWrites& writes;
  };
  explicit BacklogAge(Params params) : params_(params) {}

  /// Takes over until when the target was paused, as far as the store holds it. Called once, at the start.
  void load(const std::vector<store::PutSetting>& settings);

  /// Checks the backlog, whose oldest event was received at `oldest` (nullopt: there is no backlog). Returns the reason
  /// why the target must be detached; empty: it must not. Errors: those of the store's clock.
  Result<std::string> check(Mode mode, std::optional<Instant> oldest);

  /// Returns the alarm of the last check(); empty: there is none.
  const std::string& alarm() const { return alarm_; }

 private:
  Result<void> note_pause(Instant oldest);
  Result<std::string> detachment(Instant oldest);
  Millis age(Instant oldest, Instant now) const;

  const Params params_;
  std::optional<Instant> paused_until_;          // by the store's clock, as the store holds it
  std::optional<SteadyTime> paused_until_here_;  // when this process last saw the target paused
  std::string alarm_;
};

}  // namespace vf::fanout
