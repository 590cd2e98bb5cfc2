// Which mode is in force where an operator has ordered one, as the settings of the store say it.
#include "fanout/target_mode.h"

#include <gtest/gtest.h>

namespace vf::fanout {
namespace {

Target target(Mode configured) {
  Target target;
  target.name = "stage";
  target.mode = configured;
  return target;
}

std::vector<store::PutSetting> ordered(Mode mode) {
  return {{.key = mode_setting("other"), .value = "dry-run"},
          {.key = mode_setting("stage"), .value = std::string(to_string(mode))}};
}

TEST(OrderedMode, OneThatDiffersFromTheConfiguredModeIsNamed) {
  EXPECT_EQ(mode_against_configuration(ordered(Mode::live), target(Mode::paused)), Mode::live);
  EXPECT_EQ(mode_against_configuration(ordered(Mode::paused), target(Mode::live)), Mode::paused);
  EXPECT_EQ(mode_against_configuration(ordered(Mode::dry_run), target(Mode::live)), Mode::dry_run);
}

TEST(OrderedMode, NoneIsNamedWhereTheConfiguredModeIsInForceOrTheHubHasDetachedTheTarget) {
  EXPECT_EQ(mode_against_configuration({}, target(Mode::paused)), std::nullopt);
  EXPECT_EQ(mode_against_configuration(ordered(Mode::paused), target(Mode::paused)), std::nullopt);
  EXPECT_EQ(mode_against_configuration(ordered(Mode::detached), target(Mode::live)), std::nullopt);
}

}  // namespace
}  // namespace vf::fanout
