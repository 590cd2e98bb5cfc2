// Calls of environments: what is sent, what becomes of each kind of answer, and of environments that hang. Doubles:
// scripted peers, and a service that verifies signatures as an environment's listener does. Oracle: the comments of
// environment_calls.h. Scope: real environments are in tests/e2e.
#include "app/environment_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <nlohmann/json.hpp>

#include "api/signatures.h"
#include "http/message.h"
#include "http/server.h"
#include "http/tests/scripted_peer_test.h"
#include "receive/decode.h"

namespace vf::app {
namespace {

using http::Script;
using http::ScriptedPeer;
using testing::AllOf;
using testing::HasSubstr;
using Then = Script::Then;

const std::string kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fanout::Target target_of(const std::string& name, const std::string& url) {
  fanout::Target target;
  target.name = name;
  target.url = url + "internal/events";
  target.secrets = {kSecret};
  return target;
}

std::string http_answer(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// An error as an environment answers it.
std::string http_problem(int status, const std::string& detail) {
  const auto body = http::problem(status, detail).body;
  return "HTTP/1.1 " + std::to_string(status) +
         " Refused\r\nContent-Type: application/problem+json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

class EnvironmentCallsTest : public testing::Test {
 protected:
  std::future<Result<std::string>> begin(EnvironmentCalls& calls, admin::EnvironmentCall call) {
    auto answered = std::make_shared<std::promise<Result<std::string>>>();
    auto answer = answered->get_future();
    calls.call(targets_, std::move(call),
               [answered](Result<std::string> body) { answered->set_value(std::move(body)); });
    return answer;
  }
  Result<std::string> call(admin::EnvironmentCall call) { return begin(calls_, std::move(call)).get(); }
  Result<std::string> get_jobs(Script script) {
    const ScriptedPeer peer({std::move(script)});
    targets_ = {target_of("stage", peer.url())};
    return call({.environment = "stage", .method = "GET", .path = "/internal/jobs"});
  }
  admin::EnvironmentAnswer ask(Script script) {
    const ScriptedPeer peer({std::move(script)});
    targets_ = {target_of("stage", peer.url())};
    return ask(calls_).at(0);
  }
  std::vector<admin::EnvironmentAnswer> ask(EnvironmentCalls& calls) {
    std::promise<std::vector<admin::EnvironmentAnswer>> answered;
    calls.ask(targets_, Uuid{}, [&answered](auto answers) { answered.set_value(std::move(answers)); });
    return answered.get_future().get();
  }

  const SystemClock clock_;
  std::vector<fanout::Target> targets_;
  EnvironmentCalls calls_{{.clock = clock_, .deadline = std::chrono::seconds{20}}};
};

TEST_F(EnvironmentCallsTest, CallIsSignedWithItsCaller) {
  const api::Signatures signatures(std::move(crypto::WebhookSigner::create({kSecret}).value()));
  const auto echo = [&](const http::Request& request, http::Respond respond) {
    const auto caller = signatures.verify_call(request, clock_.now());
    respond({.status = caller ? 200 : 401,
             .body = caller ? request.method + " " + request.target + " " + request.body + " " + *caller : "",
             .headers = {}});
  };
  auto server = http::Server::start("environment", {.listen = "127.0.0.1:0"}, echo);
  ASSERT_TRUE(server) << server.error().message;
  targets_ = {target_of("stage", (*server)->url() + "/")};
  const auto answer = call({.environment = "stage",
                            .method = "POST",
                            .path = "/internal/jobs/purge/run?a=1",
                            .body = R"({"limit":5})",
                            .caller = "token ops from 10.0.0.7"});
  EXPECT_EQ(answer.value(), R"(POST /internal/jobs/purge/run?a=1 {"limit":5} token ops from 10.0.0.7)");
}

TEST_F(EnvironmentCallsTest, RefusalSaysWhichEnvironmentAndWhy) {
  const auto refused = get_jobs({http_problem(404, "there is no job purg")});
  EXPECT_EQ(refused.error().code, Code::not_found);
  EXPECT_EQ(refused.error().message, "environment stage: there is no job purg");
  EXPECT_EQ(get_jobs({http_problem(409, "it waits already")}).error().code, Code::conflict);
  EXPECT_THAT(get_jobs({http_problem(401, "bad signature")}).error().message,
              AllOf(HasSubstr("bad signature"), HasSubstr("targets.stage.secret")));
  EXPECT_THAT(get_jobs({"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", Then::reset}).error().message,
              HasSubstr("environment stage answered, but"));
}

TEST_F(EnvironmentCallsTest, ErrorsOfOtherServersAreNotTheEnvironments) {
  const std::string other = "HTTP/1.1 404 Not Found\r\nContent-Type: application/problem+json\r\nContent-Length: ";
  for (const auto& answered :
       {http_answer("404 Not Found", "<html>"), http_answer("404 Not Found", http::problem(404, "no such path").body),
        http_answer("409 Conflict", R"({"detail":"x"})"), http_answer("400 Bad Request", ""), other + "2\r\n\r\n{}",
        other + "27\r\n\r\n" + R"({"status":400,"detail":"x"})"}) {
    const auto refused = get_jobs({answered});
    EXPECT_EQ(refused.error().code, Code::unavailable) << answered;
    EXPECT_THAT(refused.error().message, HasSubstr("not as an environment does; does targets.stage.url lead to it?"));
    EXPECT_EQ(ask({answered}).status, "unknown") << answered;
  }
}

TEST_F(EnvironmentCallsTest, UnknownEnvironmentIsAnsweredWithTheKnownOnes) {
  fanout::Target partner = target_of("partner", "http://127.0.0.1:1/");
  partner.url = "http://127.0.0.1:1/hook";
  targets_ = {target_of("stage", "http://127.0.0.1:1/"), partner};
  for (const auto* name : {"stag", "partner", ""}) {
    const auto refused = call({.environment = name, .method = "GET", .path = "/internal/jobs"});
    EXPECT_EQ(refused.error().code, Code::not_found);
    EXPECT_THAT(refused.error().message, HasSubstr("the environments of the hub are: stage"));
  }
}

TEST_F(EnvironmentCallsTest, EnvironmentThatIsAwayIsNamedWithTheRemedy) {
  targets_ = {target_of("stage", "http://127.0.0.1:1/")};
  const auto away = call({.environment = "stage", .method = "GET", .path = "/internal/jobs"});
  EXPECT_EQ(away.error().code, Code::unavailable);
  EXPECT_THAT(away.error().message, AllOf(HasSubstr("environment stage does not answer"),
                                          HasSubstr("vf api --env stage"), HasSubstr("targets.stage.url")));
}

TEST_F(EnvironmentCallsTest, CallEndsAtItsDeadline) {
  const ScriptedPeer peer({{""}});  // takes requests and never answers
  targets_ = {target_of("stage", peer.url())};
  EnvironmentCalls calls({.clock = clock_, .deadline = Millis{50}});
  const auto late = begin(calls, {.environment = "stage", .method = "GET", .path = "/internal/jobs"}).get();
  EXPECT_EQ(late.error().code, Code::unavailable);
  EXPECT_THAT(late.error().message, HasSubstr("environment stage does not answer"));
}

TEST_F(EnvironmentCallsTest, FewCallsOfOneEnvironmentAreUnderWayAndOthersAreNotHeldUp) {
  const ScriptedPeer hung({{""}}), good({{http_answer("200 OK", "[]")}});
  targets_ = {target_of("stage", hung.url()), target_of("production", good.url())};
  EnvironmentCalls calls({.clock = clock_, .deadline = std::chrono::hours{1}, .at_once_max = 2});
  const admin::EnvironmentCall of_stage{.environment = "stage", .method = "GET", .path = "/internal/jobs"};
  auto first = begin(calls, of_stage), second = begin(calls, of_stage);
  const auto third = begin(calls, of_stage).get();
  EXPECT_EQ(third.error().code, Code::unavailable);
  EXPECT_THAT(third.error().message, HasSubstr("2 calls of environment stage are under way"));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(begin(calls, {.environment = "production", .method = "GET", .path = "/internal/jobs"}).get().value(),
              "[]")
        << "calls that have ended count no more";
  }
  calls.drain();
  for (auto* waiting : {&first, &second}) EXPECT_EQ(waiting->get().error().message, "the process stops");
  EXPECT_EQ(begin(calls, of_stage).get().error().message, "the process stops");
}

TEST_F(EnvironmentCallsTest, EveryEnvironmentIsAskedAboutAnEventAndOneThatHangsIsUnknown) {
  const ScriptedPeer hung({{""}}),
      good({{http_answer("200 OK", R"({"status":"applied","received_at":"2026-11-22T16:00:00.000Z"})")}});
  targets_ = {target_of("stage", hung.url()), target_of("production", good.url())};
  EnvironmentCalls calls({.clock = clock_, .deadline = Millis{50}});
  const auto answers = ask(calls);
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].name + " " + answers[0].status, "stage unknown");
  EXPECT_EQ(answers[1].name + " " + answers[1].status, "production applied");
  EXPECT_EQ(answers[1].at, parse_time("2026-11-22T16:00:00.000Z"));
  targets_.clear();
  EXPECT_TRUE(ask(calls).empty());
}

TEST_F(EnvironmentCallsTest, OnlyTheReceiverItselfSaysThatItHasNotReceivedAnEvent) {
  EXPECT_EQ(ask({http_problem(404, std::string(receive::kNotReceived))}).status, "not received");
  EXPECT_EQ(ask({http_problem(404, "no such path")}).status, "unknown");
  EXPECT_EQ(ask({"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nabc", Then::reset}).status, "unknown");
  EXPECT_THAT(ask({"HTTP/1.1 503 Busy\r\nContent-Length: 9\r\n\r\n", Then::reset}).reason, HasSubstr("503"));
}

TEST_F(EnvironmentCallsTest, CutOrForeignAnswerAboutAnEventIsUnknown) {
  const std::string applied = R"({"status":"applied","reason":"")";
  for (Script script : {Script{"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + applied + "}", Then::reset},
                        Script{"HTTP/1.1 200 OK\r\n\r\n" + applied, Then::repeat, std::string(1000, ' ')}}) {
    const auto answer = ask(std::move(script));
    EXPECT_EQ(answer.status, "unknown");
    EXPECT_THAT(answer.reason, HasSubstr("it answered 200, but"));
  }
  for (const auto* body : {"<html>", "[]", "{}", R"({"status":"up"})", R"({"status":{}})"}) {
    const auto answer = ask({http_answer("200 OK", body)});
    EXPECT_EQ(answer.status, "unknown") << body;
    EXPECT_THAT(answer.reason, HasSubstr("not as an environment does")) << body;
  }
}

}  // namespace
}  // namespace vf::app
