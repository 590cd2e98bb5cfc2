// Jobs and runs in the admin API: which place a request is about, paging, rights and the audit log. api_test.cc
// compares the routes with openapi.json. Doubles: tables of runs in memory, a hub's environment that the test plays.
#include "admin/jobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <nlohmann/json.hpp>

#include "admin/audit.h"
#include "api/service.h"
#include "jobs/local_runs.h"
#include "jobs/scheduler.h"
#include "outbox/function_writer_test.h"

namespace vf::admin {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Place {
  Place(const Clock& clock, const std::string& job)
      : runs(clock),
        jobs({.jobs = {{.name = job, .run = {}}},
              .reads = runs,
              .writer = runs,
              .clock = clock,
              .seed = std::hash<std::string>{}(job)}) {}
  jobs::LocalRuns runs;
  jobs::Jobs jobs;
};

struct JobsApiTest : testing::Test {
  ~JobsApiTest() override { service.drain(); }

  std::pair<int, json> ask(const std::string& method, const std::string& path, const std::string& body = {},
                           const std::string& token = "boss") {
    http::Request request{
        .method = method, .target = "/admin/v1/" + path, .headers = {}, .body = body, .peer = "127.0.0.1"};
    request.headers.add("Authorization", "Bearer " + token);
    auto answered = std::make_shared<std::promise<http::Response>>();
    auto answer = answered->get_future();
    service.handle(std::move(request),
                   [answered](http::Response response) { answered->set_value(std::move(response)); });
    const auto response = answer.get();
    return {response.status, json::parse(response.body)};
  }
  std::vector<std::string> names(const std::string& path) {
    std::vector<std::string> found;
    for (const auto& job : ask("GET", path).second["jobs"]) found.push_back(job["name"]);
    return found;
  }

  ManualClock clock{from_unix_millis(1'790'000'000'000)};
  Place hub{clock, "retention"}, process{clock, "heap-trim"}, stage{clock, "purge"};
  std::vector<EnvironmentCall> forwarded;
  Result<std::string> elsewhere = std::string(R"({"jobs": [{"name": "elsewhere"}], "next": null})");
  std::vector<store::AddAudit> audited;
  outbox::FunctionWriter audit{[this](store::Write write, const outbox::OnWritten&) {
    audited.push_back(std::get<store::AddAudit>(std::move(write)));
  }};
  api::Tokens tokens{{{.name = "ops", .secret = "boss", .may = {api::Right::read, api::Right::operate}},
                      {.name = "reader", .secret = "reader", .may = {api::Right::read}}}};
  StoredAudit stored{audit, clock};
  api::Service service{{.name = "admin", .clock = clock, .tokens = &tokens, .audit = &stored},
                       jobs_routes({.clock = clock,
                                    .own = &hub.jobs,
                                    .process = &process.jobs,
                                    .environments = {{"stage", &stage.jobs}},
                                    .forward = [this](const EnvironmentCall& call) {
                                      forwarded.push_back(call);
                                      return elsewhere;
                                    }})};
};

TEST_F(JobsApiTest, ListHasTheHubsJobsAndTheProcesss) {
  EXPECT_THAT(names("jobs"), ElementsAre("retention", "heap-trim"));
}

TEST_F(JobsApiTest, EnvironmentOfThisProcessIsAnsweredHere) {
  EXPECT_THAT(names("jobs?environment=stage"), ElementsAre("purge"));
  EXPECT_EQ(ask("POST", "jobs/purge/run?environment=stage").first, 200);
  EXPECT_EQ(stage.runs.runs({})->size(), 1u);
  EXPECT_THAT(forwarded, IsEmpty());
}

TEST_F(JobsApiTest, EnvironmentElsewhereIsAsked) {
  EXPECT_THAT(names("jobs?environment=production"), ElementsAre("elsewhere"));
  elsewhere = std::string(R"({"id": "x", "job": "purge"})");
  EXPECT_EQ(ask("POST", "jobs/purge/run?environment=production", R"({"a": 1})").second["id"], "x");
  ASSERT_EQ(forwarded.size(), 2u);
  EXPECT_EQ(forwarded[0].path, "/internal/jobs");
  EXPECT_EQ(forwarded[1].method + " " + forwarded[1].path, "POST /internal/jobs/purge/run");
  EXPECT_EQ(forwarded[1].body, R"({"a": 1})");
  elsewhere = not_found("there is no environment production");
  EXPECT_EQ(ask("GET", "jobs?environment=production").first, 404);
}

TEST_F(JobsApiTest, RunIsAskedForWhereTheJobIsAndItsIdFindsIt) {
  for (const std::string name : {"retention", "heap-trim"}) {
    const auto [status, answer] = ask("POST", "jobs/" + name + "/run");
    ASSERT_EQ(status, 200) << answer;
    const auto run = ask("GET", "runs/" + answer["id"].get<std::string>()).second;
    EXPECT_EQ(run["job"], name);
    EXPECT_EQ(run["state"], "waiting");
    EXPECT_EQ(run["asked_by"], "token ops from 127.0.0.1");
  }
  EXPECT_EQ(ask("POST", "jobs/retentoin/run").first, 404);
  EXPECT_EQ(ask("POST", "jobs/retention/run", R"({"a": 1})").first, 400);
}

TEST_F(JobsApiTest, StopEndsARunThatWaits) {
  const std::string id = ask("POST", "jobs/purge/run?environment=stage").second["id"];
  EXPECT_EQ(ask("POST", "runs/" + id + "/stop").first, 200);
  EXPECT_EQ(ask("GET", "runs/" + id).second["state"], "stopped");
  EXPECT_EQ(ask("POST", "runs/" + id + "/stop").first, 409);
  EXPECT_EQ(ask("POST", "runs/00000000-0000-4000-8000-000000000000/stop").first, 404);
  EXPECT_EQ(ask("GET", "runs/no-id").first, 400);
}

TEST_F(JobsApiTest, RunsComeInPagesNewestFirst) {
  std::vector<std::string> ids, found;
  for (int i = 0; i < 5; ++i) ids.push_back(ask("POST", "jobs/retention/run").second["id"]);
  std::string after;
  for (int pages = 0; pages < 4; ++pages) {
    const auto page = ask("GET", "runs?limit=2" + (after.empty() ? "" : "&after=" + after)).second;
    for (const auto& run : page["runs"]) found.push_back(run["id"]);
    if (page["next"].is_null()) break;
    after = page["next"];
  }
  std::ranges::reverse(ids);
  EXPECT_EQ(found, ids);
  EXPECT_THAT(ask("GET", "runs?job=other").second["runs"], IsEmpty());
  for (const auto* wrong : {"runs?limit=0", "runs?limit=1001", "runs?after=x", "runs?environment=production"}) {
    EXPECT_THAT(ask("GET", wrong).first, testing::AnyOf(400, 404)) << wrong;
  }
  EXPECT_EQ(ask("GET", "runs?limit=1000").first, 200);
}

TEST_F(JobsApiTest, EnvironmentsListenerServesItsJobs) {
  const auto routes = internal_jobs_routes(stage.jobs);
  ASSERT_EQ(routes.size(), 2u);
  for (const auto& route : routes) EXPECT_TRUE(std::holds_alternative<api::Signed>(route.access)) << route.pattern;
  const auto listed = std::get<api::Read>(routes[0].handler).read({});
  EXPECT_EQ(listed.value()["jobs"][0]["name"], "purge");
  std::optional<Result<json>> asked;
  api::Call call;
  call.path = {"purge"};
  std::get<api::Change>(routes[1].handler).change(call, [&asked](Result<json> result) { asked = result; });
  EXPECT_EQ(asked->value()["job"], "purge");
}

TEST_F(JobsApiTest, TokenThatMayOnlyReadOperatesNothing) {
  EXPECT_EQ(ask("GET", "jobs", "", "reader").first, 200);
  EXPECT_EQ(ask("POST", "jobs/retention/run", "", "reader").first, 403);
  EXPECT_EQ(ask("POST", "runs/00000000-0000-4000-8000-000000000000/stop", "", "reader").first, 403);
  EXPECT_EQ(ask("GET", "jobs", "", "stranger").first, 401);
  EXPECT_THAT(audited, IsEmpty());
}

TEST_F(JobsApiTest, OperationsAreAuditedWithTheirOutcome) {
  ask("POST", "jobs/retention/run");
  ask("POST", "jobs/retentoin/run");
  ASSERT_EQ(audited.size(), 2u);
  EXPECT_EQ(audited[0].action, "POST /admin/v1/jobs/retention/run");
  EXPECT_EQ(audited[0].detail, "done");
  EXPECT_THAT(audited[1].detail, HasSubstr("there is no job retentoin"));
}

}  // namespace
}  // namespace vf::admin
