// Every limit of the server at its edge: at the limit a request passes, one beyond it is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/eventually_test.h"
#include "http/server.h"
#include "http/tests/raw_peer_test.h"

namespace vf::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

void echo(Request request, Respond respond) {
  Response response;
  response.content_type = "text/plain";
  response.body = request.method + " " + request.target + " " + std::to_string(request.body.size());
  respond(std::move(response));
}

std::unique_ptr<Server> serve_with(ServerParams params, Handler handler = echo) {
  auto server = Server::start("test", std::move(params), std::move(handler));
  EXPECT_TRUE(server) << server.error().message;
  return std::move(*server);
}

std::string post(size_t length, std::string_view more = "") {
  return "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(length) + "\r\n" + std::string(more) +
         "\r\n";
}

/// The status of one request's answer.
int answered(RawPeer& peer) {
  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  return peer.read().status;
}

/// A GET whose line and headers take exactly `bytes`.
std::string get_of_size(size_t bytes) {
  std::string request = "GET / HTTP/1.1\r\nHost: h\r\nX: ";
  request.append(bytes - request.size() - 4, 'x');
  return request + "\r\n\r\n";
}

TEST(ServerLimits, HeadersAtTheLimitPassAndOneByteMoreIs431) {
  const auto server = serve_with({});
  RawPeer at(server->port());
  at.send(get_of_size(16 << 10));
  EXPECT_EQ(at.read().status, 200);
  RawPeer beyond(server->port());
  beyond.send(get_of_size((16 << 10) + 1));
  EXPECT_EQ(beyond.read().status, 431);
  EXPECT_TRUE(beyond.is_closed());
}

TEST(ServerLimits, HeadersWithoutEndAre431BeforeTheyEnd) {
  const auto server = serve_with({});
  RawPeer line(server->port());
  line.send("GET /" + std::string(16 << 10, 'a'));
  EXPECT_EQ(line.read().status, 431);
  RawPeer field(server->port());
  field.send("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(16 << 10, 'a'));
  EXPECT_EQ(field.read().status, 431);
}

TEST(ServerLimits, TooManyFieldsAre431) {
  const auto server = serve_with({});
  const auto with_fields = [](int count) {
    std::string request = "GET / HTTP/1.1\r\nHost: h\r\n";
    for (int i = 1; i < count; ++i) request += "a: b\r\n";
    return request + "\r\n";
  };
  RawPeer at(server->port());
  at.send(with_fields(128));
  EXPECT_EQ(at.read().status, 200);
  RawPeer beyond(server->port());
  beyond.send(with_fields(129));
  EXPECT_EQ(beyond.read().status, 431);
}

TEST(ServerLimits, BodyAtTheLimitPassesAndOneByteMoreIs413) {
  const auto server = serve_with({.body_bytes_max = 100'000});
  RawPeer at(server->port());
  at.send(post(100'000) + std::string(100'000, 'b'));
  EXPECT_EQ(at.read().body, "POST /p 100000");
  RawPeer beyond(server->port());
  beyond.send(post(100'001));
  const auto answer = beyond.read();  // no byte of the body was sent
  EXPECT_EQ(answer.status, 413);
  EXPECT_THAT(answer.head, HasSubstr("Connection: close"));
}

TEST(ServerLimits, TheAnswerArrivesThoughTheRefusedBodyIsStillSent) {
  const auto server = serve_with({.body_bytes_max = 1000});
  RawPeer peer(server->port());
  EXPECT_TRUE(peer.send(post(8 << 20) + std::string(8 << 20, 'b')));
  EXPECT_EQ(peer.read().status, 413);
}

TEST(ServerLimits, ChunksAtTheLimitPassAndAreCutBeyondIt) {
  const auto server = serve_with({.body_bytes_max = 8});
  const std::string head = "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  RawPeer at(server->port());
  at.send(head + "4\r\nabcd\r\n4;ext=1\r\nabcd\r\n0\r\nTrailer: t\r\n\r\n");
  EXPECT_EQ(at.read().body, "POST /p 8");
  RawPeer beyond(server->port());
  beyond.send(head + "4\r\nabcd\r\n5\r\n");  // the second chunk is announced, but not sent
  EXPECT_EQ(beyond.read().status, 413);
}

TEST(ServerLimits, AnIncompleteRequestIs408AtItsTimeout) {
  const auto server = serve_with({.request_timeout = 60ms});
  for (const std::string_view part :
       {"P", "POST / HTTP/1.1\r\nHo", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabc"}) {
    RawPeer slow(server->port());
    slow.send(part);
    EXPECT_EQ(slow.read().status, 408) << part;
    EXPECT_TRUE(slow.is_closed());
  }
  EXPECT_EQ(server->stats().timed_out, 3u);
}

TEST(ServerLimits, DrippingBytesDoNotProlongARequest) {
  const auto server = serve_with({.request_timeout = 100ms});
  RawPeer slow(server->port());
  slow.send("POST / HTTP/1.1\r\nHost: h\r\nX: ");
  std::jthread drip([&](const std::stop_token& stop) {
    while (!stop.stop_requested() && slow.send("x")) std::this_thread::sleep_for(5ms);
  });
  EXPECT_EQ(slow.read().status, 408);
}

TEST(ServerLimits, AnIdleConnectionIsClosedWithoutAnAnswer) {
  const auto server = serve_with({.idle_timeout = 60ms});
  RawPeer fresh(server->port());
  EXPECT_TRUE(fresh.is_closed());
  RawPeer used(server->port());
  used.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(used.read().status, 200);
  EXPECT_TRUE(used.is_closed());
}

TEST(ServerLimits, ANewcomerGets503WhileEveryConnectionIsBusy) {
  const auto server = serve_with({.connections_max = 2});
  RawPeer first(server->port());
  RawPeer second(server->port());
  for (RawPeer* peer : {&first, &second}) peer->send(post(5) + "abc");
  ASSERT_TRUE(eventually([&] { return server->stats().connections_open == 2; }));
  RawPeer third(server->port());
  third.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto refused = third.read();
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.head, HasSubstr("Retry-After: 1"));
  third.end_sending();
  EXPECT_TRUE(third.is_closed());
  EXPECT_EQ(server->stats().connections_refused, 1u);

  first.close_now();
  ASSERT_TRUE(eventually([&] { return server->stats().connections_open == 1; }));
  RawPeer fourth(server->port());
  EXPECT_EQ(answered(fourth), 200);
  second.send("de");
  EXPECT_EQ(second.read().status, 200);
}

TEST(ServerLimits, ALateHandlerIs503AndItsAnswerIsDropped) {
  Respond late;
  const auto server = serve_with({.response_timeout = 60ms}, [&](Request request, Respond respond) {
    if (request.path() == "/late") {
      late = std::move(respond);
    } else {
      echo(std::move(request), std::move(respond));
    }
  });
  RawPeer peer(server->port());
  peer.send("GET /late HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto answer = peer.read();
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.head, HasSubstr("Retry-After: 1"));
  late(problem(418, "too late"));
  peer.send("GET /next HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(peer.read().body, "GET /next 0");
}

TEST(ServerLimits, LongBodiesTogetherAreBoundedAndShortOnesPass) {
  const auto server = serve_with({.buffered_bytes_max = 100'001});
  RawPeer first(server->port());
  first.send(post(100'001) +
             std::string(100'000, 'a'));  // with headers and less kFreeRequestBytes: just below the bound
  RawPeer second(server->port());
  second.send(post(3'000) + std::string(3'000, 'a'));
  EXPECT_EQ(second.read().status, 200);
  RawPeer third(server->port());
  RawPeer::Answer answer;
  answer.status = 200;
  // The bytes of the first request may arrive late: until they are counted, the third request is accepted.
  for (int i = 0; i < 10'000 && answer.status == 200; ++i) {
    third.send(post(60'000) + std::string(60'000, 'a'));
    answer = third.read();
  }
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.head, HasSubstr("Retry-After: 1"));
  first.reset();
  for (int i = 0; i < 10'000 && answer.status == 503; ++i) {
    RawPeer next(server->port());
    next.send(post(60'000) + std::string(60'000, 'a'));
    answer = next.read();
  }
  EXPECT_EQ(answer.status, 200);
}

TEST(ServerLimits, LongHeadersCountAsLongRequests) {
  const auto server = serve_with({.buffered_bytes_max = 32u << 10});
  std::vector<RawPeer> peers;
  for (int i = 0; i < 3; ++i) {
    peers.emplace_back(server->port());
    peers.back().send("GET /" + std::string(15'000, 'a'));
  }
  ASSERT_TRUE(eventually([&] { return server->stats().responses_5xx == 1; }));
  RawPeer after(server->port());
  EXPECT_EQ(answered(after), 200);
}

TEST(ServerLimits, ADeclaredLengthTakesNoMemory) {
  const auto server = serve_with({.buffered_bytes_max = 0});
  std::vector<RawPeer> peers;
  for (int i = 0; i < 20; ++i) {
    peers.emplace_back(server->port());
    peers.back().send(post(100) + std::string(99, 'a'));
    RawPeer promising(server->port());
    promising.send(post(1 << 20) + "a");
    peers.push_back(std::move(promising));
  }
  for (size_t i = 0; i < peers.size(); i += 2) {
    peers[i].send("a");
    EXPECT_EQ(peers[i].read().status, 200);
  }
  EXPECT_EQ(server->stats().responses_5xx, 0u);
}

}  // namespace
}  // namespace vf::http
