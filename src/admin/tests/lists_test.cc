// What every list and every body of the admin API has in common. Oracle: the names that the contract with other
// programs fixes.
#include "admin/tests/api_fixture_test.h"

namespace vf::admin {
namespace {

TEST_F(ApiTest, ABodyWithARepeatedKeyIsRefused) {
  for (const auto* path : {"/admin/v1/targets/stage/mode", "/admin/v1/jobs/stage/run"}) {
    const auto response =
        ask(std::string(path).ends_with("mode") ? "PUT" : "POST", path, R"({"mode":"live","mode":"paused"})");
    EXPECT_EQ(response.status, 400) << path;
    EXPECT_NE(response.body.find(R"(the key \"mode\" more than once)"), std::string::npos) << response.body;
  }
  EXPECT_EQ(operations_.mode_, fanout::Mode::live);
}

TEST_F(ApiTest, EveryListIsAPage) {
  for (const auto* name : {"sources", "targets", "events", "dead", "quarantine", "audit", "jobs", "runs"}) {
    const json page = json::parse(ask("GET", std::string("/admin/v1/") + name).body);
    EXPECT_EQ(page.size(), 2u) << page;
    EXPECT_TRUE(page[name].is_array()) << page;
    EXPECT_TRUE(page.contains("next")) << page;
  }
}

// The names are fixed by the contract with other programs.
TEST_F(ApiTest, TargetsJobsAndTheirLastRunsHaveTheNamesOfTheContract) {
  const json target = json::parse(ask("GET", "/admin/v1/targets").body)["targets"][0];
  for (const auto* name : {"name", "mode", "state", "backlog", "oldest_seconds", "delivered", "dead", "last_error",
                           "alarm", "worked_by"}) {
    EXPECT_TRUE(target.contains(name)) << name;
  }
  ASSERT_EQ(ask("POST", "/admin/v1/runs/" + id_.to_string() + "/stop").status, 200);
  const json job = json::parse(ask("GET", "/admin/v1/jobs").body)["jobs"][0];
  for (const auto* name : {"name", "schedule", "leased", "here", "last", "next", "late"}) {
    EXPECT_TRUE(job.contains(name)) << name;
  }
  for (const auto* name : {"started", "ended", "outcome", "counts", "error"}) {
    EXPECT_TRUE(job["last"].contains(name)) << name;
  }
}

}  // namespace
}  // namespace vf::admin
