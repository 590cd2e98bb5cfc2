// Server: a PostgreSQL cluster of a test program's own, in a temporary folder, gone with the program however it ends.
// Started by an unprivileged user: when the tests run as root, by the user postgres.
// Scope: tests. A failure to start it ends the program with the reason. One thread at a time.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace vf::postgres_test {

/// A port of loopback that nobody listens on just now.
int free_port();

class Server {
 public:
  struct Params {
    bool fsync = true;                       // off: what a crash of the machine would lose is not at stake
    std::vector<std::string> settings = {};  // "max_connections=20"
  };

  /// The one of this program, without fsync, started at first use, stopped at the program's end.
  static Server& shared();

  explicit Server(const Params& params);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// URL of a new database, a copy of `from`; empty unless told otherwise. Its superuser is "hub".
  std::string fresh_database(const std::string& from = "template0");
  static std::string database_of(const std::string& url);
  std::string url(const std::string& database) const;      // over the Unix socket
  std::string tcp_url(const std::string& database) const;  // over loopback

  /// SIGKILL to every process of it: nothing is flushed, nobody is told. start() recovers.
  void crash();
  /// Ends it in an orderly way; connections are cut.
  void stop();
  void start();

  const std::string& folder() const { return folder_; }  // sockets, log, and what a test wants to lay beside them
  std::string log() const;                               // all that the server has said
  int port() const { return port_; }

  /// Runs a program of PostgreSQL's, or another, as the server's user; its exit status. Output goes to the log.
  int run(const std::vector<std::string>& command) const;
  /// Starts one in the background that dies with the program; its process.
  pid_t spawn(const std::vector<std::string>& command) const;

 private:
  void keep_watch();
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
