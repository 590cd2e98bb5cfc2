// What the configuration makes of a target's tuning. Oracle: the defaults that tests and the simulation run with.
#include "app/targets.h"

#include <gtest/gtest.h>

#include "config/load.h"
#include "store/temporary_folder_test.h"

namespace vf::app {
namespace {

TEST(Targets, AnUntunedConfigurationGivesTheDefaultTuning) {
  const store::TemporaryFolder folder;
  config::LoadParams params;
  params.working_dir = folder.file("");
  ASSERT_TRUE(config::first_start(params));
  const auto loaded = config::load(params);
  ASSERT_TRUE(loaded);
  ASSERT_FALSE(loaded->config.targets.empty());
  const auto made = make_tuning(loaded->config.targets.begin()->second);
  const fanout::Tuning defaults;
  EXPECT_EQ(made.batches.events_max, defaults.batches.events_max);
  EXPECT_EQ(made.batches.bytes_max, defaults.batches.bytes_max);
  EXPECT_EQ(made.breaker.window_max, defaults.breaker.window_max);
  EXPECT_EQ(made.breaker.backoff_first, defaults.breaker.backoff_first);
  EXPECT_EQ(made.breaker.backoff_max, defaults.breaker.backoff_max);
  EXPECT_EQ(made.single_attempts_max, defaults.single_attempts_max);
}

}  // namespace
}  // namespace vf::app
