// For how long a store's failure is told.
#include "watch/store_trouble.h"

#include <gtest/gtest.h>

namespace vf::watch {
namespace {

using namespace std::chrono_literals;

TEST(StoreTrouble, IsToldForTenSecondsAfterTheLastFailure) {
  StoreTrouble trouble;
  EXPECT_EQ(trouble.reason(0s), "");
  trouble.failed("first", 1s);
  trouble.failed("second", 5s);
  EXPECT_EQ(trouble.reason(5s), "second");
  EXPECT_EQ(trouble.reason(15s - 1ns), "second");
  EXPECT_EQ(trouble.reason(15s), "");
}

TEST(StoreTrouble, ASuccessEndsItUntilTheNextFailure) {
  StoreTrouble trouble;
  trouble.failed("first", 1s);
  trouble.succeeded();
  EXPECT_EQ(trouble.reason(2s), "");
  trouble.failed("second", 3s);
  EXPECT_EQ(trouble.reason(3s), "second");
}

}  // namespace
}  // namespace vf::watch
