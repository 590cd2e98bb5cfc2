// HealthLog logs changes, not states.
#include "obs/health_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vf::obs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(HealthLog, LogsAFailureOnceAndItsRecovery) {
  std::vector<std::string> lines;
  Log log({.sink = [&lines](std::string_view line) { lines.emplace_back(line); }});
  std::string lake, target;
  Health health;
  health.report("lake", [&lake] { return lake; });
  health.require("target stage", [&target] { return target; });
  HealthLog health_log(health, log);
  health_log.poll();
  EXPECT_THAT(lines, IsEmpty());
  target = "503";
  health_log.poll();
  target = "connection refused";  // still failing, for another reason
  health_log.poll();
  EXPECT_THAT(lines, ElementsAre(testing::AllOf(HasSubstr("warn"), HasSubstr("target stage"), HasSubstr("503"))));
  lines.clear();
  target = "";
  lake = "away";
  health_log.poll();
  health_log.poll();
  EXPECT_THAT(lines, ElementsAre(testing::AllOf(HasSubstr("warn"), HasSubstr("lake"), HasSubstr("away")),
                                 testing::AllOf(HasSubstr("info"), HasSubstr("health check recovered"),
                                                HasSubstr("target stage"))));
}

}  // namespace
}  // namespace vf::obs
