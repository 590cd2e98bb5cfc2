#include "jobs/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <span>

namespace vf::jobs {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

// The Gregorian calendar repeats, days of the week included, after so many days. What does not come within them never
// comes.
constexpr int kCalendarDays = 146'097;
constexpr Millis kDay = days{1};
constexpr Millis kMinute = std::chrono::minutes{1};
constexpr int kMinutesOfDay = 24 * 60;

constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct Field {
  std::string_view name;
  int least, most;
  std::span<const std::string_view> names = {};  // of the values from `least` on
};
constexpr std::array<Field, 5> kFields{Field{"minute", 0, 59}, Field{"hour", 0, 23}, Field{"day of month", 1, 31},
                                       Field{"month", 1, 12, kMonths}, Field{"day of week", 0, 7, kWeekdays}};

using Values = std::bitset<61>;

Error wrong(const Field& field, std::string_view text, std::string_view why) {
  return invalid(fmt::format("{} \"{}\": {}", field.name, text, why));
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == text.npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.front() == '-') return std::nullopt;
  return value;
}

Result<int> value_of(const Field& field, std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (size_t i = 0; i < field.names.size(); ++i) {
    if (field.names[i] == lower) return field.least + static_cast<int>(i);
  }
  const auto value = text.empty() ? std::nullopt : number(text);
  if (value && *value >= field.least && *value <= field.most) return *value;
  return wrong(field, text,
               fmt::format("expected a number from {} to {}{}", field.least, field.most,
                           field.names.empty() ? "" : ", or a name of three letters"));
}

// Adds the values of one element of a list, such as "5", "mon-fri" or "*/10".
Result<void> add_element(const Field& field, std::string_view element, Values& values) {
  const auto slashed = split(element, '/');
  const std::string_view range = slashed.front();
  const auto ends = split(range, '-');
  if (slashed.size() > 2 || ends.size() > 2)
    return wrong(field, element, "expected VALUE, FIRST-LAST or FIRST-LAST/STEP");
  int first = field.least, last = field.most;
  if (range != "*") {
    VF_ASSIGN(first, value_of(field, ends.front()));
    VF_ASSIGN(last, value_of(field, ends.back()));
    if (first > last && last == 0 && field.most == 7) last = 7;  // fri-sun
    if (last < first) return wrong(field, element, "the range ends before it begins");
  }
  int step = 1;
  if (slashed.size() == 2) {
    if (range != "*" && ends.size() == 1) return wrong(field, element, "a step needs a range or * before it");
    const auto given = slashed.back().empty() ? std::nullopt : number(slashed.back());
    if (!given || *given < 1 || *given > field.most - field.least) {
      return wrong(field, element, fmt::format("the step must be from 1 to {}", field.most - field.least));
    }
    step = *given;
  }
  for (int value = first; value <= last; value += step) values.set(static_cast<size_t>(value));
  return {};
}

Result<Values> parse_field(const Field& field, std::string_view text) {
  Values values;
  for (const auto element : split(text, ',')) VF_TRY(add_element(field, element, values));
  return values;
}

template <size_t Size>
std::bitset<Size> narrowed(const Values& values) {
  std::bitset<Size> result;
  for (size_t i = 0; i < Size; ++i) result[i] = values[i];
  return result;
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> found;
  for (size_t at = text.find_first_not_of(" \t"); at != text.npos; at = text.find_first_not_of(" \t", at)) {
    const size_t end = std::min(text.find_first_of(" \t", at), text.size());
    found.push_back(text.substr(at, end - at));
    at = end;
  }
  return found;
}

std::string period_text(Millis period) {
  using namespace std::chrono_literals;
  const int64_t ms = period.count();
  if (period % kDay == 0ms) return fmt::format("{}d", period / kDay);
  if (period % 1h == 0ms) return fmt::format("{}h", period / 1h);
  if (period % kMinute == 0ms) return fmt::format("{}m", period / kMinute);
  if (period % 1s == 0ms) return fmt::format("{}s", period / 1s);
  return fmt::format("{}ms", ms);
}

}  // namespace

Result<Cron> Cron::parse(std::string_view expression) {
  const auto wrong_expression = [expression](std::string_view why) {
    return invalid(fmt::format("cron expression \"{}\": {}", expression, why));
  };
  const auto texts = words(expression);
  if (texts.size() != kFields.size()) {
    return wrong_expression(
        fmt::format("expected 5 fields (minute, hour, day of month, month, day of week), found {}", texts.size()));
  }
  std::array<Values, kFields.size()> values;
  for (size_t i = 0; i < kFields.size(); ++i) {
    auto parsed = parse_field(kFields[i], texts[i]);
    if (!parsed) return wrong_expression(parsed.error().message);
    values[i] = *parsed;
  }
  Cron cron;
  for (const auto text : texts) cron.text_ += (cron.text_.empty() ? "" : " ") + std::string(text);
  cron.minutes_ = narrowed<60>(values[0]);
  cron.hours_ = narrowed<24>(values[1]);
  cron.days_ = narrowed<32>(values[2]);
  cron.months_ = narrowed<13>(values[3]);
  if (values[4][7]) values[4].set(0);
  cron.weekdays_ = narrowed<7>(values[4]);
  cron.either_day_ = texts[2].front() != '*' && texts[4].front() != '*';
  for (int i = 0; i < kCalendarDays; ++i) {
    if (cron.matches(sys_days{days{i}})) return cron;
  }
  return wrong_expression("no date has this day and month");
}

bool Cron::matches(sys_days day) const {
  const std::chrono::year_month_day date{day};
  if (!months_[static_cast<unsigned>(date.month())]) return false;
  const bool of_month = days_[static_cast<unsigned>(date.day())];
  const bool of_week = weekdays_[std::chrono::weekday{day}.c_encoding()];
  return either_day_ ? of_month || of_week : of_month && of_week;
}

std::optional<Millis> Cron::first_from(Millis time_of_day) const {
  for (auto minute = static_cast<int>(std::chrono::ceil<std::chrono::minutes>(time_of_day).count());
       minute < kMinutesOfDay; ++minute) {
    if (hours_[static_cast<size_t>(minute / 60)] && minutes_[static_cast<size_t>(minute % 60)]) {
      return minute * kMinute;
    }
  }
  return std::nullopt;
}

std::optional<Millis> Cron::last_until(Millis time_of_day) const {
  for (auto minute = static_cast<int>(time_of_day / kMinute); minute >= 0; --minute) {
    if (hours_[static_cast<size_t>(minute / 60)] && minutes_[static_cast<size_t>(minute % 60)]) {
      return minute * kMinute;
    }
  }
  return std::nullopt;
}

Instant Cron::next_after(Instant time) const {
  time += Millis{1};
  auto day = std::chrono::floor<days>(time);
  Millis from = time - day;
  for (int i = 0; i <= kCalendarDays; ++i, day += days{1}, from = Millis{0}) {
    if (!matches(day)) continue;
    if (const auto tick = first_from(from)) return day + *tick;
  }
  broken_invariant("a cron expression has a next tick", __FILE__, __LINE__);
}

Instant Cron::last_up_to(Instant time) const {
  auto day = std::chrono::floor<days>(time);
  Millis until = time - day;
  for (int i = 0; i <= kCalendarDays; ++i, day -= days{1}, until = kDay - kMinute) {
    if (!matches(day)) continue;
    if (const auto tick = last_until(until)) return day + *tick;
  }
  broken_invariant("a cron expression has a previous tick", __FILE__, __LINE__);
}

Result<Schedule> Schedule::every(Millis period) {
  if (period < std::chrono::seconds{1}) {
    return invalid(fmt::format("the period of a job must be one second at least, not {}", period_text(period)));
  }
  return Schedule(period);
}

Result<Schedule> Schedule::cron(std::string_view expression) {
  VF_ASSIGN(auto cron, Cron::parse(expression));
  return Schedule(std::move(cron));
}

std::optional<Instant> Schedule::last_up_to(Instant time) const {
  if (const auto* cron = std::get_if<Cron>(&ticks_)) return cron->last_up_to(time);
  const auto* period = std::get_if<Millis>(&ticks_);
  if (!period) return std::nullopt;
  const Millis since = time.time_since_epoch();
  const Millis beyond = (since % *period + *period) % *period;  // also for times before 1970
  return time - beyond;
}

std::optional<Instant> Schedule::next_after(Instant time) const {
  if (const auto* cron = std::get_if<Cron>(&ticks_)) return cron->next_after(time);
  const auto* period = std::get_if<Millis>(&ticks_);
  if (!period) return std::nullopt;
  return *last_up_to(time) + *period;
}

std::vector<Instant> Schedule::between(Instant after, Instant up_to, size_t ticks_max) const {
  std::vector<Instant> ticks;
  for (auto tick = last_up_to(up_to); tick && *tick > after && ticks.size() < ticks_max;
       tick = last_up_to(*tick - Millis{1})) {
    ticks.push_back(*tick);
  }
  std::ranges::reverse(ticks);
  return ticks;
}

std::string Schedule::to_string() const {
  if (const auto* cron = std::get_if<Cron>(&ticks_)) return cron->text();
  if (const auto* period = std::get_if<Millis>(&ticks_)) return "every " + period_text(*period);
  return "on demand";
}

}  // namespace vf::jobs
