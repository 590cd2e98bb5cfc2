// Server: runs the stand-in for a ClickHouse server (main.cc) as a process of its own for a test, in a temporary
// folder; process and folder end with the Server. If the process does not start, the test program ends with the reason.
// Used by one thread at a time.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vf::clickhouse_test {

class Server {
 public:
  struct Params {
    std::string user = "vf";
    std::string password = {};
  };
  explicit Server(Params params);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::string address() const;  // "127.0.0.1:8123"
  std::string url() const;      // "http://vf@127.0.0.1:8123/vf"
  void crash();                 // SIGKILL
  void start();                 // after crash(), on the same port and folder

  /// Makes the next statement that contains `match` fail as `kind` says (interface.h). Each fault applies once, in
  /// order.
  void fault(std::string_view kind, std::string_view match = "INSERT INTO vf.raw_events", int code = 0);
  void release();             // lets one held statement go on
  void wait_until_holding();  // until one statement is held
  void wait_until_idle();     // until no statement runs
  /// Returns "ENCODING QUERY-STRING STATEMENT" for each statement since the process started.
  std::vector<std::string> log();

 private:
  std::string control(const std::string& path);
  void wait_for(const std::string& path, std::string_view answer);

  Params params_;
  std::string folder_;
  uint16_t port_ = 0;
  pid_t process_ = -1;
  int input_ = -1;  // the process ends when this is closed
};

}  // namespace vf::clickhouse_test
