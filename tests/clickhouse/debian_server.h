// DebianServer: runs Debian's clickhouse-server (18.16, from 2018) as a process of its own for a test, with a private
// configuration, a free loopback port, a temporary folder and an unprivileged user. This version is too old to hold the
// raw log, but is a real server for tests of the transport.
#pragma once

#include <sys/types.h>

#include <string>

namespace vf::clickhouse_test {

class DebianServer {
 public:
  static constexpr const char* kUser = "vf";
  static constexpr const char* kPassword = "it's secret";

  /// Returns why the server cannot run here; empty: it can.
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
