// A full server makes room for a new peer by closing the connection that has been idle longest; never a busy one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <thread>
#include <vector>

#include "base/eventually_test.h"
#include "http/server.h"
#include "http/tests/raw_peer_test.h"

namespace vf::http {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
constexpr std::string_view kHalf = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\na";

void answer_ok(Request, Respond respond) { respond({}); }

std::unique_ptr<Server> serve_with(ServerParams params, Handler handler = answer_ok) {
  auto server = Server::start("test", std::move(params), std::move(handler));
  EXPECT_TRUE(server) << server.error().message;
  return std::move(*server);
}

int answered(RawPeer& peer) {
  peer.send(kGet);
  return peer.read().status;
}

bool are_idle(const Server& server, size_t count) {
  return eventually([&] { return server.stats().connections_idle == count; });
}

/// Peers that have been answered and wait, the longest idle first.
std::vector<RawPeer> idle_peers(const Server& server, size_t count) {
  std::vector<RawPeer> peers;
  for (size_t i = 0; i < count; ++i) {
    peers.emplace_back(server.port());
    EXPECT_EQ(answered(peers.back()), 200);
    EXPECT_TRUE(are_idle(server, i + 1));
  }
  return peers;
}

class ServerEviction : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Threads, ServerEviction, testing::Values(1, 3));

TEST_P(ServerEviction, OnlyANewcomerPastTheLimitClosesTheLongestIdle) {
  const auto server = serve_with({.threads = GetParam(), .connections_max = 3});
  auto peers = idle_peers(*server, 3);
  EXPECT_EQ(server->stats().connections_evicted, 0u);
  RawPeer more(server->port());
  EXPECT_EQ(answered(more), 200);
  EXPECT_TRUE(peers[0].is_closed());
  EXPECT_EQ(answered(peers[1]), 200);
  EXPECT_EQ(answered(peers[2]), 200);
  EXPECT_EQ(server->stats().connections_evicted, 1u);
  EXPECT_EQ(server->stats().connections_refused, 0u);
  EXPECT_EQ(server->stats().connections_open, 3u);
}

TEST_P(ServerEviction, TheLongestUnusedIsClosedFirst) {
  const auto server = serve_with({.threads = GetParam(), .connections_max = 4});
  auto peers = idle_peers(*server, 4);
  for (const size_t used : {size_t{0}, size_t{2}}) {
    EXPECT_EQ(answered(peers[used]), 200);
    EXPECT_TRUE(are_idle(*server, 4));
  }
  std::vector<RawPeer> more;
  for (const size_t closed : {size_t{1}, size_t{3}, size_t{0}, size_t{2}}) {
    more.emplace_back(server->port());
    EXPECT_EQ(answered(more.back()), 200);
    EXPECT_TRUE(peers[closed].is_closed()) << closed;
    EXPECT_TRUE(are_idle(*server, 4));
  }
  EXPECT_EQ(server->stats().connections_evicted, 4u);
}

TEST_P(ServerEviction, AConnectionThatHasSentNothingIsIdle) {
  const auto server = serve_with({.threads = GetParam(), .connections_max = 1});
  RawPeer silent(server->port());
  ASSERT_TRUE(are_idle(*server, 1));
  RawPeer more(server->port());
  EXPECT_EQ(answered(more), 200);
  EXPECT_TRUE(silent.is_closed());
}

TEST_P(ServerEviction, AConnectionWithARequestIsNeverClosed) {
  std::mutex mutex;
  std::vector<Respond> held;
  const auto server = serve_with({.threads = GetParam(), .connections_max = 3}, [&](Request request, Respond respond) {
    if (request.path() != "/held") return respond({});
    const std::lock_guard lock(mutex);
    held.push_back(std::move(respond));
  });
  RawPeer waiting(server->port());
  waiting.send("GET /held HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return server->stats().requests_total == 1; }));
  auto idle = idle_peers(*server, 1);
  RawPeer slow(server->port());
  EXPECT_EQ(answered(slow), 200);
  EXPECT_TRUE(are_idle(*server, 2));
  slow.send(kHalf);  // it is idle less long than idle[0], and its request has begun
  RawPeer first(server->port());
  EXPECT_EQ(answered(first), 200);
  EXPECT_TRUE(idle[0].is_closed());
  first.send(kHalf);
  EXPECT_TRUE(are_idle(*server, 0));  // waits: on a busy machine the bytes may arrive late
  RawPeer second(server->port());
  second.send(kGet);
  EXPECT_EQ(second.read().status, 503);
  EXPECT_EQ(server->stats().connections_evicted, 1u);
  for (RawPeer* peer : {&slow, &first}) {
    peer->send("b");
    EXPECT_EQ(peer->read().status, 200);
  }
  held.front()({});
  EXPECT_EQ(waiting.read().status, 200);
}

TEST_P(ServerEviction, ASlowSenderIsBusyUntilItsDeadline) {
  const auto server = serve_with({.threads = GetParam(), .connections_max = 1, .request_timeout = 300ms});
  RawPeer slow(server->port());
  slow.send("P");
  ASSERT_TRUE(eventually([&] { return server->stats().connections_open == 1; }));
  RawPeer refused(server->port());
  EXPECT_EQ(answered(refused), 503);
  EXPECT_EQ(slow.read().status, 408);
  EXPECT_EQ(server->stats().connections_evicted, 0u);
}

TEST_P(ServerEviction, ManyNewcomersAtOnceStayWithinTheLimit) {
  const auto server = serve_with({.threads = GetParam(), .connections_max = 20});
  for (int round = 0; round < 20; ++round) {
    std::vector<RawPeer> peers;
    for (int i = 0; i < 60; ++i) {
      peers.emplace_back(server->port());
      EXPECT_LE(server->stats().connections_open, 20u);
    }
  }
  EXPECT_TRUE(eventually([&] { return server->stats().connections_open == 0; }));
  RawPeer after(server->port());
  EXPECT_EQ(answered(after), 200);
}

}  // namespace
}  // namespace vf::http
