// HealthLog tells changes, not states.
#include "obs/health_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vf::obs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(HealthLog, TellsTroubleOnceAndItsEnd) {
  std::vector<std::string> lines;
  Log log({.sink = [&lines](std::string_view line) { lines.emplace_back(line); }});
  std::string lake, target;
  Health health;
  health.report("lake", [&lake] { return lake; });
  health.require("target stage", [&target] { return target; });
  HealthLog told(health, log);
  told.look();
  EXPECT_THAT(lines, IsEmpty());
  target = "503";
  told.look();
  target = "connection refused";  // the same trouble, in other words
  told.look();
  EXPECT_THAT(lines, ElementsAre(testing::AllOf(HasSubstr("warn"), HasSubstr("target stage"), HasSubstr("503"))));
  lines.clear();
  target = "";
  lake = "away";
  told.look();
  told.look();
  EXPECT_THAT(lines,
              ElementsAre(testing::AllOf(HasSubstr("warn"), HasSubstr("lake"), HasSubstr("away")),
                          testing::AllOf(HasSubstr("info"), HasSubstr("well again"), HasSubstr("target stage"))));
}

}  // namespace
}  // namespace vf::obs
