#include "cli/progress.h"

#include <gtest/gtest.h>

#include <sstream>

namespace vf::cli {
namespace {

using namespace std::chrono_literals;

TEST(Progress, LineShowsABarTheRateAndWhatIsLeft) {
  EXPECT_EQ(Progress::line({.done = 500, .of = 1'000, .rate = 25.0, .eta_seconds = 200.0, .detail = "retried 480"}),
            "[###############...............]  50% 500/1000, 25/s, 3m20s left; retried 480");
  EXPECT_EQ(Progress::line({.done = 1'000, .of = 1'000}), "[##############################] 100% 1000/1000");
  EXPECT_EQ(Progress::line({.of = 0}), "[##############################] 100% 0/0");
  EXPECT_EQ(Progress::line({.done = 1'200, .of = 1'000}), "[##############################] 100% 1200/1000");
  EXPECT_EQ(Progress::line({.done = 7, .eta_seconds = 7'300.0}), "7 done, 2h01m left");
}

TEST(Progress, WithoutATerminalThereIsALineEveryTenSeconds) {
  std::ostringstream out;
  Progress progress(out, false);
  const Progress::Time start{};
  for (int second = 0; second <= 25; ++second) {
    progress.update({.done = second}, start + std::chrono::seconds{second});
  }
  progress.end();
  EXPECT_EQ(out.str(), "10 done\n20 done\n");
}

TEST(Progress, OnATerminalTheLineIsDrawnAgain) {
  std::ostringstream out;
  Progress progress(out, true);
  progress.update({.done = 100}, {});
  progress.update({.done = 7}, {});
  progress.end();
  EXPECT_EQ(out.str(), "\r100 done\r7 done  \n");
}

}  // namespace
}  // namespace vf::cli
