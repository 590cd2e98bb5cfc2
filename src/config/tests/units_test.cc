#include "config/units.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace vf::config {
namespace {

using namespace std::chrono_literals;

TEST(Units, DurationsHaveOneNumberAndOneUnit) {
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("30s"), 30s);
  EXPECT_EQ(parse_duration("5m"), 5min);
  EXPECT_EQ(parse_duration("1h"), 1h);
  EXPECT_EQ(parse_duration("7d"), 168h);
  EXPECT_EQ(parse_duration("0s"), 0ms);
  for (const char* wrong : {"", "5", "s", "-5s", "+5s", "1.5h", "5 s", " 5s", "5s ", "5S", "1h30m", "5w", "0x5s"}) {
    EXPECT_FALSE(parse_duration(wrong)) << wrong;
  }
}

TEST(Units, DurationsAreAtMostAHundredYears) {
  EXPECT_EQ(parse_duration("36500d"), std::chrono::days{36500});
  EXPECT_FALSE(parse_duration("36501d"));
  EXPECT_FALSE(parse_duration("3153600000001ms"));
  EXPECT_FALSE(parse_duration("99999999999999999999ms"));
}

TEST(Units, SizesArePowersOfTwoWithTheirUnit) {
  EXPECT_EQ(parse_size("512B"), 512);
  EXPECT_EQ(parse_size("64KiB"), 64 * 1024);
  EXPECT_EQ(parse_size("1MiB"), 1 << 20);
  EXPECT_EQ(parse_size("2GiB"), 2ll << 30);
  EXPECT_EQ(parse_size("1048576GiB"), 1ll << 50);
  for (const char* wrong : {"", "5", "1MB", "1M", "1.5MiB", "-1B", "1048577GiB", "1 MiB"}) {
    EXPECT_FALSE(parse_size(wrong)) << wrong;
  }
}

TEST(Units, FormatsAreTheShortestExactOnes) {
  EXPECT_EQ(format_duration(90s), "90s");
  EXPECT_EQ(format_duration(1h), "1h");
  EXPECT_EQ(format_duration(1500ms), "1500ms");
  EXPECT_EQ(format_duration(0ms), "0ms");
  EXPECT_EQ(format_size(1 << 20), "1MiB");
  EXPECT_EQ(format_size(1000), "1000B");
}

RC_GTEST_PROP(Units, FormattedValueReadsBack, ()) {
  const int64_t value = *rc::gen::inRange<int64_t>(0, 36'500ll * 86'400'000);
  RC_ASSERT(*parse_duration(format_duration(Millis{value})) == Millis{value});
  RC_ASSERT(*parse_size(format_size(value)) == value);
}

}  // namespace
}  // namespace vf::config
