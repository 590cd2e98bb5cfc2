// The admin client and the commands that read lists, against a scripted peer. Oracle: the comments of admin_client.h,
// and the admin API's description of lists. Scope: what an answer's length, end and pages do; answers of a real hub are
// in tests/e2e.
#include "cli/admin_client.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/bytes.h"
#include "cli/runs.h"
#include "http/tests/scripted_peer_test.h"

namespace vf::cli {
namespace {

using http::Script;
using http::ScriptedPeer;
using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Then = Script::Then;

constexpr size_t kLimit = 1000;

std::string answer(const std::string& body, const std::string& status = "200 OK") {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// An answer of which the peer sends only `part`, and then breaks the connection.
Script broken(const std::string& part, const std::string& status = "200 OK") {
  return {"HTTP/1.1 " + status + "\r\nContent-Length: 9999\r\n\r\n" + part, Then::reset};
}

/// A JSON document of `bytes` bytes.
std::string document(size_t bytes) { return R"({"x":")" + std::string(bytes - 8, 'x') + "\"}"; }

AdminClient client_of(const ScriptedPeer& peer) {
  std::string base = peer.url();
  base.pop_back();
  return AdminClient({.base = base, .token = "t", .answer_bytes_max = kLimit});
}

TEST(AdminClient, AnswerAtTheLimitIsReadAndOneByteMoreIsAnError) {
  const ScriptedPeer peer({{answer(document(kLimit))}, {answer(document(kLimit + 1))}});
  auto client = client_of(peer);
  const auto whole = client.get("events");
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ((*whole)["x"].text().size(), kLimit - 8);
  const auto cut = client.get("events");
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, Code::unavailable);
  EXPECT_THAT(cut.error().message, AllOf(HasSubstr("longer than 1000 bytes"), HasSubstr("ask for less"),
                                         Not(HasSubstr("is the hub running"))));
}

TEST(AdminClient, CutAnswerSaysWhatCutIt) {
  const std::string endless = "HTTP/1.1 200 OK\r\n\r\n";
  const ScriptedPeer peer({{endless, Then::repeat, "[[["}, broken("{"), broken("{}")});
  auto client = client_of(peer);
  const auto long_one = client.get("events");
  ASSERT_FALSE(long_one);
  EXPECT_THAT(long_one.error().message, HasSubstr("longer than 1000 bytes"));
  for (int i = 0; i < 2; ++i) {
    const auto cut = client.get("events");
    ASSERT_FALSE(cut) << "a part was taken for the whole";
    EXPECT_EQ(cut.error().code, Code::unavailable);
    EXPECT_THAT(cut.error().message, AllOf(HasSubstr("answered, but"), Not(HasSubstr("is the hub running"))));
  }
}

TEST(AdminClient, StatusOfACutAnswerDecides) {
  const ScriptedPeer peer({broken(R"({"detail":"no)", "404 Not Found"), broken("", "409 Conflict"),
                           broken("", "503 Service Unavailable"), broken("", "200 OK")});
  auto client = client_of(peer);
  EXPECT_EQ(client.get("events/1").error().code, Code::not_found);
  EXPECT_EQ(client.call("POST", "targets/x/pause").error().code, Code::conflict);
  EXPECT_EQ(client.call("POST", "targets/x/pause").error().code, Code::unavailable);
  const auto done = client.call("POST", "targets/x/pause");
  ASSERT_TRUE(done) << "the change was made: " << done.error().message;
  EXPECT_TRUE((*done)["done"].is_true());
}

TEST(AdminClient, MissingAnswerNamesTheAddressAndTheRemedy) {
  const ScriptedPeer peer({{"", Then::close}});
  const auto none = client_of(peer).get("events");
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message,
              AllOf(HasSubstr("no answer from the admin API at http://127.0.0.1:"), HasSubstr("is the hub running")));
}

TEST(AdminClient, AnswerOfAnotherServerIsAnError) {
  for (const auto* body : {"<html>hello</html>", "", "[]", "null", "\"x\"", "{}", R"({"dead":{},"next":null})",
                           R"({"dead":[],"next":7})", R"({"dead":[]})"}) {
    const ScriptedPeer peer({{answer(body)}});
    const auto page = client_of(peer).get_page("dead", "dead");
    ASSERT_FALSE(page) << body;
    EXPECT_THAT(page.error().message, AllOf(HasSubstr("not as a hub does"), HasSubstr("admin.listen"))) << body;
  }
  const ScriptedPeer proxy({{answer("<html>", "502 Bad Gateway")}});
  EXPECT_THAT(client_of(proxy).get("dead").error().message, HasSubstr("answered 502, but not as a hub does"));
}

TEST(AdminClient, ChangeIsDoneOnlyIfAHubSaysSo) {
  const ScriptedPeer peer({{answer("<html>")}, {answer("{}")}, {answer(R"({"done":true})")}});
  auto client = client_of(peer);
  EXPECT_FALSE(client.call("POST", "targets/x/pause", {}, {"done"}));
  EXPECT_FALSE(client.call("POST", "targets/x/pause", {}, {"done"}));
  EXPECT_TRUE(client.call("POST", "targets/x/pause", {}, {"done"}));
}

TEST(AdminClient, ListThatRepeatsItsPageEnds) {
  const ScriptedPeer peer({{answer(R"({"dead":[1],"next":"a"})")}});
  EXPECT_FALSE(client_of(peer).get_all("dead?", "dead"));
}

TEST(AdminClient, UnknownTokenIsReportedWithTheKey) {
  const ScriptedPeer peer({{answer(R"({"detail":"needs Authorization: Bearer <token>"})", "401 Unauthorized")}});
  EXPECT_THAT(client_of(peer).get("dead").error().message, AllOf(HasSubstr("Bearer"), HasSubstr("admin.token")));
}

struct Outcome {
  int code = 0;
  std::string out, err;
};

class AdminCommands : public testing::Test {
 protected:
  AdminCommands() {
    std::string path = testing::TempDir() + "vf-cli-XXXXXX";
    dir_ = mkdtemp(path.data());
  }
  ~AdminCommands() override { std::filesystem::remove_all(dir_); }
  Outcome vf(const ScriptedPeer& peer, std::vector<std::string> arguments) {
    std::ofstream(dir_ / "vf.yaml") << "admin: {listen: \"127.0.0.1:" << peer.port() << "\", token: t}\n";
    arguments.insert(arguments.end(), {"--config", dir_ / "vf.yaml"});
    std::ostringstream out, err;
    const int code = run(arguments, {out, err});
    return {code, out.str(), err.str()};
  }
  std::filesystem::path dir_;
};

std::string page(std::vector<std::string> ids, const json& next) {
  json dead = json::array();
  for (const auto& id : ids) {
    dead.push_back({{"target", "stage"}, {"event_id", id}, {"attempts", 1}, {"reason", "HTTP 422"}});
  }
  return answer(json{{"dead", dead}, {"next", next}}.dump());
}

TEST_F(AdminCommands, DeadListFollowsThePagesToTheEnd) {
  const ScriptedPeer peer({{page({"a", "b"}, "stage/2")}, {page({"c"}, "stage/3")}, {page({"d"}, nullptr)}});
  const Outcome outcome = vf(peer, {"dead", "list", "--json"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const json all = json::parse(outcome.out);
  std::vector<std::string> ids;
  for (const auto& row : all["dead"]) ids.push_back(row["event_id"]);
  EXPECT_THAT(ids, ElementsAre("a", "b", "c", "d"));
  EXPECT_TRUE(all.contains("next") && all["next"].is_null());
  EXPECT_EQ(peer.requests(), 3u);
}

TEST_F(AdminCommands, DeadListIsAnErrorWhenALaterPageIsMissing) {
  const ScriptedPeer peer({{page({"a"}, "stage/1")}, broken("{")});
  const Outcome outcome = vf(peer, {"dead", "list"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out, "") << "the list looks whole";
  EXPECT_THAT(outcome.err, HasSubstr("answered, but"));
}

TEST_F(AdminCommands, EventsShowPrintsALongEvent) {
  const std::string text(4u << 20, 'A');  // the base64 of 3 MiB of zeros
  const ScriptedPeer peer({{answer(
      json{{"event", {{"id", "1"}, {"data_base64", to_base64(std::string(3u << 20, '\0'))}}}, {"received", "now"}}
          .dump())}});
  const Outcome outcome = vf(peer, {"events", "show", "1"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr(text));
}

TEST_F(AdminCommands, EventsTailGoesOnAfterARestartOfTheHub) {
  const auto page_of = [](std::vector<int> numbers) {
    json events = json::array();
    for (const int number : numbers) {
      const std::string text = std::to_string(number);
      events.push_back(
          {{"receivedtime", "now"}, {"type", "t"}, {"subject", nullptr}, {"id", "e" + text}, {"sequence", text}});
    }
    return Script{answer(json{{"events", events}, {"next", nullptr}}.dump())};
  };
  const Script away{answer(R"({"detail":"away"})", "503 Service Unavailable")};
  const ScriptedPeer peer(
      {page_of({1}), away, away, page_of({3, 2, 1}), {answer(R"({"detail":"no"})", "401 Unauthorized")}});
  const Outcome outcome = vf(peer, {"events", "tail"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out, "now  t  -  e1\nnow  t  -  e2\nnow  t  -  e3\n");
  EXPECT_THAT(outcome.err, testing::StartsWith("vf: trying again: away\nvf: the hub at "));
}

TEST_F(AdminCommands, EventsTailFailsWhenTheHubHasNeverAnswered) {
  const ScriptedPeer peer({{answer(R"({"detail":"away"})", "503 Service Unavailable")}});
  const Outcome outcome = vf(peer, {"events", "tail"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "vf: away\n");
}

TEST_F(AdminCommands, TargetsListLooksLikeThis) {
  const json stage{{"name", "stage"},   {"mode", "live"}, {"configured_mode", "live"}, {"state", "ok"},
                   {"delivered", 1200}, {"backlog", 0},   {"backlog_more", false},     {"oldest_seconds", nullptr},
                   {"waiting", 0},      {"dead", 0},      {"last_error", nullptr},     {"worked_by", nullptr},
                   {"alarm", nullptr}};
  json partner = stage;
  partner.update({{"name", "\xE6\x97\xA5\xE6\x9C\xAC"},
                  {"mode", "paused"},
                  {"configured_mode", "paused"},
                  {"state", "backing off"},
                  {"backlog", 10000},
                  {"backlog_more", true},
                  {"oldest_seconds", 5400.0},
                  {"waiting", 2},
                  {"dead", 31},
                  {"last_error", "HTTP 503\x1B"},
                  {"alarm", "the target sulks"}});
  const ScriptedPeer peer({{answer(json{{"targets", {stage, partner}}, {"next", nullptr}}.dump())}});
  EXPECT_EQ(vf(peer, {"targets", "list"}).out,
            "TARGET  MODE    STATE        DELIVERED  BACKLOG  OLDEST  WAITING  DEAD  ALARM             LAST ERROR\n"
            "stage   live    ok           1200       0        -       0        0     -                 -\n"
            "\xE6\x97\xA5\xE6\x9C\xAC    paused  backing off  1200       10000+   1.5h    2        31    the target "
            "sulks  HTTP 503\\u001b\n");
}

TEST_F(AdminCommands, TargetsListShowsTheFilesModeBesideAnOrderedOne) {
  const auto shown = [this](const char* mode, const char* configured) {
    const json target{{"name", "stage"}, {"mode", mode}, {"configured_mode", configured}, {"state", "ok"}};
    const ScriptedPeer peer({{answer(json{{"targets", {target}}, {"next", nullptr}}.dump())}});
    const auto out = vf(peer, {"targets", "list"}).out;
    return out.substr(out.find("stage   ") + 8);
  };
  EXPECT_TRUE(shown("live", "paused").starts_with("live (file: paused)  ok"));
  EXPECT_TRUE(shown("paused", "live").starts_with("paused (file: live)  ok"));
  EXPECT_TRUE(shown("detached", "live").starts_with("detached  ok")) << "no operator ordered it";
}

TEST_F(AdminCommands, DeadListLooksLikeThis) {
  const ScriptedPeer peer({{page({"01939d7e-0000-8000-8000-000000000001"}, nullptr)}});
  EXPECT_EQ(vf(peer, {"dead", "list"}).out,
            "TARGET  EVENT                                 ATTEMPTS  REASON\n"
            "stage   01939d7e-0000-8000-8000-000000000001  1         HTTP 422\n");
}

TEST_F(AdminCommands, EventsListNamesItsNextPage) {
  const json event{{"receivedtime", "now"}, {"type", "t"}, {"subject", nullptr}, {"id", "1"}};
  const ScriptedPeer peer({{answer(json{{"events", {event}}, {"next", "0000000042"}}.dump())},
                           {answer(json{{"events", {event}}, {"next", nullptr}}.dump())}});
  EXPECT_THAT(vf(peer, {"events", "list"}).out, HasSubstr("\nmore: --after 0000000042\n"));
  EXPECT_THAT(vf(peer, {"events", "list", "--after", "0000000042"}).out, Not(HasSubstr("more:")));
}

std::string run_answer(const std::string& state) {
  return answer(
      json{{"id", "1"}, {"job", "dead-retry"}, {"state", state}, {"done", 1}, {"counts", json::object()}}.dump());
}

TEST(WatchRun, GivesUpWhenTheHubDoesNotAnswerAndSaysHowToFindTheRun) {
  const ScriptedPeer peer({{answer(R"({"detail":"away"})", "503 Service Unavailable")}});
  auto client = client_of(peer);
  std::ostringstream out, err;
  const Session session{.streams = {out, err}};
  using namespace std::chrono_literals;
  const auto run = watch_run(session, client, {.id = "r-1"}, {.poll = 1ms, .unanswered_at_most = 20ms});
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().code, Code::unavailable);
  EXPECT_THAT(run.error().message, AllOf(HasSubstr("away"), HasSubstr("`vf runs show r-1`")));
  EXPECT_THAT(err.str(), HasSubstr("run r-1\n"));
}

TEST(WatchRun, GoesOnWhileTheHubAnswersAgain) {
  const Script away{answer("{}", "503 Service Unavailable")};
  const ScriptedPeer peer({{run_answer("running")}, away, away, {run_answer("running")}, away, {run_answer("done")}});
  auto client = client_of(peer);
  std::ostringstream out, err;
  const Session session{.streams = {out, err}};
  using namespace std::chrono_literals;
  const auto run = watch_run(session, client, {.id = "r-1"}, {.poll = 1ms, .unanswered_at_most = 1h});
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_EQ((*run)["state"].text(), "done");
  EXPECT_EQ(peer.requests(), 6u);
}

TEST_F(AdminCommands, TextOfAnotherIsPrintedWithoutControls) {
  const std::string evil = "\x1B[2Jx\xC2\x9B\xE2\x80\xAE\ny", shown = R"(\u001b[2Jx\u009b\u202e\u000ay)";
  const json letter{{"target", "stage"}, {"event_id", "1"}, {"attempts", 1}, {"reason", evil}};
  const ScriptedPeer list({{answer(json{{"dead", {letter}}, {"next", nullptr}}.dump())}});
  EXPECT_THAT(vf(list, {"dead", "list"}).out, HasSubstr(shown + "\n"));
  const auto as_json = vf(list, {"dead", "list", "--json"}).out;
  EXPECT_EQ(json::parse(as_json)["dead"][0]["reason"], evil);
  EXPECT_EQ(as_json.find("\xE2\x80\xAE"), std::string::npos);
  const ScriptedPeer refused({{answer(json{{"detail", evil}}.dump(), "404 Not Found")}});
  EXPECT_EQ(vf(refused, {"targets", "pause", "x"}).err, "vf: " + shown + "\n");
}

TEST_F(AdminCommands, EventsShowPrintsAReadableBodyAsText) {
  const auto shown = [this](const std::string& body) {
    const ScriptedPeer peer(
        {{answer(json{{"event", {{"id", "1"}, {"data_base64", to_base64(body)}}}, {"received", "now"}}.dump())}});
    return vf(peer, {"events", "show", "1"}).out;
  };
  EXPECT_THAT(shown("<order>\n  \xC3\xA9</order>"), HasSubstr("\n<order>\n  \xC3\xA9</order>\n"));
  EXPECT_THAT(shown("{\"a\": \xE2\x80\xAE"), HasSubstr("\n{\"a\": \\u202e\n")) << "what is not JSON may nearly be";
  EXPECT_THAT(shown(std::string("a\0b", 3)), HasSubstr("\nbase64: YQBi\n"));
  EXPECT_THAT(shown("\xFF"), HasSubstr("\nbase64: /w==\n"));
}

// Another server, or a hub that breaks off, on the port of a receiver.
TEST_F(AdminCommands, ProbeReportsTheStatusOfACutAnswer) {
  const ScriptedPeer peer({broken(R"({"status":"accepted"})"),
                           {answer(R"({"status":"duplicate"})")},
                           broken("", "401 Unauthorized"),
                           broken("", "401 Unauthorized")});
  const Outcome outcome = vf(peer, {"probe", peer.url(), "--source", "x", "--scheme", "standard-webhooks", "--secret",
                                    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "--json"});
  const json all = json::parse(outcome.out);
  std::vector<bool> ok;
  for (const auto& probe : all["probes"]) ok.push_back(probe["ok"]);
  EXPECT_THAT(ok, ElementsAre(false, true, true, true)) << outcome.out << outcome.err;
  EXPECT_EQ(all["probes"][0]["status"], 200);
  EXPECT_THAT(all["probes"][0]["answer"].get<std::string>(), HasSubstr("cut: "));
}

}  // namespace
}  // namespace vf::cli
