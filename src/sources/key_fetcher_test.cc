// KeyFetcher against a peer that accepts connections and never answers. Oracle: the answers, and the connections that
// the peer accepted. A drain that does not end in time exceeds the time limit of the test.
#include "sources/key_fetcher.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>

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

}  // namespace
}  // namespace vf::sources
