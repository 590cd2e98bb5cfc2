// DebianServer: the clickhouse-server of Debian (18.16, of 2018) as a process of a test's own: private configuration,
// a free port of loopback, a temporary folder, an unprivileged user. Too old for the raw log, real for the transport.
#pragma once

#include <sys/types.h>

#include <string>

namespace vf::clickhouse_test {

class DebianServer {
 public:
  static constexpr const char* kUser = "vf";
  static constexpr const char* kPassword = "it's secret";

  /// Why it cannot run here; empty when it can.
  static std::string missing();

  DebianServer();
  ~DebianServer();
  DebianServer(const DebianServer&) = delete;
  DebianServer& operator=(const DebianServer&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  void write_configuration() const;
  void wait_until_it_answers() const;

  std::string folder_;
  int port_ = 0;
  pid_t process_ = -1;
};

}  // namespace vf::clickhouse_test
