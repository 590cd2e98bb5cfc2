#include "event/identity.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace vf {
namespace {

// Changing any of these ids would turn every event stored so far into a new one.
TEST(EventId, KnownAnswers) {
  EXPECT_EQ(event_id("kick", "01JVWMSYEHQFCS2YK1GJ5KX7A1", std::nullopt).to_string(),
            "0196f94c-f9d1-8768-aab3-194b9c143836");
  EXPECT_EQ(event_id("sumsub", "body/abc", std::nullopt).to_string(), "00000000-0000-81e6-ada4-6aecd22bfcf4");
  EXPECT_EQ(event_id("sumsub", "body/abc", from_unix_millis(1582291399002)).to_string(),
            "017067ea-b15a-81e6-ada4-6aecd22bfcf4");
}

TEST(EventId, TheTimeInsideTheMessageIdGoesFirst) {
  const std::string ulid = "01JVWMSYEHQFCS2YK1GJ5KX7A1";
  EXPECT_EQ(event_id("kick", ulid, from_unix_millis(1)), event_id("kick", ulid, std::nullopt));
}

TEST(EventId, TimesThatDoNotFit48BitsCountAsNone) {
  const auto none = event_id("s", "m", std::nullopt);
  EXPECT_EQ(event_id("s", "m", from_unix_millis(-1)), none);
  EXPECT_EQ(event_id("s", "m", from_unix_millis(int64_t{1} << 48)), none);
  EXPECT_EQ(event_id("s", "m", from_unix_millis((int64_t{1} << 48) - 1)).to_string().substr(0, 13), "ffffffff-ffff");
}

TEST(EventId, SourceAndMessageIdCannotBleedIntoEachOther) {
  EXPECT_NE(event_id("ab", "c", std::nullopt), event_id("a", "bc", std::nullopt));
  EXPECT_NE(event_id("", "a", std::nullopt), event_id("a", "", std::nullopt));
}

RC_GTEST_PROP(EventId, IsAVersion8UuidThatSortsByTime, (const std::string& a, const std::string& b)) {
  const auto ms = rc::gen::inRange<int64_t>(1, int64_t{1} << 47);
  const int64_t early = *ms, late = early + 1 + *rc::gen::inRange<int64_t>(0, 1000);
  const Uuid first = event_id("s", "id/" + a, from_unix_millis(early)),
             second = event_id("s", "id/" + b, from_unix_millis(late));
  RC_ASSERT(first < second);
  for (const Uuid& id : {first, second}) {
    RC_ASSERT((id.bytes[6] >> 4) == 8);
    RC_ASSERT((id.bytes[8] >> 6) == 2);
  }
  RC_ASSERT(event_id("s", "id/" + a, from_unix_millis(early)) == first);
}

TEST(TimeInside, Ulid) {
  EXPECT_EQ(time_inside("01JVWMSYEHQFCS2YK1GJ5KX7A1"), parse_time("2025-05-22T18:41:33.649Z"));
  EXPECT_EQ(time_inside("01jvwmsyehqfcs2yk1gj5kx7a1"), parse_time("2025-05-22T18:41:33.649Z")) << "either case";
  EXPECT_EQ(time_inside("00000000000000000000000000"), from_unix_millis(0));
  EXPECT_EQ(time_inside("7ZZZZZZZZZZZZZZZZZZZZZZZZZ"), from_unix_millis((int64_t{1} << 48) - 1));
  for (const auto text : {"8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "01JVWMSYEHQFCS2YK1GJ5KX7A", "01JVWMSYEHQFCS2YK1GJ5KX7AU",
                          "01JVWMSYEHQFCS2YK1GJ5KX7AI"}) {
    EXPECT_FALSE(time_inside(text)) << text;
  }
}

// RFC 9562, appendix A.6.
TEST(TimeInside, Uuid7) {
  EXPECT_EQ(time_inside("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"), parse_time("2022-02-22T19:22:22Z"));
  EXPECT_FALSE(time_inside("017F22E2-79B0-4CC3-98C4-DC0C0C07398F")) << "version 4 has no time";
  EXPECT_FALSE(time_inside("017F22E2-79B0-7CC3-18C4-DC0C0C07398F")) << "another variant";
}

// These are examples of the reference implementation.
TEST(TimeInside, Ksuid) {
  EXPECT_EQ(time_inside("0ujtsYcgvSTl8PAuAdqWYSMnLOv"), parse_time("2017-10-10T04:00:47Z"));
  EXPECT_EQ(time_inside("000000000000000000000000000"), parse_time("2014-05-13T16:53:20Z"));
  EXPECT_TRUE(time_inside("aWgEPTl1tmebfsQzFP4bxwgy80V")) << "the greatest";
  EXPECT_FALSE(time_inside("aWgEPTl1tmebfsQzFP4bxwgy80W")) << "one more";
  EXPECT_FALSE(time_inside("0ujtsYcgvSTl8PAuAdqWYSMnLO-"));
}

TEST(TimeInside, OtherTextsHaveNone) {
  for (const auto text : {"", "1", "e76c6bd4-55c9-4987-8304-da1588d8988b", "msg_p5jXN8AQM9LWM0D4loKWxJek",
                          "viewers/1/2026-11-22T16:38Z"}) {
    EXPECT_FALSE(time_inside(text)) << text;
  }
}

}  // namespace
}  // namespace vf
