#include "postgres/bouncer.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <thread>

#include "store/postgres/connection.h"

namespace vf::postgres_test {

Bouncer::Bouncer(const Server& server) : port_(free_port()) {
  const std::string stem = fmt::format("{}/bouncer-{}", server.folder(), port_);
  std::ofstream(stem + ".users") << "\"hub\" \"\"\n";
  std::ofstream(stem + ".ini") << fmt::format(R"([databases]
* = host={0} port={1}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {2}
unix_socket_dir =
auth_type = trust
auth_file = {3}.users
logfile = {3}.log
pool_mode = transaction
default_pool_size = 2
server_round_robin = 1
server_idle_timeout = 2
)",
                                              server.folder(), server.port(), port_, stem);
  process_ = server.spawn({"/usr/sbin/pgbouncer", stem + ".ini"});
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (!store::postgres::Connection::open({.url = url("postgres"), .role = "test"})) {
    if (std::chrono::steady_clock::now() > deadline) {
      std::cerr << "PgBouncer does not answer: see " << stem << ".log" << std::endl;
      std::exit(1);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
}

Bouncer::~Bouncer() {
  kill(process_, SIGTERM);
  waitpid(process_, nullptr, 0);
}

std::string Bouncer::url(const std::string& database) const {
  return fmt::format("postgresql://hub@127.0.0.1:{}/{}", port_, database);
}

}  // namespace vf::postgres_test
