// Server: a PostgreSQL cluster for one test program, in a temporary folder. It is stopped and removed when the program
// ends, even by a crash. It runs as an unprivileged user: as the user postgres when the tests run as root. Its version
// is Debian's, or that of the server in $VF_POSTGRES_BIN. If it cannot start, the program ends with the reason. Scope:
// tests. Used by one thread at a time.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace vf::postgres_test {

/// Returns a port of loopback that stays ours until this process ends: a socket that never listens is bound to it, so
/// the kernel gives it to no other program and to no outgoing connection. A server that sets SO_REUSEADDR can bind it.
int free_port();

class Server {
 public:
  struct Params {
    bool fsync = true;                       // off: for tests in which the machine does not crash
    std::vector<std::string> settings = {};  // "max_connections=20"
  };

  /// Returns the server that all tests of the program share. It runs without fsync, from its first use until the
  /// program ends.
  static Server& shared();

  explicit Server(const Params& params);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Creates a database as a copy of the database `from`; by default it is empty. Returns its URL, with the superuser
  /// "hub".
  std::string fresh_database(const std::string& from = "template0");
  static std::string database_of(const std::string& url);
  std::string url(const std::string& database) const;      // over the Unix socket
  std::string tcp_url(const std::string& database) const;  // over loopback

  /// Kills all processes of the server by SIGKILL: nothing is flushed and no client is notified. start() runs recovery.
  void crash();
  /// Shuts the server down in order; connections are closed.
  void stop();
  void start();

  /// Returns whether pg_dump can read the servers of these tests: Debian's refuses a server newer than itself, and the
  /// package of the newer one has no clients.
  static bool can_be_dumped();

  const std::string& folder() const { return folder_; }  // has the sockets, the log, and files of a test
  std::string log() const;                               // the whole text of the server's log
  int port() const { return port_; }

  /// Runs a program (of PostgreSQL or any other) as the server's user and returns its exit status. Output goes to the
  /// server's log.
  int run(const std::vector<std::string>& command) const;
  /// Starts a program in the background and returns its process id. It ends when the test program ends.
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
