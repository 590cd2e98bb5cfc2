// The ticks of schedules. Oracle: crontab(5), and for random expressions a check of every minute by itself.
#include "jobs/schedule.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace vf::jobs {
namespace {

using namespace std::chrono_literals;

Instant at(const std::string& text) { return parse_time(text + ":00Z").value(); }
std::string shown(Instant time) { return to_rfc3339(time).substr(0, 16); }
Schedule cron(const std::string& expression) { return Schedule::cron(expression).value(); }
std::string next(const std::string& expression, const std::string& after) {
  return shown(cron(expression).next_after(at(after)).value());
}
std::string problem(const std::string& expression) {
  const auto parsed = Schedule::cron(expression);
  return parsed ? "accepted" : parsed.error().message;
}

TEST(Cron, EveryFieldCounts) {
  EXPECT_EQ(next("* * * * *", "2026-11-28T07:02"), "2026-11-28T07:03");
  EXPECT_EQ(next("30 6 * * *", "2026-11-28T06:29"), "2026-11-28T06:30");
  EXPECT_EQ(next("30 6 * * *", "2026-11-28T06:30"), "2026-11-29T06:30");
  EXPECT_EQ(next("0 0 1 1 *", "2026-11-28T00:00"), "2027-01-01T00:00");
  EXPECT_EQ(next("0 12 * * 0", "2026-11-28T00:00"), "2026-11-29T12:00");  // a Sunday
  EXPECT_EQ(next("0 12 * * 7", "2026-11-28T00:00"), "2026-11-29T12:00");
}

TEST(Cron, ListsRangesAndSteps) {
  EXPECT_EQ(next("*/15 * * * *", "2026-11-28T07:45"), "2026-11-28T08:00");
  EXPECT_EQ(next("10-30/10,55 * * * *", "2026-11-28T07:20"), "2026-11-28T07:30");
  EXPECT_EQ(next("10-30/10,55 * * * *", "2026-11-28T07:30"), "2026-11-28T07:55");
  EXPECT_EQ(next("0 9-17 * * *", "2026-11-28T17:00"), "2026-11-29T09:00");
}

TEST(Cron, NamesOfMonthsAndDaysInAnyCase) {
  EXPECT_EQ(next("0 0 1 Feb *", "2026-11-28T00:00"), "2027-02-01T00:00");
  EXPECT_EQ(next("0 0 * JAN,mar mon", "2026-11-28T00:00"), "2027-01-04T00:00");
  EXPECT_EQ(next("0 0 * * fri-sun", "2026-11-23T00:00"), "2026-11-27T00:00");
  EXPECT_EQ(next("0 0 * * fri-sun", "2026-11-28T00:00"), "2026-11-29T00:00");
  EXPECT_EQ(next("0 0 * * sun-sun", "2026-11-23T00:00"), "2026-11-29T00:00");
}

TEST(Cron, OneOfTwoRestrictedDayFieldsIsEnough) {
  EXPECT_EQ(next("0 0 13 * fri", "2026-11-13T00:00"), "2026-11-20T00:00");  // a Friday
  EXPECT_EQ(next("0 0 13 * fri", "2026-12-11T00:00"), "2026-12-13T00:00");  // a Sunday, the 13th
}

TEST(Cron, BothDayFieldsMustMatchWhenOneBeginsWithStar) {
  EXPECT_EQ(next("0 0 */2 * sun", "2026-11-23T00:00"), "2026-11-29T00:00");
  EXPECT_EQ(next("0 0 */2 * sun", "2026-11-29T00:00"), "2026-12-13T00:00");  // not the 6th, which is even
}

TEST(Cron, LeapDayComesEveryFourOrEightYears) {
  EXPECT_EQ(next("0 0 29 2 *", "2026-11-28T00:00"), "2028-02-29T00:00");
  EXPECT_EQ(next("0 0 29 2 *", "2096-02-29T00:00"), "2104-02-29T00:00");
  EXPECT_EQ(shown(*cron("0 0 29 2 *").last_up_to(at("2104-02-28T23:59"))), "2096-02-29T00:00");
}

TEST(Cron, ScheduleThatNeverComesIsRefused) {
  EXPECT_EQ(problem("0 0 31 2 *"), "cron expression \"0 0 31 2 *\": no date has this day and month");
  EXPECT_EQ(problem("0 0 31 4,6,9,11 *"), "cron expression \"0 0 31 4,6,9,11 *\": no date has this day and month");
  EXPECT_EQ(problem("0 0 31 2 mon"), "accepted");  // the Mondays of February
  EXPECT_EQ(problem("0 0 30 2-3 *"), "accepted");
}

TEST(Cron, ErrorsNameTheFieldAndSayWhatIsWrong) {
  EXPECT_EQ(problem("* * * *"),
            "cron expression \"* * * *\": expected 5 fields (minute, hour, day of month, month, day of week), found 4");
  EXPECT_EQ(problem("60 * * * *"), "cron expression \"60 * * * *\": minute \"60\": expected a number from 0 to 59");
  EXPECT_EQ(problem("* 24 * * *"), "cron expression \"* 24 * * *\": hour \"24\": expected a number from 0 to 23");
  EXPECT_EQ(problem("* * 0 * *"), "cron expression \"* * 0 * *\": day of month \"0\": expected a number from 1 to 31");
  EXPECT_EQ(problem("* * * 13 *"),
            "cron expression \"* * * 13 *\": month \"13\": expected a number from 1 to 12, or a name of three letters");
  EXPECT_EQ(problem("* * * * someday"),
            "cron expression \"* * * * someday\": day of week \"someday\": expected a number from 0 to 7, or a name of "
            "three letters");
  EXPECT_EQ(problem("30-10 * * * *"),
            "cron expression \"30-10 * * * *\": minute \"30-10\": the range ends before it begins");
  EXPECT_EQ(problem("5/10 * * * *"),
            "cron expression \"5/10 * * * *\": minute \"5/10\": a step needs a range or * before it");
  EXPECT_EQ(problem("*/60 * * * *"),
            "cron expression \"*/60 * * * *\": minute \"*/60\": the step must be from 1 to 59");
  for (const auto* text : {"", "* * * * * *", "1,,2 * * * *", "- * * * *", "1- * * * *", "*/ * * * *", "*/0 * * * *",
                           "*/-1 * * * *", "1-2-3 * * * *", "*/2/2 * * * *", "** * * * *", "1.5 * * * *", "+1 * * * *",
                           "-1 * * * *", "99999999999 * * * *", "@daily", "* * * feb- *"}) {
    EXPECT_NE(problem(text), "accepted") << text;
  }
}

TEST(Cron, TextIsKeptWithSingleBlanks) { EXPECT_EQ(cron("  5  4\t* * sun ").to_string(), "5 4 * * sun"); }

// One random field: its text, and whether a value matches, decided apart from the parser.
struct RandomField {
  std::string text;
  std::set<int> values;
  bool is_star = false;
};

RandomField random_field(int least, int most) {
  RandomField field;
  const auto add = [&](int first, int last, int step) {
    for (int value = first; value <= last; value += step) field.values.insert(value);
  };
  const int kind = *rc::gen::inRange(0, 4);
  if (kind == 0) {
    field.text = "*";
    add(least, most, 1);
  } else if (kind == 1) {
    const int step = *rc::gen::inRange(1, most - least + 1);
    field.text = fmt::format("*/{}", step);
    add(least, most, step);
  } else {
    const int elements = *rc::gen::inRange(1, 4);
    for (int i = 0; i < elements; ++i) {
      const int first = *rc::gen::inRange(least, most + 1);
      const int last = *rc::gen::inRange(first, most + 1);
      const int step = *rc::gen::inRange(1, most - least + 1);
      field.text += field.text.empty() ? "" : ",";
      if (kind == 2) {
        field.text += fmt::format("{}", first);
        add(first, first, 1);
      } else {
        field.text += fmt::format("{}-{}/{}", first, last, step);
        add(first, last, step);
      }
    }
  }
  field.is_star = field.text.front() == '*';
  return field;
}

// Checks minute by minute.
struct Oracle {
  RandomField minute, hour, day, month, weekday;
  std::string text() const {
    return fmt::format("{} {} {} {} {}", minute.text, hour.text, day.text, month.text, weekday.text);
  }
  bool matches(Instant time) const {
    const auto date = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day ymd{date};
    const auto minutes = static_cast<int>((time - date) / 1min);
    const auto of_week = static_cast<int>(std::chrono::weekday{date}.c_encoding());
    const bool by_month_day = day.values.contains(static_cast<int>(static_cast<unsigned>(ymd.day())));
    const bool by_weekday = weekday.values.contains(of_week) || (of_week == 0 && weekday.values.contains(7));
    const bool by_day = day.is_star || weekday.is_star ? by_month_day && by_weekday : by_month_day || by_weekday;
    return minute.values.contains(minutes % 60) && hour.values.contains(minutes / 60) && by_day &&
           month.values.contains(static_cast<int>(static_cast<unsigned>(ymd.month())));
  }
};

RC_GTEST_PROP(CronProperty, TicksAreThoseOfAMinuteByMinuteSearch, ()) {
  const Oracle oracle{random_field(0, 59), random_field(0, 23), random_field(1, 31), random_field(1, 12),
                      random_field(0, 7)};
  const auto schedule = Schedule::cron(oracle.text());
  RC_PRE(schedule.has_value());
  const Instant start = at("2027-12-20T00:00") + Millis{*rc::gen::inRange<int64_t>(0, 40 * 86'400'000LL)};
  constexpr auto kSpan = 100'000min;  // some 70 days, among them a leap day at most
  Instant minute = std::chrono::floor<std::chrono::minutes>(start) + 1min;
  while (minute < start + kSpan && !oracle.matches(minute)) minute += 1min;
  const Instant tick = *schedule->next_after(start);
  if (minute < start + kSpan) {
    RC_ASSERT(tick == minute);
    RC_ASSERT(*schedule->last_up_to(tick) == tick);
    RC_ASSERT(*schedule->last_up_to(tick + 59'999ms) >= tick);
    RC_ASSERT(*schedule->last_up_to(tick - 1ms) <= start);
  } else {
    RC_ASSERT(tick >= minute);
  }
}

RC_GTEST_PROP(ScheduleProperty, TicksBetweenTwoTimesAreThoseOfRepeatedNext, ()) {
  const Oracle oracle{random_field(0, 59), random_field(0, 23), random_field(1, 31), random_field(1, 12),
                      random_field(0, 7)};
  const auto cron = Schedule::cron(oracle.text());
  RC_PRE(cron.has_value());
  const auto period = Schedule::every(Millis{*rc::gen::inRange(1'000, 10'000'000)});
  for (const auto& schedule : {*cron, *period}) {
    const Instant from = Instant{} + Millis{*rc::gen::inRange<int64_t>(-100'000'000'000, 2'000'000'000'000)};
    std::vector<Instant> ticks;
    for (Instant tick = from; ticks.size() < 20;) ticks.push_back(tick = *schedule.next_after(tick));
    RC_ASSERT(schedule.between(from, ticks.back(), 100) == ticks);
    RC_ASSERT(schedule.between(from, ticks.back() - 1ms, 100).size() == 19u);
    RC_ASSERT(schedule.between(from, ticks.back(), 5) == std::vector<Instant>(ticks.end() - 5, ticks.end()));
    RC_ASSERT(schedule.between(ticks.front(), ticks.back(), 100).front() == ticks[1]);
  }
}

TEST(Schedule, PeriodTicksAreMultiplesSince1970) {
  const auto every = Schedule::every(5s).value();
  EXPECT_EQ(every.next_after(Instant{12'345ms}), Instant{15s});
  EXPECT_EQ(every.next_after(Instant{15s}), Instant{20s});
  EXPECT_EQ(every.last_up_to(Instant{15s}), Instant{15s});
  EXPECT_EQ(every.last_up_to(Instant{14'999ms}), Instant{10s});
}

TEST(Schedule, PeriodOfLessThanOneSecondIsRefused) {
  EXPECT_FALSE(Schedule::every(999ms));
  EXPECT_FALSE(Schedule::every(-1h));
  EXPECT_TRUE(Schedule::every(1s));
}

TEST(Schedule, OnDemandHasNoTicks) {
  EXPECT_EQ(Schedule::on_demand().next_after(Instant{}), std::nullopt);
  EXPECT_EQ(Schedule::on_demand().last_up_to(Instant{}), std::nullopt);
  EXPECT_THAT(Schedule::on_demand().between(Instant{}, Instant{1h}, 10), testing::IsEmpty());
  EXPECT_TRUE(Schedule::on_demand().is_on_demand());
}

TEST(Schedule, TextIsForPeople) {
  EXPECT_EQ(Schedule::every(5s)->to_string(), "every 5s");
  EXPECT_EQ(Schedule::every(90min)->to_string(), "every 90m");
  EXPECT_EQ(Schedule::every(24h)->to_string(), "every 1d");
  EXPECT_EQ(Schedule::every(1'500ms)->to_string(), "every 1500ms");
  EXPECT_EQ(Schedule::on_demand().to_string(), "on demand");
}

}  // namespace
}  // namespace vf::jobs
