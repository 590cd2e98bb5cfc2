#include "postgres/server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <ranges>
#include <thread>

#include "store/postgres/connection.h"

namespace vf::postgres_test {
namespace {

using store::postgres::Connection;

constexpr std::chrono::seconds kStartTimeout{60};

[[noreturn]] void give_up(const std::string& why) {
  std::cerr << "the PostgreSQL server of this test: " << why << std::endl;
  std::exit(1);
}

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

const passwd* server_user() {
  if (geteuid() != 0) return nullptr;
  const passwd* user = getpwnam("postgres");
  if (user == nullptr) give_up("the user postgres is missing: install the package postgresql-15");
  return user;
}

/// Returns the path of a PostgreSQL program: of the server in $VF_POSTGRES_BIN, which may lack clients, else of the
/// newest installed version, else the one in PATH.
std::string program(const std::string& name) {
  if (name.contains('/')) return name;
  std::vector<std::string> found;
  std::error_code ignored;
  if (const char* chosen = std::getenv("VF_POSTGRES_BIN")) {
    const auto path = std::filesystem::path(chosen) / name;
    if (std::filesystem::exists(path, ignored)) return path;
  }
  for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
    const auto path = version.path() / "bin" / name;
    if (std::filesystem::exists(path, ignored)) found.push_back(path);
  }
  return found.empty() ? name : *std::ranges::max_element(found);
}

int wait_for(pid_t process) {
  int status = 0;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

std::vector<pid_t> children_of(pid_t process) {
  std::ifstream list(fmt::format("/proc/{0}/task/{0}/children", process));
  std::vector<pid_t> children;
  for (pid_t child = 0; list >> child;) children.push_back(child);
  return children;
}

bool exists(pid_t process) { return kill(process, 0) == 0; }

}  // namespace

int free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);  // stays open
  const int reuse = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0) give_up("no free port");
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

Server& Server::shared() {
  static Server server({.fsync = false, .settings = {}});
  return server;
}

Server::Server(const Params& params) : params_(params) {
  std::string name = std::filesystem::temp_directory_path() / "vf-pg-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) give_up("no temporary folder");
  folder_ = name;
  const passwd* user = server_user();
  if (user != nullptr && chown(folder_.c_str(), user->pw_uid, user->pw_gid) != 0) give_up("chown fails");
  start_keeper();
  if (run({"initdb", "-D", folder_ + "/data", "-U", "hub", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync",
           "--no-instructions"}) != 0) {
    give_up("initdb fails: " + text_of(folder_ + "/log"));
  }
  start();
}

Server::~Server() {
  crash();  // an orderly shutdown would write out files that are deleted next
  close(keeper_pipe_);
  wait_for(keeper_);
}

// Starts a shell that waits for the end of its input, which comes when this program ends, and then removes the server.
void Server::start_keeper() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) give_up("no pipe");
  const std::string script =
      "read nothing; [ -f \"$0/data/postmaster.pid\" ] && kill -QUIT $(head -1 \"$0/data/postmaster.pid\"); "
      "while [ -f \"$0/data/postmaster.pid\" ] && kill -0 $(head -1 \"$0/data/postmaster.pid\"); do sleep 0.1; done; "
      "rm -rf \"$0\"";
  keeper_ = fork();
  if (keeper_ == 0) {
    setsid();
    const int nowhere = open("/dev/null", O_RDWR);
    dup2(ends[0], STDIN_FILENO);
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    execl("/bin/sh", "sh", "-c", script.c_str(), folder_.c_str(), nullptr);
    _exit(127);
  }
  close(ends[0]);
  keeper_pipe_ = ends[1];
}

pid_t Server::spawn(const std::vector<std::string>& command) const {
  const std::string path = program(command.front());
  // PostgreSQL's programs find each other in the folder of argument 0, which on Debian is not in PATH.
  std::vector<char*> arguments = {const_cast<char*>(path.c_str())};
  for (const std::string& argument : command | std::views::drop(1))
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const passwd* user = server_user();
  const std::string log = folder_ + "/log";
  const pid_t child = fork();
  if (child != 0) return child;
  const int output = open(log.c_str(), O_WRONLY | O_APPEND | O_CREAT, 0666);
  dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  if (chdir(folder_.c_str()) != 0) _exit(126);
  if (user != nullptr &&
      (fchown(output, user->pw_uid, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)) {
    _exit(126);
  }
  prctl(PR_SET_PDEATHSIG, SIGQUIT);  // after setuid(), which clears it
  setpgid(0, 0);
  execvp(path.c_str(), arguments.data());
  _exit(127);
}

int Server::run(const std::vector<std::string>& command) const { return wait_for(spawn(command)); }

void Server::start() {
  if (port_ == 0) port_ = free_port();
  std::vector<std::string> command = {"postgres",
                                      "-D",
                                      folder_ + "/data",
                                      "-c",
                                      fmt::format("port={}", port_),
                                      "-c",
                                      "listen_addresses=127.0.0.1",
                                      "-c",
                                      "unix_socket_directories=" + folder_,
                                      "-c",
                                      "max_connections=60",
                                      "-c",
                                      "max_prepared_transactions=4",
                                      "-c",
                                      "autovacuum=off",
                                      "-c",
                                      fmt::format("fsync={}", params_.fsync ? "on" : "off")};
  for (const std::string& setting : params_.settings) command.insert(command.end(), {"-c", setting});
  postmaster_ = spawn(command);
  const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
  while (std::chrono::steady_clock::now() < deadline) {
    if (answers()) return;
    if (waitpid(postmaster_, nullptr, WNOHANG) == postmaster_) break;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  give_up("does not start: " + text_of(folder_ + "/log"));
}

bool Server::answers() const { return Connection::open({.url = url("postgres"), .role = "test"}).has_value(); }

void Server::stop() {
  if (postmaster_ < 0) return;
  kill(postmaster_, SIGINT);
  wait_for(postmaster_);
  postmaster_ = -1;
}

void Server::crash() {
  if (postmaster_ < 0) return;
  const auto children = children_of(postmaster_);
  kill(postmaster_, SIGKILL);
  for (const pid_t child : children) kill(child, SIGKILL);
  wait_for(postmaster_);
  while (std::ranges::any_of(children, exists)) std::this_thread::sleep_for(std::chrono::milliseconds{5});
  postmaster_ = -1;
}

bool Server::can_be_dumped() { return std::getenv("VF_POSTGRES_BIN") == nullptr; }

std::string Server::log() const {
  std::ifstream file(folder_ + "/log");
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string Server::url(const std::string& database) const {
  return fmt::format("postgresql:///{}?host={}&port={}&user=hub", database, folder_, port_);
}

std::string Server::database_of(const std::string& url) {
  const size_t begin = url.find_first_not_of('/', url.find("//") + 2);
  return url.substr(begin, url.find('?') - begin);
}

std::string Server::tcp_url(const std::string& database) const {
  return fmt::format("postgresql://hub@127.0.0.1:{}/{}", port_, database);
}

std::string Server::fresh_database(const std::string& from) {
  const std::string name = fmt::format("test_{}", ++databases_);
  auto connection = Connection::open({.url = url("postgres"), .role = "test"});
  if (!connection) give_up(connection.error().message);
  const auto created = connection->run(fmt::format("CREATE DATABASE {} TEMPLATE {}", name, from));
  if (!created) give_up(created.error().message);
  return url(name);
}

}  // namespace vf::postgres_test
