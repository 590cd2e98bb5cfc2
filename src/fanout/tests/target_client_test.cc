// The HTTP client of a target, for receivers that answer and then do not end their answer. Double: a scripted peer.
#include "fanout/target_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/tests/scripted_peer_test.h"

namespace vf::fanout {
namespace {

using http::ScriptedPeer;

Result<http::Response> post(const std::string& path, const std::string& head, std::chrono::milliseconds timeout) {
  const ScriptedPeer peer({{head + "\r\n"}});
  Target target;
  target.url = peer.url() + path;
  return make_client(target, Tuning{})->call({.url = target.url.reveal(), .body = "[]", .timeout = timeout});
}

// With the request's own limit of an hour, the test would not end in time.
TEST(TargetClient, ForeignBodyThatStallsIsCutLongBeforeTheRequestsTimeLimit) {
  const auto answer = post("hook", "HTTP/1.1 200 OK\r\nRetry-After: 7\r\nContent-Length: 9\r\n", std::chrono::hours{1});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  ASSERT_TRUE(answer->cut);
  EXPECT_EQ(answer->cut->by, http::Cut::By::time_limit);
}

TEST(TargetClient, OurReceiverHasTheRequestsTimeLimitForItsResults) {
  const auto answer = post("internal/events", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n", std::chrono::seconds{3});
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_TRUE(answer->cut);
  EXPECT_THAT(answer->cut->reason, testing::Not(testing::HasSubstr("after its headers")));
}

}  // namespace
}  // namespace vf::fanout
