// Time: instants in UTC milliseconds, the interface Clock, and RFC 3339 text.
// No module reads the wall clock by itself; it takes a Clock (production: SystemClock, tests: ManualClock).
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace vf {

using Millis = std::chrono::milliseconds;
using Instant = std::chrono::sys_time<Millis>;

/// A reading of Clock::steady(), or the difference of two readings.
using SteadyTime = std::chrono::nanoseconds;

inline int64_t unix_millis(Instant t) { return t.time_since_epoch().count(); }
inline Instant from_unix_millis(int64_t ms) { return Instant{Millis{ms}}; }

/// Returns "2026-11-22T16:38:17.042Z": in UTC, always with three fraction digits. Years outside 0000–9999 are clamped.
std::string to_rfc3339(Instant t);

/// Reads RFC 3339 with zero to nine fraction digits (cut to milliseconds) and any offset; also the forms
/// "2026-11-22 16:38:17+0000" and "2026-11-22 16:38:17.042" (no zone means UTC) that Sumsub sends.
/// Returns nullopt for any other text, including impossible dates.
std::optional<Instant> parse_time(std::string_view text);

/// Wall and steady time. Implementations are thread safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
  /// Returns a time that never goes back. Only the difference of two such times has a meaning.
  virtual SteadyTime steady() const = 0;
};

class SystemClock final : public Clock {
 public:
  Instant now() const override;
  SteadyTime steady() const override;
};

/// A clock that moves only by advance() and jump(). For tests and the simulation.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Instant start) : wall_ms_(unix_millis(start)) {}
  Instant now() const override { return from_unix_millis(wall_ms_.load()); }
  SteadyTime steady() const override { return SteadyTime{steady_ns_.load()}; }
  void advance(Millis by) {
    wall_ms_ += by.count();
    steady_ns_ += SteadyTime{by}.count();
  }
  /// Moves the wall clock alone, as a correction by NTP would.
  void jump(Millis by) { wall_ms_ += by.count(); }

 private:
  std::atomic<int64_t> wall_ms_;
  std::atomic<int64_t> steady_ns_{0};
};

}  // namespace vf
