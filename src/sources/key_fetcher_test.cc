// KeyFetcher against a peer that accepts connections and never answers, and against one that answers too much or breaks
// off. Oracle: the answers, and the connections that the peer accepted. A drain that does not end in time exceeds the
// time limit of the test.
#include "sources/key_fetcher.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <optional>

#include "http/tests/scripted_peer_test.h"

namespace vf::sources {
namespace {

using testing::HasSubstr;

// Listens on a port of its own.
class SilentPeer {
 public:
  SilentPeer() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&at), size), 0);
    EXPECT_EQ(listen(fd_, 16), 0);
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size), 0);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(at.sin_port)) + "/key";
  }
  ~SilentPeer() {
    for (const int connection : connections_) close(connection);
    close(fd_);
  }

  const std::string& url() const { return url_; }
  /// Whether a connection arrives within `at_most_ms`.
  bool accept(int at_most_ms) {
    pollfd ready{.fd = fd_, .events = POLLIN, .revents = 0};
    if (poll(&ready, 1, at_most_ms) != 1) return false;
    connections_.push_back(accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC));
    return connections_.back() >= 0;
  }

 private:
  int fd_;
  std::string url_;
  std::vector<int> connections_;
};

TEST(KeyFetcher, DrainAnswersEveryCallerAndFetchesNoMore) {
  SilentPeer peer;
  constexpr size_t kAsked = 10;  // one after the other they would take twenty seconds
  std::vector<std::optional<Result<std::string>>> answers(kAsked);
  {
    KeyFetcher fetcher;
    for (auto& answer : answers) {
      fetcher.ask(peer.url(), [&answer](Result<std::string> body) {
        EXPECT_FALSE(answer) << "answered twice";
        answer = std::move(body);
      });
    }
    ASSERT_TRUE(peer.accept(10'000));
    fetcher.drain();
    for (const auto& answer : answers) {
      ASSERT_TRUE(answer) << "a caller waits for ever";
      ASSERT_FALSE(*answer);
      EXPECT_EQ(answer->error().code, Code::unavailable);
    }
    EXPECT_THAT(answers.back()->error().message, HasSubstr("shutting down"));
    EXPECT_FALSE(peer.accept(0)) << "a waiting fetch was still tried";

    std::optional<Result<std::string>> late;
    fetcher.ask(peer.url(), [&late](Result<std::string> body) { late = std::move(body); });
    ASSERT_TRUE(late) << "after draining the answer comes at once";
    EXPECT_FALSE(*late);
  }
  EXPECT_FALSE(peer.accept(0));
}

Result<std::string> fetch(http::Script script) {
  const http::ScriptedPeer peer({std::move(script)});
  std::promise<Result<std::string>> answered;
  KeyFetcher fetcher;
  fetcher.ask(peer.url(), [&answered](Result<std::string> body) { answered.set_value(std::move(body)); });
  return answered.get_future().get();
}

std::string answer(size_t bytes) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n" + std::string(bytes, 'k');
}

TEST(KeyFetcher, BodyAtTheLimitIsTakenAndOneByteMoreIsAnError) {
  const auto whole = fetch({answer(KeyFetcher::kBodyBytesMax)});
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ(whole->size(), KeyFetcher::kBodyBytesMax);
  const auto cut = fetch({answer(KeyFetcher::kBodyBytesMax + 1)});
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, Code::unavailable);
  EXPECT_THAT(cut.error().message, HasSubstr("answered 200, but the body is longer than 65536 bytes"));
}

TEST(KeyFetcher, CutBodyIsNoKey) {
  using Then = http::Script::Then;
  for (const auto& script : {http::Script{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nkey", Then::reset},
                             http::Script{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nkey", Then::close},
                             http::Script{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nkey", Then::keep},
                             http::Script{"HTTP/1.1 200 OK\r\n\r\n", Then::repeat, "key"}}) {
    const auto cut = fetch(script);
    ASSERT_FALSE(cut) << *cut;
    EXPECT_EQ(cut.error().code, Code::unavailable);
  }
}

TEST(KeyFetcher, StatusOfACutAnswerDecides) {
  const auto refused = fetch({"HTTP/1.1 404 Not Found\r\n\r\n", http::Script::Then::repeat, "x"});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("answered 404"));
}

}  // namespace
}  // namespace vf::sources
