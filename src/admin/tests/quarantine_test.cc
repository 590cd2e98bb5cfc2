// The quarantines of the admin API: which environment a request is about, paging, filters, rights, the audit log, and
// what an environment's listener answers to the hub. Doubles: quarantines in memory, an environment elsewhere that the
// test plays. Oracle: what the store holds afterwards.
#include "admin/quarantine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <future>
#include <nlohmann/json.hpp>

#include "admin/audit.h"
#include "api/service.h"
#include "outbox/function_writer_test.h"
#include "store/memory/environment.h"

namespace vf::admin {
namespace {

using nlohmann::json;
using store::Applied;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Uuid id_of(uint32_t n) {
  Uuid id;
  for (size_t i = 0; i < 4; ++i) id.bytes[15 - i] = static_cast<uint8_t>(n >> (8 * i));
  return id;
}

http::Response ask_service(api::Service& service, http::Request request) {
  std::promise<http::Response> answered;
  service.handle(std::move(request), [&answered](http::Response response) { answered.set_value(std::move(response)); });
  return answered.get_future().get();
}

struct QuarantineApi : testing::Test {
  ~QuarantineApi() override { service.drain(); }

  std::pair<int, json> ask(const std::string& method, const std::string& path, const std::string& token = "boss") {
    http::Request request{
        .method = method, .target = "/admin/v1/quarantine" + path, .headers = {}, .body = {}, .peer = "127.0.0.1"};
    request.headers.add("Authorization", "Bearer " + token);
    const auto response = ask_service(service, std::move(request));
    return {response.status, json::parse(response.body)};
  }
  std::vector<std::string> ids(const std::string& query) {
    std::vector<std::string> found;
    for (const auto& event : ask("GET", query).second["quarantine"]) found.push_back(event["id"]);
    return found;
  }
  std::string text(uint32_t n) { return id_of(n).to_string(); }

  /// Quarantines event `n` now; nothing that is tried again is projected, as no source is called `test`.
  void refuse(uint32_t n, const std::string& type = "test.a", const std::string& reason = "refused",
              const std::string& envelope = "{}") {
    const store::Projection refused{.event_id = id_of(n),
                                    .source = "test",
                                    .type = type,
                                    .message_id = {},
                                    .time = {},
                                    .status = Applied::quarantined,
                                    .rows = {},
                                    .reason = reason,
                                    .envelope = envelope};
    EXPECT_TRUE(stage.apply({&refused, 1}, clock.now(), nullptr));
  }
  static std::string envelope(uint32_t n, const std::string& type) {
    return json{{"specversion", "1.0"}, {"id", id_of(n).to_string()}, {"source", "test"}, {"type", type}, {"data", 1}}
        .dump();
  }

  ManualClock clock{from_unix_millis(1'790'000'000'000)};
  store::memory::MemoryEnvironment stage;
  std::vector<EnvironmentCall> forwarded;
  Result<std::string> elsewhere = not_found("not set");
  std::vector<store::AddAudit> audited;
  outbox::FunctionWriter audit{[this](store::Write write, const outbox::OnWritten&) {
    audited.push_back(std::get<store::AddAudit>(std::move(write)));
  }};
  api::Tokens tokens{{{.name = "ops", .secret = "boss", .may = {api::Right::read, api::Right::operate}},
                      {.name = "reader", .secret = "reader", .may = {api::Right::read}}}};
  StoredAudit stored{audit, clock};
  api::Service service{{.name = "admin", .clock = clock, .tokens = &tokens, .audit = &stored},
                       quarantine_routes({.environments = {{"stage", {.store = stage, .clock = clock}}},
                                          .forward = [this](const EnvironmentCall& call, const OnAnswer& done) {
                                            forwarded.push_back(call);
                                            done(elsewhere);
                                          }})};
};

TEST_F(QuarantineApi, ListHasEachEventWithItsReasonAndWithoutItsEnvelope) {
  refuse(7, "test.a", "no channel");
  EXPECT_EQ(ask("GET", "?environment=stage").second, (json{{"quarantine",
                                                            {{{"id", text(7)},
                                                              {"source", "test"},
                                                              {"type", "test.a"},
                                                              {"reason", "no channel"},
                                                              {"quarantined_at", "2026-09-21T14:13:20.000Z"},
                                                              {"attempted_at", "2026-09-21T14:13:20.000Z"},
                                                              {"attempts", 1}}}},
                                                           {"next", nullptr}}));
}

TEST_F(QuarantineApi, ListComesInPagesAndIsFiltered) {
  for (uint32_t n = 1; n <= 5; ++n) {
    refuse(n, n % 2 == 0 ? "test.even" : "test.odd.x", n == 5 ? "field: missing" : "other");
    clock.advance(Millis{1000});
  }
  std::vector<std::string> found;
  size_t pages = 0;
  for (std::string after;; ++pages) {
    const auto page = ask("GET", "?environment=stage&limit=2" + after).second;
    for (const auto& event : page["quarantine"]) found.push_back(event["id"]);
    if (page["next"].is_null()) break;
    after = "&after=" + page["next"].get<std::string>();
  }
  EXPECT_THAT(found, ElementsAre(text(1), text(2), text(3), text(4), text(5)));
  EXPECT_EQ(pages, 2u);
  EXPECT_THAT(ids("?environment=stage&type=test.even"), ElementsAre(text(2), text(4)));
  EXPECT_THAT(ids("?environment=stage&type=test.odd*&limit=2"), ElementsAre(text(1), text(3)));
  EXPECT_THAT(ids("?environment=stage&type=test.odd"), IsEmpty());
  EXPECT_THAT(ids("?environment=stage&reason=missing"), ElementsAre(text(5)));
  EXPECT_THAT(ids("?environment=stage&before=2026-09-21T14:13:22Z"), ElementsAre(text(1), text(2)));
  for (const auto* wrong : {"&before=noon", "&after=x", "&limit=0", "&state=dead"}) {
    EXPECT_EQ(ask("GET", std::string("?environment=stage") + wrong).first, 400) << wrong;
  }
}

TEST_F(QuarantineApi, APageThatFindsNothingInManyEventsSaysThatMoreFollow) {
  std::vector<store::Projection> many;
  for (uint32_t n = 1; n <= 12'000; ++n) {
    many.push_back({.event_id = id_of(n),
                    .source = "test",
                    .type = n == 11'000 ? "test.rare" : "test.a",
                    .message_id = {},
                    .time = {},
                    .status = Applied::quarantined,
                    .rows = {},
                    .reason = {},
                    .envelope = {}});
  }
  ASSERT_TRUE(stage.apply(many, clock.now(), nullptr));
  const auto first = ask("GET", "?environment=stage&type=test.rare").second;
  EXPECT_THAT(first["quarantine"], IsEmpty());
  ASSERT_TRUE(first["next"].is_string());
  EXPECT_THAT(ids("?environment=stage&type=test.rare&after=" + first["next"].get<std::string>()),
              ElementsAre(text(11'000)));
}

TEST_F(QuarantineApi, ShowHasTheEnvelopeAndKeepsOneThatIsNoJsonAsText) {
  refuse(1, "test.a", "refused", R"({"data": {"a": 1}})");
  refuse(2, "test.a", "refused", "{\"data\": \"\\ud800\"}");
  EXPECT_EQ(ask("GET", "/" + text(1) + "?environment=stage").second["envelope"], (json{{"data", {{"a", 1}}}}));
  EXPECT_EQ(ask("GET", "/" + text(2) + "?environment=stage").second["envelope"], "{\"data\": \"\\ud800\"}");
  EXPECT_EQ(ask("GET", "/" + text(3) + "?environment=stage").first, 404);
  EXPECT_EQ(ask("GET", "/x?environment=stage").first, 400);
}

TEST_F(QuarantineApi, RetryProjectsTheEventAgainAndSaysWhatBecameOfIt) {
  refuse(1, "test.a", "refused", envelope(1, "test.a"));
  refuse(2, "kick.unrecognised", "refused", envelope(2, "kick.unrecognised"));
  refuse(3, "test.a", "refused", "{");
  clock.advance(Millis{1000});
  const auto retried = [this](uint32_t n) { return ask("POST", "/" + text(n) + "/retry?environment=stage"); };
  EXPECT_EQ(retried(1).second, (json{{"id", text(1)}, {"status", "ignored"}, {"reason", nullptr}}));
  EXPECT_EQ(retried(3).second,
            (json{{"id", text(3)}, {"status", "quarantined"}, {"reason", "its envelope cannot be read"}}));
  EXPECT_EQ(retried(1).first, 404);
  EXPECT_EQ((*stage.processed(id_of(1)))->status, Applied::ignored);
  EXPECT_EQ((*stage.find_quarantined(id_of(3)))->attempts, 2);
}

TEST_F(QuarantineApi, DropRemovesTheEventForGood) {
  refuse(1);
  EXPECT_EQ(ask("DELETE", "/" + text(1) + "?environment=stage").second, (json{{"done", true}}));
  EXPECT_EQ((*stage.processed(id_of(1)))->status, Applied::dropped);
  EXPECT_EQ(ask("DELETE", "/" + text(1) + "?environment=stage").first, 404);
  ASSERT_EQ(audited.size(), 2u);
  EXPECT_EQ(audited[0].actor, "token ops from 127.0.0.1");
  EXPECT_EQ(audited[0].action, "DELETE /admin/v1/quarantine/" + text(1) + "?environment=stage");
  EXPECT_EQ(audited[0].detail, "done");
  EXPECT_THAT(audited[1].detail, HasSubstr("no event in quarantine has the id"));
}

TEST_F(QuarantineApi, ATokenThatMayOnlyReadChangesNothing) {
  refuse(1);
  EXPECT_EQ(ask("GET", "?environment=stage", "reader").first, 200);
  EXPECT_EQ(ask("GET", "/" + text(1) + "?environment=stage", "reader").first, 200);
  EXPECT_EQ(ask("POST", "/" + text(1) + "/retry?environment=stage", "reader").first, 403);
  EXPECT_EQ(ask("DELETE", "/" + text(1) + "?environment=stage", "reader").first, 403);
  EXPECT_TRUE(stage.find_quarantined(id_of(1))->has_value());
}

TEST_F(QuarantineApi, AnEnvironmentMustBeNamedWhereThereIsNoneOfItsOwn) {
  const auto [status, answer] = ask("GET", "");
  EXPECT_EQ(status, 400);
  EXPECT_THAT(answer["detail"].get<std::string>(), HasSubstr("--env E"));
  api::Service worker(
      {.name = "admin", .clock = clock, .tokens = &tokens, .audit = &stored},
      quarantine_routes({.environments = {{"stage", {.store = stage, .clock = clock}}}, .own = "stage"}));
  http::Request request{
      .method = "GET", .target = "/admin/v1/quarantine", .headers = {}, .body = {}, .peer = "127.0.0.1"};
  request.headers.add("Authorization", "Bearer boss");
  EXPECT_EQ(ask_service(worker, request).status, 200);
  request.target += "?environment=production";
  EXPECT_THAT(ask_service(worker, request).body, HasSubstr("ask a hub, or a process of the environment"));
  worker.drain();
}

TEST_F(QuarantineApi, EnvironmentElsewhereIsAsked) {
  const std::string event = R"({"id":")" + text(1) + R"(","type":"a","reason":"r")";
  elsewhere = R"({"quarantine": [)" + event + R"(}], "next": "7"})";
  EXPECT_EQ(ask("GET", "?environment=production&type=a%26b*&limit=2&after=z&before=t&reason=r").second["next"], "7");
  elsewhere = event + R"(,"envelope":{}})";
  EXPECT_EQ(ask("GET", "/" + text(1) + "?environment=production").first, 200);
  elsewhere = R"({"id":")" + text(1) + R"(","status":"applied","reason":null})";
  EXPECT_EQ(ask("POST", "/" + text(1) + "/retry?environment=production").second["status"], "applied");
  elsewhere = std::string(R"({"done":true})");
  EXPECT_EQ(ask("DELETE", "/" + text(1) + "?environment=production").first, 200);
  std::vector<std::string> calls;
  for (const auto& call : forwarded) {
    EXPECT_EQ(call.environment, "production");
    EXPECT_EQ(call.caller, "token ops from 127.0.0.1");
    calls.push_back(call.method + " " + call.path);
  }
  EXPECT_THAT(calls,
              ElementsAre("GET /internal/quarantine?type=a%26b%2A&reason=r&before=t&after=z&limit=2",
                          "GET /internal/quarantine/" + text(1), "POST /internal/quarantine/" + text(1) + "/retry",
                          "DELETE /internal/quarantine/" + text(1)));
  EXPECT_EQ(ask("GET", "/..?environment=production").first, 400) << "an id is checked before it is sent on";
}

TEST_F(QuarantineApi, AnswerOfAnotherFormIsNoAnswer) {
  for (const auto* odd : {"<html>", "[]", "{}", R"({"quarantine": [1], "next": null})", R"({"done": false})",
                          R"({"id": "x", "status": "applied"})"}) {
    elsewhere = std::string(odd);
    for (const auto& [method, path] : std::vector<std::pair<std::string, std::string>>{
             {"GET", ""}, {"GET", "/" + text(1)}, {"POST", "/" + text(1) + "/retry"}, {"DELETE", "/" + text(1)}}) {
      EXPECT_EQ(ask(method, path + "?environment=production").first, 503) << method << path << " " << odd;
    }
  }
}

// The hub calls an environment's listener with a signature; both are of this process.
TEST_F(QuarantineApi, AnEnvironmentsListenerServesSignedCalls) {
  refuse(1);
  refuse(2);
  const auto signer = [] {
    return std::move(crypto::WebhookSigner::create({"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}).value());
  };
  const api::Signatures signatures{signer()};
  api::Service listener({.name = "hub", .clock = clock, .signatures = &signatures, .audit = &stored},
                        internal_quarantine_routes({.store = stage, .clock = clock}));
  const auto call = [&](const std::string& method, const std::string& target) {
    http::Request request{.method = method, .target = target, .headers = {}, .body = {}, .peer = "10.0.0.3"};
    for (auto& [name, value] :
         api::sign_call(signer(), {.id = "c", .method = method, .target = target, .caller = "token ops", .body = {}},
                        clock.now())) {
      request.headers.add(name, value);
    }
    return ask_service(listener, std::move(request));
  };
  EXPECT_EQ(json::parse(call("GET", "/internal/quarantine?limit=1").body)["quarantine"].size(), 1u);
  EXPECT_EQ(call("GET", "/internal/quarantine/" + text(1)).status, 200);
  EXPECT_EQ(call("POST", "/internal/quarantine/" + text(1) + "/retry").status, 200);
  EXPECT_EQ(call("DELETE", "/internal/quarantine/" + text(2)).status, 200);
  EXPECT_FALSE(stage.find_quarantined(id_of(2))->has_value());
  EXPECT_EQ(audited.back().actor, "token ops through the hub at 10.0.0.3");
  const auto unsigned_call = ask_service(
      listener, {.method = "GET", .target = "/internal/quarantine", .headers = {}, .body = {}, .peer = "10.0.0.3"});
  EXPECT_EQ(unsigned_call.status, 401);
  listener.drain();
}

}  // namespace
}  // namespace vf::admin
