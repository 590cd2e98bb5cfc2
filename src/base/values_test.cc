// Result, Uuid and Random.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <unordered_set>

#include "base/random.h"
#include "base/result.h"
#include "base/seconds.h"
#include "base/uuid.h"

namespace vf {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return invalid("odd");
  return n / 2;
}

TEST(ResultTest, HoldsAValueOrAnError) {
  EXPECT_EQ(half(4).value(), 2);
  const auto odd = half(3);
  ASSERT_FALSE(odd);
  EXPECT_EQ(odd.error().code, Code::invalid);
  EXPECT_EQ(odd.error().message, "odd");
  EXPECT_EQ(to_string(Code::unavailable), "unavailable");
}

TEST(ResultDeathTest, ABrokenInvariantEndsTheProcess) {
  EXPECT_DEATH(VF_INVARIANT(half(3).has_value()), "broken invariant: half\\(3\\).has_value\\(\\)");
}

TEST(SecondsTest, LagIsNeverNegativeNorLongerThanAWeek) {
  using namespace std::chrono_literals;
  EXPECT_EQ(lag_seconds(-1ms), 0.0);
  EXPECT_EQ(lag_seconds(1500ms), 1.5);
  EXPECT_EQ(lag_seconds(std::chrono::years{2'000}), 7 * 86'400.0);
  EXPECT_EQ(seconds(std::chrono::years{2'000}), 2'000 * 31'556'952.0);
}

TEST(UuidTest, ReadsEitherCaseAndWritesLower) {
  const auto id = Uuid::parse("019A98C0-72EC-8000-8FFF-0123456789aB");
  ASSERT_TRUE(id);
  EXPECT_EQ(id->to_string(), "019a98c0-72ec-8000-8fff-0123456789ab");
  EXPECT_EQ(id->bytes[0], 0x01);
  EXPECT_EQ(id->bytes[15], 0xab);
}

TEST(UuidTest, RefusesOtherForms) {
  for (const auto text : {"", "019a98c072ec80008fff0123456789ab", "{019a98c0-72ec-8000-8fff-0123456789ab}",
                          "019a98c0-72ec-8000-8fff-0123456789a", "019a98c0-72ec-8000-8fff-0123456789abc",
                          "019a98c0-72ec-8000-8fff0-123456789ab", "019a98c0-72ec-8000-8fff-0123456789ag"}) {
    EXPECT_FALSE(Uuid::parse(text)) << text;
  }
}

rc::Gen<Uuid> any_uuid() {
  return rc::gen::map(rc::gen::arbitrary<std::array<uint8_t, 16>>(), [](const auto& bytes) { return Uuid{bytes}; });
}

TEST(UuidTest, SortsAsItsTextAndRoundTrips) {
  rc::check([] {
    const Uuid a = *any_uuid(), b = *any_uuid();
    RC_ASSERT(Uuid::parse(a.to_string()) == a);
    RC_ASSERT((a < b) == (a.to_string() < b.to_string()));
  });
}

TEST(RandomTest, OneSeedGivesOneSequence) {
  SeededRandom a(7), b(7), c(8);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(a.next(), b.next());
  EXPECT_NE(a.next(), c.next());
}

TEST(RandomTest, StaysBelowItsBound) {
  SeededRandom random(1);
  std::unordered_set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    seen.insert(random.below(5));
    const double unit = random.unit();
    EXPECT_TRUE(unit >= 0 && unit < 1);
  }
  EXPECT_EQ(seen, (std::unordered_set<uint64_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(random.below(0), 0u);
}

}  // namespace
}  // namespace vf
