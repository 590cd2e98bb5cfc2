// RefusalGuard: when refusals count as a failure of the lake, and where probes go. Pure.
#include "raw_log/refusal_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vf::raw_log {
namespace {

using testing::HasSubstr;

Uuid id(uint8_t number) {
  Uuid id;
  id.bytes[15] = number;
  return id;
}

TEST(RefusalGuard, RefusalsInARowAreAFailureOfTheLake) {
  RefusalGuard guard(3);
  guard.refused(id(1));
  guard.refused(id(2));
  EXPECT_FALSE(guard.lake_is_failing());
  guard.refused(id(3));
  EXPECT_TRUE(guard.lake_is_failing());
  EXPECT_THAT(guard.describe(internal("the disk is read-only")), HasSubstr("refused 3 rows in a row"));
  EXPECT_THAT(guard.describe(internal("the disk is read-only")), HasSubstr("the disk is read-only"));
}

TEST(RefusalGuard, SameRowInARowCountsOnce) {
  RefusalGuard guard(2);
  guard.refused(id(1));
  guard.refused(id(1));
  EXPECT_FALSE(guard.lake_is_failing());
}

TEST(RefusalGuard, StoredRowStartsTheCountAgain) {
  RefusalGuard guard(2);
  guard.refused(id(1));
  guard.stored();
  guard.refused(id(1));
  EXPECT_FALSE(guard.lake_is_failing());
  guard.refused(id(2));
  guard.stored();
  EXPECT_FALSE(guard.lake_is_failing());
}

TEST(RefusalGuard, ProbesContinueBehindTheLastOneAndTheCursor) {
  RefusalGuard guard(1);
  const Position cursor{0, 0, 5}, later{0, 0, 9};
  EXPECT_EQ(guard.probe_after(cursor), cursor);
  guard.probed(later);
  EXPECT_EQ(guard.probe_after(cursor), later);
  guard.probed(cursor);
  EXPECT_EQ(guard.probe_after(cursor), cursor);
}

}  // namespace
}  // namespace vf::raw_log
