#include "debian_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "http/client.h"

namespace vf::clickhouse_test {
namespace {

constexpr uid_t kNobody = 65534;

std::string program() {
  for (const char* path : {"/usr/sbin/clickhouse-server", "/usr/bin/clickhouse-server"}) {
    if (std::filesystem::exists(path)) return path;
  }
  return {};
}

// It stays ours until this process ends: a socket that never listens is bound to it. The server sets SO_REUSEADDR.
int free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int reuse = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  bind(fd, reinterpret_cast<sockaddr*>(&at), size);
  getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
  return ntohs(at.sin_port);
}

}  // namespace

std::string DebianServer::missing() {
  return program().empty() ? "clickhouse-server is not installed (its package starts a daemon, so ./dev does not "
                             "install it): apt-get install clickhouse-server, then disable the service"
                           : "";
}

DebianServer::DebianServer() : port_(free_port()) {
  std::string name = std::filesystem::temp_directory_path() / "vf-clickhouse-XXXXXX";
  folder_ = mkdtemp(name.data());
  write_configuration();
  const std::string file = program();
  const std::string configuration = "--config-file=" + folder_ + "/config.xml";
  const std::string log = folder_ + "/log";
  const pid_t parent = getpid();
  process_ = fork();
  if (process_ == 0) {
    if (getuid() == 0 && (setgroups(0, nullptr) != 0 || setgid(kNobody) != 0 || setuid(kNobody) != 0)) _exit(1);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    execl(file.c_str(), file.c_str(), configuration.c_str(), nullptr);
    _exit(127);
  }
  wait_until_it_answers();
}

DebianServer::~DebianServer() {
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void DebianServer::write_configuration() const {
  std::ofstream(folder_ + "/config.xml") << fmt::format(
      "<yandex><logger><level>warning</level><console>1</console></logger><listen_host>127.0.0.1</listen_host>"
      "<http_port>{}</http_port><path>{}/data/</path><tmp_path>{}/tmp/</tmp_path>"
      "<mark_cache_size>16777216</mark_cache_size><users_config>users.xml</users_config>"
      "<default_profile>default</default_profile><default_database>default</default_database></yandex>",
      port_, folder_, folder_);
  std::ofstream(folder_ + "/users.xml") << fmt::format(
      "<yandex><profiles><default></default></profiles><users><{0}><password>{1}</password>"
      "<networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></{0}></users>"
      "<quotas><default></default></quotas></yandex>",
      kUser, kPassword);
  for (const char* made : {"/data", "/tmp"}) std::filesystem::create_directory(folder_ + made);
  if (getuid() != 0) return;
  for (const char* owned : {"", "/data", "/tmp", "/config.xml", "/users.xml"}) {
    if (chown((folder_ + owned).c_str(), kNobody, kNobody) != 0) std::perror("chown");
  }
}

void DebianServer::wait_until_it_answers() const {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  const auto client = http::Client::create({});
  while (!client->call({.method = "GET", .url = "http://" + address() + "/ping"})) {
    if (std::chrono::steady_clock::now() < deadline && waitpid(process_, nullptr, WNOHANG) == 0) continue;
    std::fprintf(stderr, "clickhouse-server does not start:\n");
    std::ifstream log(folder_ + "/log");
    for (std::string line; std::getline(log, line);) std::fprintf(stderr, "%s\n", line.c_str());
    std::abort();
  }
}

}  // namespace vf::clickhouse_test
