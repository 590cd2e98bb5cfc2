// The session at its limits of reading: answers that are too long, do not end or break off. Double: a scripted peer.
// Oracle: the comments of session.h. Scope: what is read; statements run on a real server in tests/clickhouse.
#include "lake/clickhouse/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/tests/scripted_peer_test.h"

namespace vf::lake::clickhouse {
namespace {

using http::Script;
using http::ScriptedPeer;
using testing::HasSubstr;
using Then = Script::Then;

constexpr size_t kLimit = 1000;

std::string answer(const std::string& body, const std::string& status = "200 OK") {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}
Script broken(const std::string& status, const std::string& fields = "") {
  return {"HTTP/1.1 " + status + "\r\n" + fields + "Content-Length: 9\r\n\r\nabc", Then::reset};
}

SessionParams params_of(std::initializer_list<const ScriptedPeer*> peers) {
  std::vector<std::string> urls;
  for (const auto* peer : peers) urls.push_back(peer->url());
  SessionParams params;
  params.addresses = std::make_shared<Addresses>(urls);
  params.user = "vf";
  params.answer_bytes_max = kLimit;
  return params;
}

TEST(SessionLimits, ResultAtTheLimitIsReadAndOneByteMoreIsAnError) {
  const ScriptedPeer peer({{answer(std::string(kLimit, 'x'))}, {answer(std::string(kLimit + 1, 'x'))}});
  Session session(params_of({&peer}));
  EXPECT_EQ(session.query("SELECT 1").value_or("").size(), kLimit);
  const auto cut = session.query("SELECT 1");
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, Code::unavailable);
  EXPECT_THAT(cut.error().message, HasSubstr("longer than 1000 bytes: ask for a shorter range of time"));
}

TEST(SessionLimits, ResultThatIsTooLongIsNotAskedForElsewhere) {
  const ScriptedPeer first({{"HTTP/1.1 200 OK\r\n\r\n", Then::repeat, "xxxxxxxx"}}), second({{answer("")}});
  Session session(params_of({&first, &second}));
  EXPECT_FALSE(session.query("SELECT 1"));
  EXPECT_EQ(second.requests(), 0u);
}

TEST(SessionLimits, ResultThatBreaksOffIsAskedForElsewhere) {
  const ScriptedPeer first({broken("200 OK")}), second({{answer("whole")}});
  Session session(params_of({&first, &second}));
  EXPECT_EQ(session.query("SELECT 1").value_or(""), "whole");
}

// An exception may stand in the part that is missing, so the outcome is unknown and no row may be refused for it.
TEST(SessionLimits, InsertWhoseAnswerIsCutIsUnavailable) {
  const ScriptedPeer peer({broken("200 OK"), {"HTTP/1.1 200 OK\r\n\r\n", Then::repeat, "xxxxxxxx"}});
  for (int i = 0; i < 2; ++i) {
    const auto unknown = Session(params_of({&peer})).insert("INSERT INTO t", "rows", {});
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, Code::unavailable) << unknown.error().message;
    EXPECT_THAT(unknown.error().message, HasSubstr("answered 200, but"));
  }
}

TEST(SessionLimits, StatusAndCodeOfACutExceptionDecide) {
  const ScriptedPeer peer({broken("404 Not Found", "X-ClickHouse-Exception-Code: 60\r\n"), broken("502 Bad Gateway")});
  Session session(params_of({&peer}));
  EXPECT_EQ(session.query("SELECT 1").error().code, Code::conflict) << "60: unknown table";
  const auto foreign = session.query("SELECT 1");
  EXPECT_EQ(foreign.error().code, Code::unavailable);
  EXPECT_THAT(foreign.error().message, HasSubstr("answers 502"));
}

}  // namespace
}  // namespace vf::lake::clickhouse
