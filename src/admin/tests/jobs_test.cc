// Jobs and runs in the admin API: which place a request is about, paging, rights and the audit log. api_test.cc
// compares the routes with openapi.json. Doubles: tables of runs in memory, a hub's environment that the test plays.
#include "admin/jobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <nlohmann/json.hpp>

#include "admin/audit.h"
#include "admin/job_place.h"
#include "api/service.h"
#include "jobs/local_runs.h"
#include "jobs/scheduler.h"
#include "outbox/function_writer_test.h"

namespace vf::admin {
namespace {

using nlohmann::json;
using testing::AllOf;
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

  std::future<http::Response> send(const std::string& method, const std::string& path, const std::string& body = {},
                                   const std::string& token = "boss") {
    http::Request request{
        .method = method, .target = "/admin/v1/" + path, .headers = {}, .body = body, .peer = "127.0.0.1"};
    request.headers.add("Authorization", "Bearer " + token);
    auto answered = std::make_shared<std::promise<http::Response>>();
    auto answer = answered->get_future();
    service.handle(std::move(request),
                   [answered](http::Response response) { answered->set_value(std::move(response)); });
    return answer;
  }
  std::pair<int, json> ask(const std::string& method, const std::string& path, const std::string& body = {},
                           const std::string& token = "boss") {
    const auto response = send(method, path, body, token).get();
    return {response.status, json::parse(response.body)};
  }
  std::string detail(const std::string& method, const std::string& path) {
    return ask(method, path).second.value("detail", "");
  }
  std::vector<std::string> names(const std::string& path) {
    std::vector<std::string> found;
    for (const auto& job : ask("GET", path).second["jobs"]) found.push_back(job["name"]);
    return found;
  }

  ManualClock clock{from_unix_millis(1'790'000'000'000)};
  Place hub{clock, "retention"}, process{clock, "heap-trim"}, stage{clock, "purge"};
  std::vector<EnvironmentCall> forwarded;
  Result<std::string> elsewhere =
      std::string(R"({"jobs": [{"name": "elsewhere", "schedule": "every 1h", "last": null}], "next": null})");
  bool hangs = false;          // the environment elsewhere
  std::vector<OnAnswer> held;  // what it has not answered
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
                                    .forward = [this](const EnvironmentCall& call, const OnAnswer& done) {
                                      forwarded.push_back(call);
                                      hangs ? held.push_back(done) : done(elsewhere);
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

const std::string kId = "01939d7e-0000-8000-8000-000000000001";
const std::string kRun = R"({"id": ")" + kId + R"(", "job": "purge", "state": "running"})";

TEST_F(JobsApiTest, EnvironmentElsewhereIsAsked) {
  EXPECT_THAT(names("jobs?environment=production"), ElementsAre("elsewhere"));
  elsewhere = R"({"id": ")" + kId + R"(", "job": "purge"})";
  EXPECT_EQ(ask("POST", "jobs/purge/run?environment=production", R"({ "a" : 1 })").second["id"], kId);
  elsewhere = R"({"runs": [)" + kRun + R"(], "next": "7"})";
  EXPECT_EQ(ask("GET", "runs?environment=production&job=a%26b&after=9&limit=2&asked_for=true").second["next"], "7");
  elsewhere = kRun;
  EXPECT_EQ(ask("GET", "runs/" + kId + "?environment=production").second["state"], "running");
  elsewhere = std::string(R"({"done": true})");
  EXPECT_EQ(ask("POST", "runs/" + kId + "/stop?environment=production").first, 200);
  std::vector<std::string> calls;
  for (const auto& call : forwarded) {
    EXPECT_EQ(call.environment, "production");
    calls.push_back(call.method + " " + call.path + " " + call.body + " " + call.caller);
  }
  EXPECT_THAT(calls,
              ElementsAre("GET /internal/jobs  ", R"(POST /internal/jobs/purge/run {"a":1} token ops from 127.0.0.1)",
                          "GET /internal/runs?job=a%26b&asked_for=true&after=9&limit=2  ",
                          "GET /internal/runs/" + kId + "  token ops from 127.0.0.1",
                          "POST /internal/runs/" + kId + "/stop  token ops from 127.0.0.1"));
}

TEST_F(JobsApiTest, RefusalOfAnEnvironmentElsewhereIsTheAnswer) {
  elsewhere = not_found("there is no environment production");
  for (const auto* path : {"jobs?environment=production", "runs?environment=production"}) {
    EXPECT_EQ(ask("GET", path).first, 404);
    EXPECT_EQ(detail("GET", path), "there is no environment production");
  }
  elsewhere = unavailable("it does not answer");
  EXPECT_EQ(ask("POST", "jobs/purge/run?environment=production").first, 503);
  EXPECT_EQ(audited.back().detail, "it does not answer");
}

TEST_F(JobsApiTest, AnswerOfAnotherFormIsNoAnswer) {
  const std::vector<std::pair<std::string, std::string>> calls{{"GET", "jobs"},
                                                               {"POST", "jobs/purge/run"},
                                                               {"GET", "runs"},
                                                               {"GET", "runs/" + kId},
                                                               {"POST", "runs/" + kId + "/stop"}};
  for (const auto* odd :
       {"<html>", "", "[]", "{}", "null", R"({"jobs": {}, "next": null})", R"({"jobs": [1], "next": null})",
        R"({"jobs": []})", R"({"runs": [{}], "next": null})", R"({"runs": [], "next": 1})",
        R"({"id": "x", "job": "purge", "state": "running"})", R"({"done": false})"}) {
    elsewhere = std::string(odd);
    for (const auto& [method, path] : calls) {
      const auto [status, answer] = ask(method, path + "?environment=production");
      EXPECT_EQ(status, 503) << method << " " << path << " " << odd;
      EXPECT_THAT(answer["detail"].get<std::string>(),
                  AllOf(HasSubstr("production answered 200, but not as an environment does"),
                        HasSubstr("targets.production.url")));
    }
  }
}

TEST_F(JobsApiTest, EnvironmentThatHangsHoldsUpNoOtherCall) {
  hangs = true;
  std::vector<std::future<http::Response>> waiting;
  for (const auto* path : {"jobs", "jobs", "runs"}) {
    waiting.push_back(send("GET", std::string(path) + "?environment=production"));
  }
  waiting.push_back(send("POST", "jobs/purge/run?environment=production"));
  EXPECT_THAT(names("jobs"), ElementsAre("retention", "heap-trim"));
  EXPECT_EQ(ask("POST", "jobs/retention/run").first, 200);
  EXPECT_EQ(held.size(), waiting.size());
  for (const auto& done : held) done(unavailable("it does not answer"));
  for (auto& answer : waiting) EXPECT_EQ(answer.get().status, 503);
}

TEST_F(JobsApiTest, NamesAndIdsAreCheckedBeforeAnEnvironmentIsAsked) {
  EXPECT_EQ(ask("POST", "jobs/%2E%2E/run?environment=production").first, 404);
  EXPECT_EQ(ask("POST", "jobs/a%2Fb%3Fc/run?environment=production").first, 404);
  EXPECT_EQ(ask("GET", "runs/x?environment=production").first, 400);
  EXPECT_EQ(ask("POST", "jobs/purge/run?environment=production", R"({"a":1,"a":2})").first, 400);
  EXPECT_EQ(ask("GET", "jobs?environment=").first, 400);
  EXPECT_EQ(ask("GET", "jobs?environment=stage&environment=production").first, 400);
  EXPECT_THAT(forwarded, IsEmpty());
}

TEST_F(JobsApiTest, UnknownJobIsAnsweredWithAllNames) {
  const auto answer = detail("POST", "jobs/retentoin/run");
  EXPECT_THAT(answer, AllOf(HasSubstr("there is no job retentoin"),
                            HasSubstr("the jobs here are: retention, heap-trim;"), HasSubstr("--env")));
}

TEST_F(JobsApiTest, RunsOfOneEnvironmentAreNotThoseOfAnother) {
  const std::string id = ask("POST", "jobs/retention/run").second["id"];
  EXPECT_EQ(ask("GET", "runs/" + id).first, 200);
  EXPECT_EQ(ask("GET", "runs/" + id + "?environment=stage").first, 404);
  EXPECT_EQ(ask("POST", "runs/" + id + "/stop?environment=stage").first, 404);
  EXPECT_THAT(ask("GET", "runs?environment=stage").second["runs"], IsEmpty());
}

TEST_F(JobsApiTest, RunsOfAJobOfTheProcessAreFoundByItsName) {
  const std::string id = ask("POST", "jobs/heap-trim/run").second["id"];
  const auto page = ask("GET", "runs?job=heap-trim").second;
  ASSERT_EQ(page["runs"].size(), 1u);
  EXPECT_EQ(page["runs"][0]["id"], id);
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
  for (const auto* wrong : {"runs?limit=0", "runs?limit=1001", "runs?after=x"}) {
    EXPECT_EQ(ask("GET", wrong).first, 400) << wrong;
  }
  EXPECT_EQ(ask("GET", "runs?limit=1000").first, 200);
}

// The hub calls an environment's listener with a signature; both are of this process.
struct InternalJobsTest : testing::Test {
  ~InternalJobsTest() override { service.drain(); }

  std::pair<int, json> call(const std::string& method, const std::string& target, const std::string& body = {}) {
    http::Request request{
        .method = method, .target = "/internal/" + target, .headers = {}, .body = body, .peer = "10.0.0.3"};
    const api::CallToSign to_sign{
        .id = "call_1", .method = method, .target = request.target, .caller = "token ops from 10.0.0.7", .body = body};
    for (auto& [name, value] : api::sign_call(signer(), to_sign, clock.now())) request.headers.add(name, value);
    return send(std::move(request));
  }
  std::pair<int, json> send(http::Request request) {
    auto answered = std::make_shared<std::promise<http::Response>>();
    auto answer = answered->get_future();
    service.handle(std::move(request),
                   [answered](http::Response response) { answered->set_value(std::move(response)); });
    const auto response = answer.get();
    return {response.status, json::parse(response.body)};
  }
  static crypto::WebhookSigner signer() {
    return std::move(crypto::WebhookSigner::create({"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}).value());
  }

  ManualClock clock{from_unix_millis(1'790'000'000'000)};
  Place stage{clock, "purge"};
  std::string logged;
  obs::Log log{{.sink = [this](std::string_view line) { logged += line; }}};
  LoggedAudit audit{log};
  const api::Signatures signatures{signer()};
  api::Service service{{.name = "hub", .clock = clock, .signatures = &signatures, .audit = &audit},
                       internal_jobs_routes(stage.jobs, clock)};
};

TEST_F(InternalJobsTest, ServesTheEnvironmentsJobsAndRuns) {
  EXPECT_EQ(call("GET", "jobs").second["jobs"][0]["name"], "purge");
  const auto [status, asked] = call("POST", "jobs/purge/run");
  ASSERT_EQ(status, 200) << asked;
  const std::string id = asked["id"];
  EXPECT_EQ(call("GET", "runs?limit=1&asked_for=true").second["runs"][0]["id"], id);
  EXPECT_EQ(call("GET", "runs/" + id).second["asked_by"], "token ops from 10.0.0.7 through the hub at 10.0.0.3");
  EXPECT_EQ(call("POST", "runs/" + id + "/stop").second, (json{{"done", true}}));
  EXPECT_EQ(call("GET", "runs/" + id).second["state"], "stopped");
  EXPECT_EQ(call("POST", "jobs/purg/run").first, 404);
  EXPECT_EQ(call("GET", "runs?limit=0").first, 400);
  for (const auto& part :
       {"token ops from 10.0.0.7 through the hub at 10.0.0.3", "POST /internal/jobs/purge/run", id.c_str()}) {
    EXPECT_THAT(logged, HasSubstr(part));
  }
}

TEST_F(InternalJobsTest, SignatureOfOneCallOpensNoOther) {
  http::Request captured{.method = "GET", .target = "/internal/jobs", .headers = {}, .body = {}, .peer = {}};
  const api::CallToSign to_sign{.id = "c", .method = "GET", .target = captured.target, .caller = {}, .body = {}};
  for (auto& [name, value] : api::sign_call(signer(), to_sign, clock.now())) captured.headers.add(name, value);
  EXPECT_EQ(send(captured).first, 200);
  for (const auto& [method, target] : {std::pair<std::string, std::string>{"POST", "/internal/jobs/purge/run"},
                                       {"GET", "/internal/runs"},
                                       {"POST", "/internal/runs/" + kId + "/stop"}}) {
    captured.method = method;
    captured.target = target;
    EXPECT_EQ(send(captured).first, 401) << target;
  }
  EXPECT_THAT(*stage.runs.runs({}), IsEmpty());
}

TEST_F(JobsApiTest, TokenThatMayOnlyReadOperatesNothing) {
  EXPECT_EQ(ask("GET", "jobs", "", "reader").first, 200);
  EXPECT_EQ(ask("POST", "jobs/retention/run", "", "reader").first, 403);
  EXPECT_EQ(ask("POST", "runs/00000000-0000-4000-8000-000000000000/stop", "", "reader").first, 403);
  EXPECT_EQ(ask("GET", "jobs", "", "stranger").first, 401);
  ASSERT_EQ(audited.size(), 2u);
  EXPECT_EQ(audited[0].actor, "token reader from 127.0.0.1");
  EXPECT_EQ(audited[0].action, "POST /admin/v1/jobs/retention/run");
  EXPECT_THAT(audited[0].detail, HasSubstr("refused: this call needs the right to operate"));
}

TEST_F(JobsApiTest, AuditSaysWhatWasAskedForWhereAndWhichRunItIs) {
  const std::string id = ask("POST", "jobs/purge/run?environment=stage", " {} ").second["id"];
  ask("POST", "jobs/retention/run", R"({"limit": 5})");
  ask("POST", "jobs/retentoin/run");
  ASSERT_EQ(audited.size(), 3u);
  EXPECT_EQ(audited[0].actor, "token ops from 127.0.0.1");
  EXPECT_EQ(audited[0].action, "POST /admin/v1/jobs/purge/run?environment=stage {}");
  EXPECT_EQ(audited[0].detail, R"(done: {"id":")" + id + R"(","job":"purge"})");
  EXPECT_EQ(audited[1].action, R"(POST /admin/v1/jobs/retention/run {"limit":5})");
  EXPECT_EQ(audited[1].detail, "the job retention takes no parameters");
  EXPECT_THAT(audited[2].detail, HasSubstr("there is no job retentoin"));
}

}  // namespace
}  // namespace vf::admin
