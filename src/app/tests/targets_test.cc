// Asking an environment about an event, when its answer is cut. Double: a scripted peer. Oracle: the comments of
// targets.h. Scope: what is read; answers of real environments are in tests/e2e.
#include "app/targets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/tests/scripted_peer_test.h"

namespace vf::app {
namespace {

using http::Script;
using http::ScriptedPeer;
using testing::HasSubstr;
using Then = Script::Then;

admin::EnvironmentAnswer ask(Script script) {
  const ScriptedPeer peer({std::move(script)});
  fanout::Target target;
  target.name = "stage";
  target.url = peer.url() + "internal/events";
  target.secrets = {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
  return ask_environments({target}, Uuid{}, from_unix_millis(1'795'000'000'000)).at(0);
}

TEST(AskEnvironments, StatusOfACutAnswerDecidesWhereItCan) {
  EXPECT_EQ(ask({"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nabc", Then::reset}).status, "not received");
  EXPECT_THAT(ask({"HTTP/1.1 503 Busy\r\nContent-Length: 9\r\n\r\n", Then::reset}).reason, HasSubstr("503"));
}

TEST(AskEnvironments, CutStatusOfAnEventIsUnknown) {
  const std::string applied = R"({"status":"applied","reason":"")";
  for (Script script : {Script{"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + applied + "}", Then::reset},
                        Script{"HTTP/1.1 200 OK\r\n\r\n" + applied, Then::repeat, std::string(1000, ' ')}}) {
    const auto answer = ask(std::move(script));
    EXPECT_EQ(answer.status, "unknown");
    EXPECT_THAT(answer.reason, HasSubstr("it answered 200, but"));
  }
}

}  // namespace
}  // namespace vf::app
