// The server's life: many connections, answers from other threads, peers that vanish, drain.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <future>
#include <thread>

#include "base/eventually_test.h"
#include "http/server.h"
#include "http/tests/raw_peer_test.h"

namespace vf::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

/// Holds requests back until the test answers them.
class HeldRequests {
 public:
  Handler handler() {
    return [this](Request, Respond respond) {
      const std::lock_guard lock(mutex_);
      held_.push_back(std::move(respond));
      arrived_.notify_all();
    };
  }
  Respond take() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(arrived_.wait_for(lock, 10s, [&] { return !held_.empty(); }));
    Respond respond = std::move(held_.front());
    held_.pop_front();
    return respond;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Respond> held_;
};

Response text(std::string body) {
  Response response;
  response.body = std::move(body);
  return response;
}

void answer_ok(Request, Respond respond) { respond(text("ok")); }

TEST(ServerLife, HoldsAThousandIdleConnectionsAndStillAnswers) {
  const auto server = std::move(*Server::start("test", {.threads = 2}, answer_ok));
  std::vector<RawPeer> idle;
  for (int i = 0; i < 1000; ++i) idle.emplace_back(server->port());
  ASSERT_TRUE(eventually([&] { return server->stats().connections_open == 1000; }));
  RawPeer one(server->port());
  one.send(kGet);
  EXPECT_EQ(one.read().status, 200);
  for (RawPeer& peer : idle) {
    peer.send(kGet);
    EXPECT_EQ(peer.read().status, 200);
  }
  idle.clear();
  EXPECT_TRUE(eventually([&] { return server->stats().connections_open == 1; }));
}

TEST(ServerLife, TakesAnswersFromOtherThreadsInAnyOrder) {
  HeldRequests held;
  const auto server = std::move(*Server::start("test", {.threads = 2}, held.handler()));
  std::vector<RawPeer> peers;
  std::vector<Respond> responds;
  for (int i = 0; i < 100; ++i) {
    peers.emplace_back(server->port());
    peers.back().send(kGet);
    responds.push_back(held.take());
  }
  std::jthread backwards([&] {
    for (size_t i = responds.size(); i-- > 50;) responds[i](text(std::to_string(i)));
  });
  std::jthread forwards([&] {
    for (size_t i = 0; i < 50; ++i) responds[i](text(std::to_string(i)));
  });
  for (size_t i = 0; i < peers.size(); ++i) EXPECT_EQ(peers[i].read().body, std::to_string(i));
}

TEST(ServerLife, DoesNotReadAheadWhileARequestWaits) {
  HeldRequests held;
  const auto server = std::move(*Server::start("test", {}, held.handler()));
  RawPeer peer(server->port());
  peer.send(std::string(kGet) + std::string(kGet));
  Respond first = held.take();
  EXPECT_EQ(server->stats().requests_total, 1u);
  first(text("first"));
  EXPECT_EQ(peer.read().body, "first");
  held.take()(text("second"));
  EXPECT_EQ(peer.read().body, "second");
}

TEST(ServerLife, SendsOneAnswerWhateverTheHandlerDoes) {
  const auto server = std::move(*Server::start("test", {}, [](Request, Respond respond) {
    respond(text("once"));
    respond(text("twice"));
  }));
  RawPeer peer(server->port());
  peer.send(kGet);
  EXPECT_EQ(peer.read().body, "once");
  peer.send(kGet);
  EXPECT_EQ(peer.read().body, "once");
}

TEST(ServerLife, AnswersToDeadPeersAndDeadServersAreDropped) {
  HeldRequests held;
  auto server = std::move(*Server::start("test", {}, held.handler()));
  RawPeer dead(server->port());
  dead.send(kGet);
  Respond to_dead_peer = held.take();
  dead.reset();
  to_dead_peer(text("no peer"));
  EXPECT_TRUE(eventually([&] { return server->stats().connections_open == 0; }));

  RawPeer waiting(server->port());
  waiting.send(kGet);
  Respond to_dead_server = held.take();
  server.reset();
  EXPECT_TRUE(waiting.is_closed());
  to_dead_server(text("no peer"));
}

TEST(ServerLife, AnAnswerTooLargeForTheSocketArrivesWhole) {
  const std::string large(20 << 20, 'x');
  const auto server = std::move(*Server::start("test", {}, [&](Request, Respond respond) { respond(text(large)); }));
  RawPeer peer(server->port());
  peer.send(kGet);
  EXPECT_EQ(peer.read().body, large);
}

TEST(ServerLife, APeerThatDoesNotReadItsAnswerIsDropped) {
  const std::string large(20 << 20, 'x');
  const auto server = std::move(
      *Server::start("test", {.request_timeout = 60ms}, [&](Request, Respond respond) { respond(text(large)); }));
  RawPeer peer(server->port());
  peer.send(kGet);
  EXPECT_TRUE(eventually([&] { return server->stats().requests_total == 1 && server->stats().connections_open == 0; }));
}

TEST(ServerLife, DrainClosesIdleFinishesWhatIsInFlightAndAcceptsNoMore) {
  HeldRequests held;
  const auto server = std::move(*Server::start("test", {}, held.handler()));
  RawPeer idle(server->port());
  ASSERT_TRUE(eventually([&] { return server->stats().connections_open == 1; }));
  RawPeer half(server->port());
  half.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\na");
  RawPeer busy(server->port());
  busy.send(kGet);
  Respond respond = held.take();

  auto drained = std::async(std::launch::async, [&] { server->drain(10s); });
  EXPECT_TRUE(idle.is_closed());
  EXPECT_FALSE(RawPeer(server->port()).connected());
  respond(text("done"));
  const auto answer = busy.read();
  EXPECT_EQ(answer.body, "done");
  EXPECT_THAT(answer.head, HasSubstr("Connection: close"));
  EXPECT_TRUE(busy.is_closed());
  half.send("b");
  held.take()(text("this too"));
  EXPECT_EQ(half.read().body, "this too");
  EXPECT_EQ(drained.wait_for(10s), std::future_status::ready);
}

TEST(ServerLife, DrainEndsAtItsTimeout) {
  HeldRequests held;
  const auto server = std::move(*Server::start("test", {}, held.handler()));
  RawPeer busy(server->port());
  busy.send(kGet);
  const Respond never = held.take();
  server->drain(20ms);
  EXPECT_TRUE(busy.is_closed());
}

TEST(ServerLife, AnswersGivenDuringDrainFromManyThreadsAreSafe) {
  for (int round = 0; round < 20; ++round) {
    HeldRequests held;
    auto server = std::move(*Server::start("test", {.threads = 2}, held.handler()));
    std::vector<RawPeer> peers;
    std::vector<Respond> responds;
    for (int i = 0; i < 8; ++i) {
      peers.emplace_back(server->port());
      peers.back().send(kGet);
      responds.push_back(held.take());
    }
    std::jthread answering([&] {
      for (Respond& respond : responds) respond(text("late"));
    });
    server->drain(0ms);
  }
}

TEST(ServerLife, SaysWhyItCannotListen) {
  const auto first = std::move(*Server::start("test", {}, answer_ok));
  const auto taken = Server::start("test", {.listen = "127.0.0.1:" + std::to_string(first->port())}, answer_ok);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Code::unavailable);
  EXPECT_THAT(taken.error().message, HasSubstr("in use"));
  for (const char* wrong : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000", "nowhere:80", ":80"}) {
    const auto bad = Server::start("test", {.listen = wrong}, answer_ok);
    ASSERT_FALSE(bad) << wrong;
    EXPECT_EQ(bad.error().code, Code::invalid);
  }
}

TEST(ServerLife, ListensOnIpv6) {
  const auto server = Server::start("test", {.listen = "[::1]:0"}, answer_ok);
  if (!server) GTEST_SKIP() << server.error().message;
  EXPECT_EQ((*server)->url(), "http://[::1]:" + std::to_string((*server)->port()));
}

}  // namespace
}  // namespace vf::http
