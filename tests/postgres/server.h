// Server: a PostgreSQL cluster for one test program, in a temporary folder, removed when the program ends in any way.
// It runs as an unprivileged user: as postgres when the tests run as root.
// Scope: tests. A failure to start it ends the program with the reason. Used by one thread at a time.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace vf::postgres_test {

/// A port of loopback that no process listens on at the moment.
int free_port();

class Server {
 public:
  struct Params {
    bool fsync = true;                       // off: for tests in which the machine does not crash
    std::vector<std::string> settings = {};  // "max_connections=20"
  };

  /// The program's own server, without fsync, started at its first use, stopped when the program ends.
  static Server& shared();

  explicit Server(const Params& params);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// URL of a new database, a copy of `from`, by default empty. The superuser is "hub".
  std::string fresh_database(const std::string& from = "template0");
  static std::string database_of(const std::string& url);
  std::string url(const std::string& database) const;      // over the Unix socket
  std::string tcp_url(const std::string& database) const;  // over loopback

  /// SIGKILL to all its processes: nothing is flushed, no client is notified. start() recovers.
  void crash();
  /// An orderly shutdown; connections are closed.
  void stop();
  void start();

  const std::string& folder() const { return folder_; }  // sockets, log, and files of a test
  std::string log() const;                               // the server's whole log
  int port() const { return port_; }

  /// Runs a program, of PostgreSQL or another, as the server's user; its exit status. Output goes to the log.
  int run(const std::vector<std::string>& command) const;
  /// Starts a program in the background that ends with this one; its process.
  pid_t spawn(const std::vector<std::string>& command) const;

 private:
  void start_keeper();
  bool answers() const;

  Params params_;
  std::string folder_;
  int port_ = 0;
  pid_t postmaster_ = -1;
  pid_t keeper_ = -1;
  int keeper_pipe_ = -1;
  int databases_ = 0;
};

}  // namespace vf::postgres_test
