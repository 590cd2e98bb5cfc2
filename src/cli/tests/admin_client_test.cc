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
  const std::string text(3u << 20, 'x');
  const ScriptedPeer peer({{answer(json{{"event", {{"id", "1"}, {"data_base64", text}}}}.dump())}});
  const Outcome outcome = vf(peer, {"events", "show", "1"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr(text));
}

TEST_F(AdminCommands, EventsListNamesItsNextPage) {
  const json event{{"receivedtime", "now"}, {"type", "t"}, {"subject", nullptr}, {"id", "1"}};
  const ScriptedPeer peer({{answer(json{{"events", {event}}, {"next", "0000000042"}}.dump())},
                           {answer(json{{"events", {event}}, {"next", nullptr}}.dump())}});
  EXPECT_THAT(vf(peer, {"events", "list"}).out, HasSubstr("\nmore: --after 0000000042\n"));
  EXPECT_THAT(vf(peer, {"events", "list", "--after", "0000000042"}).out, Not(HasSubstr("more:")));
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
