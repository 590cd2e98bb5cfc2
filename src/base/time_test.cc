#include "base/time.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace vf {
namespace {

TEST(Rfc3339, WritesUtcWithMilliseconds) {
  EXPECT_EQ(to_rfc3339(from_unix_millis(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(from_unix_millis(1795365497042)), "2026-11-22T16:38:17.042Z");
  EXPECT_EQ(to_rfc3339(from_unix_millis(-1)), "1969-12-31T23:59:59.999Z");
}

TEST(Rfc3339, ClampsYearsThatHaveNoFourDigits) {
  EXPECT_EQ(to_rfc3339(from_unix_millis(253402300799999)), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(to_rfc3339(from_unix_millis(253402300800000)), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(to_rfc3339(Instant::max()), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(to_rfc3339(Instant::min()), "0000-01-01T00:00:00.000Z");
}

TEST(ParseTime, AcceptsEveryFormSeen) {
  const Instant expected = from_unix_millis(1795365497000);
  for (const auto text : {"2026-11-22T16:38:17Z", "2026-11-22t16:38:17z", "2026-11-23T03:38:17+11:00",
                          "2026-11-22T11:08:17-05:30", "2026-11-22 16:38:17+0000", "2026-11-22 16:38:17.000",
                          "2026-11-22T16:38:17.0Z", "2026-11-22T16:38:17.000999999Z"}) {
    EXPECT_EQ(parse_time(text), expected) << text;
  }
  EXPECT_EQ(parse_time("2025-08-20T07:05:42.561408909Z"), from_unix_millis(1755673542561));
  EXPECT_EQ(parse_time("2026-11-22T16:38:17.5Z"), expected + Millis{500});
  EXPECT_EQ(parse_time("2026-11-22T16:38:17.04Z"), expected + Millis{40});
  EXPECT_EQ(parse_time("2016-12-31T23:59:60Z"), parse_time("2017-01-01T00:00:00Z")) << "a leap second";
  EXPECT_TRUE(parse_time("2024-02-29T00:00:00Z"));
}

TEST(ParseTime, RefusesTheRest) {
  for (const auto text : {"",
                          "2026-11-22",
                          "2026-11-22T16:38Z",
                          "2026-11-22T16:38:17.Z",
                          "2026-11-22T16:38:17.1234567890Z",
                          "2026-11-22T16:38:17Zx",
                          "2026-11-22T16:38:17+",
                          "2026-11-22T16:38:17+1",
                          "2026-11-22T16:38:17+24:00",
                          "2026-11-22T16:38:17+00:60",
                          "2026-02-29T00:00:00Z",
                          "2026-13-01T00:00:00Z",
                          "2026-00-01T00:00:00Z",
                          "2026-01-32T00:00:00Z",
                          "2026-11-22T24:00:00Z",
                          "2026-11-22T00:60:00Z",
                          "2026-11-22T00:00:61Z",
                          "26-11-22T16:38:17Z",
                          "+026-11-22T16:38:17Z",
                          " 2026-11-22T16:38:17Z",
                          "2026-11-22X16:38:17Z",
                          "1795365497",
                          "2026-04-26T2026-04-26T11:27:44Z"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
}

RC_GTEST_PROP(ParseTime, ReadsWhatIsWritten, ()) {
  const Instant t = from_unix_millis(*rc::gen::inRange<int64_t>(-62167219200000, 253402300800000));
  RC_ASSERT(parse_time(to_rfc3339(t)) == t);
}

TEST(ManualClock, MovesOnlyByAdvanceAndJump) {
  ManualClock clock(from_unix_millis(1000));
  EXPECT_EQ(unix_millis(clock.now()), 1000);
  const auto before = clock.steady();
  clock.advance(Millis{5});
  EXPECT_EQ(unix_millis(clock.now()), 1005);
  EXPECT_EQ(clock.steady() - before, Millis{5});
  clock.jump(Millis{-100});
  EXPECT_EQ(unix_millis(clock.now()), 905);
  EXPECT_EQ(clock.steady() - before, Millis{5}) << "a correction of the wall clock leaves the steady one alone";
}

TEST(SystemClock, AgreesWithTheSystem) {
  const SystemClock clock;
  const auto before = std::chrono::floor<Millis>(std::chrono::system_clock::now());
  EXPECT_GE(clock.now(), before);
  const auto steady = clock.steady();
  EXPECT_GE(clock.steady(), steady);
}

}  // namespace
}  // namespace vf
