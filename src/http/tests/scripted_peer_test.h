// ScriptedPeer: a server with plain sockets, for tests only: answers the requests that come with exactly the bytes
// given, and then keeps, closes or resets the connection, or sends for ever. Any thread may call its functions.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace vf::http {

struct Script {
  enum class Then {
    keep,    // waits for the next request, or for the client to close the connection
    close,   // closes in order
    reset,   // closes as a crashed peer does
    repeat,  // sends `repeated` until the client closes the connection
  };
  std::string bytes;
  Then then = Then::keep;
  std::string repeated = {};
};

class ScriptedPeer {
 public:
  /// The n-th request gets the n-th script, and every later one the last script.
  explicit ScriptedPeer(std::vector<Script> scripts)
      : scripts_(std::move(scripts)), fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    const bool listening = bind(fd_, reinterpret_cast<sockaddr*>(&at), size) == 0 && listen(fd_, 16) == 0;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size);
    if (listening) port_ = ntohs(at.sin_port);
    accepting_ = std::jthread([this] { accept_all(); });
  }
  ~ScriptedPeer() {
    shutdown(fd_, SHUT_RDWR);
    accepting_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int peer : open_) shutdown(peer, SHUT_RDWR);
    }
    serving_.clear();
    close(fd_);
  }
  ScriptedPeer(const ScriptedPeer&) = delete;
  ScriptedPeer& operator=(const ScriptedPeer&) = delete;

  uint16_t port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }
  size_t connections() const { return connections_; }
  size_t requests() const { return requests_; }
  /// How many connections the client has closed, or the script.
  size_t ended() const { return ended_; }

 private:
  void accept_all() {
    for (int peer = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC); peer >= 0;
         peer = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC)) {
      ++connections_;
      const std::lock_guard lock(mutex_);
      open_.push_back(peer);
      serving_.emplace_back([this, peer] { serve(peer); });
    }
  }

  void serve(int peer) {
    std::string read;
    auto then = Script::Then::keep;
    while (then == Script::Then::keep && take_request(peer, read)) {
      const Script& script = scripts_[std::min(requests_++, scripts_.size() - 1)];
      send_all(peer, script.bytes);
      then = script.then;
      while (then == Script::Then::repeat && send_all(peer, script.repeated)) {
      }
    }
    {
      const std::lock_guard lock(mutex_);
      std::erase(open_, peer);
    }
    const linger hard{.l_onoff = 1, .l_linger = 0};
    if (then == Script::Then::reset) setsockopt(peer, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(peer);
    ++ended_;
  }

  // Reads one request to its end, by its Content-Length; false when the client closes the connection.
  static bool take_request(int peer, std::string& read) {
    for (;;) {
      if (const size_t end = read.find("\r\n\r\n"); end != std::string::npos) {
        const size_t whole = end + 4 + content_length(std::string_view(read).substr(0, end));
        if (read.size() >= whole) {
          read.erase(0, whole);
          return true;
        }
      }
      char chunk[65536];
      const ssize_t got = recv(peer, chunk, sizeof chunk, 0);
      if (got <= 0) return false;
      read.append(chunk, static_cast<size_t>(got));
    }
  }
  static size_t content_length(std::string_view head) {
    constexpr std::string_view kName = "Content-Length: ";
    const size_t at = head.find(kName);
    size_t length = 0;
    if (at != head.npos) std::from_chars(head.data() + at + kName.size(), head.data() + head.size(), length);
    return length;
  }
  static bool send_all(int peer, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(peer, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  const std::vector<Script> scripts_;
  const int fd_;
  uint16_t port_ = 0;
  std::atomic<size_t> connections_{0}, requests_{0}, ended_{0};
  std::mutex mutex_;
  std::vector<int> open_;
  std::vector<std::jthread> serving_;
  std::jthread accepting_;
};

}  // namespace vf::http
