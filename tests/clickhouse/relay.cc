#include "relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

namespace vf::clickhouse_test {
namespace {

sockaddr_in loopback(uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return at;
}

int tcp() { return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }

// Returns false when `from` has ended or `to` accepts no more bytes.
bool pass_some(int from, int to) {
  std::array<char, 65536> bytes;
  const ssize_t got = recv(from, bytes.data(), bytes.size(), 0);
  for (ssize_t sent = 0; sent < got;) {
    const ssize_t more = send(to, bytes.data() + sent, static_cast<size_t>(got - sent), MSG_NOSIGNAL);
    if (more <= 0) return false;
    sent += more;
  }
  return got > 0;
}

}  // namespace

Relay::Relay(uint16_t port, uint16_t upstream) : upstream_(upstream), listener_(tcp()) {
  const int reuse = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
  sockaddr_in at = loopback(port);
  socklen_t size = sizeof at;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&at), size) != 0 || listen(listener_, 64) != 0) {
    perror("relay");
    std::exit(1);
  }
  getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size);
  port_ = ntohs(at.sin_port);
  accepting_ = std::jthread([this] { accept_all(); });
}

Relay::~Relay() {
  shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  close(listener_);
  cut();
  passing_.clear();
}

void Relay::accept_all() {
  for (int client = accept(listener_, nullptr, nullptr); client >= 0; client = accept(listener_, nullptr, nullptr)) {
    const std::lock_guard lock(mutex_);
    const auto place = clients_.insert(clients_.end(), client);
    passing_.emplace_back([this, client, place] {
      pass(client);
      const std::lock_guard closing(mutex_);
      clients_.erase(place);
      close(client);
    });
  }
}

void Relay::pass(int client) const {
  const int server = tcp();
  sockaddr_in to = loopback(upstream_);
  bool open = connect(server, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  while (open) {
    std::array<pollfd, 2> ends{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
    poll(ends.data(), ends.size(), -1);
    if (ends[0].revents != 0) open = pass_some(client, server);
    if (open && ends[1].revents != 0) open = pass_some(server, client);
  }
  close(server);
}

void Relay::cut() {
  const std::lock_guard lock(mutex_);
  for (const int client : clients_) shutdown(client, SHUT_RDWR);
}

}  // namespace vf::clickhouse_test
