// The JSON of jobs and runs: its members, as openapi.json describes them.
#include "jobs/views.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace vf::jobs {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr Instant kStart{Millis{1'790'000'000'000}};

TEST(JobViews, JobHasTheMembersOfTheContractAndNoOthers) {
  store::Run last;
  last.state = store::RunState::failed;
  last.started_at = kStart;
  last.ended_at = kStart + 2s;
  last.progress.counts = {{"removed", 3}};
  last.error = "the store is away";
  last.failures = 17;
  last.failing_since = kStart - 5s;
  const JobStatus status{.name = "retention", .schedule = "every 5s", .here = true, .last = last, .next = kStart + 5s};
  EXPECT_EQ(view(status), json::parse(R"({"name": "retention", "schedule": "every 5s", "leased": true, "here": true,
      "last": {"started": "2026-09-21T14:13:20.000Z", "ended": "2026-09-21T14:13:22.000Z", "outcome": "failed",
               "counts": {"removed": 3}, "error": "the store is away"},
      "next": "2026-09-21T14:13:25.000Z", "late": false,
      "failing": {"since": "2026-09-21T14:13:15.000Z", "runs": 17}})"));
  store::Run done;
  done.state = store::RunState::done;
  EXPECT_TRUE(view(JobStatus{.name = "retention", .schedule = "every 1m", .last = done})["failing"].is_null());
}

TEST(JobViews, JobThatNeverRanHasNulls) {
  const auto shown = view(JobStatus{.name = "dead-retry", .schedule = "on demand"});
  EXPECT_TRUE(shown["last"].is_null());
  EXPECT_TRUE(shown["next"].is_null());
  EXPECT_TRUE(shown["failing"].is_null());
  EXPECT_EQ(view(std::vector<JobStatus>{})["jobs"], json::array());
}

TEST(JobViews, RunUnderWayHasRateAndEta) {
  store::Run run;
  run.state = store::RunState::running;
  run.started_at = kStart;
  run.parameters = R"({"all": true})";
  run.progress = {.done = 300, .of = 1'000};
  const auto shown = view(run, kStart + 30s);
  EXPECT_EQ(shown["rate"], 10.0);
  EXPECT_EQ(shown["eta_seconds"], 70.0);
  EXPECT_EQ(shown["parameters"]["all"], true);
  run.progress.of.reset();
  EXPECT_TRUE(view(run, kStart + 30s)["eta_seconds"].is_null());
  run.state = store::RunState::done;
  EXPECT_TRUE(view(run, kStart + 30s)["rate"].is_null());
}

}  // namespace
}  // namespace vf::jobs
