#include "base/time.h"

#include <time.h>

#include <algorithm>

#include "base/result.h"

namespace vf {
namespace {

using namespace std::chrono;

// Reads exactly `digits` decimal digits at `at` and moves `at` past them.
std::optional<int> number(std::string_view text, size_t& at, size_t digits) {
  if (text.size() < at + digits) return std::nullopt;
  int value = 0;
  for (size_t end = at + digits; at < end; ++at) {
    if (text[at] < '0' || text[at] > '9') return std::nullopt;
    value = value * 10 + (text[at] - '0');
  }
  return value;
}

bool eat(std::string_view text, size_t& at, std::string_view any_of) {
  if (at >= text.size() || any_of.find(text[at]) == std::string_view::npos) return false;
  ++at;
  return true;
}

// Reads the fraction ".123456789": one to nine digits, of which only the first three are used.
std::optional<milliseconds> fraction(std::string_view text, size_t& at) {
  if (!eat(text, at, ".")) return milliseconds{0};
  int value = 0;
  size_t digits = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++digits) {
    if (digits < 3) value = value * 10 + (text[at] - '0');
  }
  if (digits == 0 || digits > 9) return std::nullopt;
  for (; digits < 3; ++digits) value *= 10;
  return milliseconds{value};
}

// Reads "Z", "+hh:mm", "+hhmm" or nothing (UTC). Returns how far the time in the text is ahead of UTC.
std::optional<minutes> offset(std::string_view text, size_t& at) {
  if (at == text.size() || eat(text, at, "Zz")) return minutes{0};
  const bool behind = text[at] == '-';
  if (!eat(text, at, "+-")) return std::nullopt;
  const auto hh = number(text, at, 2);
  eat(text, at, ":");
  const auto mm = number(text, at, 2);
  if (!hh || !mm || *hh > 23 || *mm > 59) return std::nullopt;
  const minutes ahead = hours{*hh} + minutes{*mm};
  return behind ? -ahead : ahead;
}

}  // namespace

std::string to_rfc3339(Instant t) {
  t = std::clamp(t, Instant{sys_days{year{0} / 1 / 1}},
                 Instant{sys_days{year{9999} / 12 / 31} + hours{24} - milliseconds{1}});
  const auto day = floor<days>(t);
  const year_month_day date{day};
  const hh_mm_ss clock{t - day};
  std::string out = "0000-00-00T00:00:00.000Z";
  const auto put = [&out](size_t last, int64_t value) {
    for (; value > 0; value /= 10) out[last--] = static_cast<char>('0' + value % 10);
  };
  put(3, int{date.year()});
  put(6, unsigned{date.month()});
  put(9, unsigned{date.day()});
  put(12, clock.hours().count());
  put(15, clock.minutes().count());
  put(18, clock.seconds().count());
  put(22, clock.subseconds().count());
  return out;
}

std::optional<Instant> parse_time(std::string_view text) {
  size_t at = 0;
  const auto y = number(text, at, 4);
  if (!y || !eat(text, at, "-")) return std::nullopt;
  const auto mo = number(text, at, 2);
  if (!mo || !eat(text, at, "-")) return std::nullopt;
  const auto d = number(text, at, 2);
  if (!d || !eat(text, at, "Tt ")) return std::nullopt;
  const auto h = number(text, at, 2);
  if (!h || !eat(text, at, ":")) return std::nullopt;
  const auto mi = number(text, at, 2);
  if (!mi || !eat(text, at, ":")) return std::nullopt;
  const auto s = number(text, at, 2);
  if (!s) return std::nullopt;
  const auto fraction_ms = fraction(text, at);
  if (!fraction_ms) return std::nullopt;
  const auto ahead = offset(text, at);
  if (!ahead || at != text.size()) return std::nullopt;
  const year_month_day date{year{*y}, month{static_cast<unsigned>(*mo)}, day{static_cast<unsigned>(*d)}};
  if (!date.ok() || *h > 23 || *mi > 59 || *s > 60) return std::nullopt;  // 60: a leap second
  return Instant{sys_days{date}} + hours{*h} + minutes{*mi} + seconds{*s} + *fraction_ms - *ahead;
}

Instant SystemClock::now() const { return floor<Millis>(system_clock::now()); }

// CLOCK_BOOTTIME also counts the time for which the machine was suspended, which CLOCK_MONOTONIC leaves out: a wall
// clock that is right after a suspension must not look as if it had jumped.
SteadyTime SystemClock::steady() const {
  timespec now{};
  VF_INVARIANT(::clock_gettime(CLOCK_BOOTTIME, &now) == 0);
  return seconds{now.tv_sec} + SteadyTime{now.tv_nsec};
}

}  // namespace vf
