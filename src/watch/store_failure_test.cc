// Tests how long a store's failure is reported.
#include "watch/store_failure.h"

#include <gtest/gtest.h>

namespace vf::watch {
namespace {

using namespace std::chrono_literals;

TEST(StoreFailure, IsReportedForTenSecondsAfterTheLastFailure) {
  StoreFailure failure;
  EXPECT_EQ(failure.reason(0s), "");
  failure.failed("first", 1s);
  failure.failed("second", 5s);
  EXPECT_EQ(failure.reason(5s), "second");
  EXPECT_EQ(failure.reason(15s - 1ns), "second");
  EXPECT_EQ(failure.reason(15s), "");
}

TEST(StoreFailure, ASuccessEndsItUntilTheNextFailure) {
  StoreFailure failure;
  failure.failed("first", 1s);
  failure.succeeded();
  EXPECT_EQ(failure.reason(2s), "");
  failure.failed("second", 3s);
  EXPECT_EQ(failure.reason(3s), "second");
}

}  // namespace
}  // namespace vf::watch
