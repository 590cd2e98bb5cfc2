// Relay: a TCP relay in front of the test server's listener, so that a test can cut connections at a chosen moment.
// Loopback only. cut() may be called by any thread.
#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <thread>

namespace vf::clickhouse_test {

class Relay {
 public:
  /// Listens on `port` (0: any free one) and forwards connections to `upstream`. Exits the program on failure.
  Relay(uint16_t port, uint16_t upstream);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  uint16_t port() const { return port_; }
  /// Ends every open connection without sending an answer.
  void cut();

 private:
  void accept_all();
  void pass(int client) const;

  const uint16_t upstream_;
  uint16_t port_ = 0;
  int listener_ = -1;
  std::mutex mutex_;
  std::list<int> clients_;
  std::list<std::jthread> passing_;
  std::jthread accepting_;
};

}  // namespace vf::clickhouse_test
