// Schedule: the times ("ticks") at which a job is due. A cron expression in UTC, a period, or none: the job then runs
// on demand alone. Ticks depend on nothing but the schedule, so all processes compute the same ones. A value; no clock.
#pragma once

#include <bitset>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace vf::jobs {

/// Five fields (minute, hour, day of month, month, day of week) as crontab(5) has them: lists, ranges, steps, names of
/// months and days in any case, 0 and 7 for Sunday. A day must match both day fields; but when neither begins with `*`,
/// one of them is enough. Unlike there, names may stand in lists and ranges, and all times are UTC.
class Cron {
 public:
  /// Error `invalid`: the message says which field is wrong and why, or that no date ever matches.
  static Result<Cron> parse(std::string_view expression);

  Instant next_after(Instant time) const;  // the first tick after `time`
  Instant last_up_to(Instant time) const;  // the last tick at or before `time`
  const std::string& text() const { return text_; }

 private:
  bool matches(std::chrono::sys_days day) const;
  std::optional<Millis> first_from(Millis time_of_day) const;
  std::optional<Millis> last_until(Millis time_of_day) const;

  std::string text_;
  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;     // 1 to 31
  std::bitset<13> months_;   // 1 to 12
  std::bitset<7> weekdays_;  // 0: Sunday
  bool either_day_ = false;  // one of the two day fields is enough
};

class Schedule {
 public:
  /// No ticks.
  static Schedule on_demand() { return Schedule(std::monostate{}); }
  /// A tick at every multiple of `period`, counted from 1970-01-01T00:00:00Z. Error `invalid`: the period is shorter
  /// than one second.
  static Result<Schedule> every(Millis period);
  /// As Cron::parse().
  static Result<Schedule> cron(std::string_view expression);

  bool is_on_demand() const { return std::holds_alternative<std::monostate>(ticks_); }
  /// Returns the first tick after `time`; nullopt when there are no ticks.
  std::optional<Instant> next_after(Instant time) const;
  /// Returns the last tick at or before `time`; nullopt when there are no ticks.
  std::optional<Instant> last_up_to(Instant time) const;
  /// Returns the ticks with after < tick <= up_to, oldest first; when there are more than `ticks_max`, the newest ones.
  std::vector<Instant> between(Instant after, Instant up_to, size_t ticks_max) const;
  /// Returns the schedule for people: "*/5 * * * *", "every 5s", "on demand".
  std::string to_string() const;

 private:
  using Ticks = std::variant<std::monostate, Millis, Cron>;
  explicit Schedule(Ticks ticks) : ticks_(std::move(ticks)) {}

  Ticks ticks_;
};

}  // namespace vf::jobs
