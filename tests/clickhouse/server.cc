#include "server.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "http/client.h"

namespace vf::clickhouse_test {
namespace {

[[noreturn]] void give_up(const char* why) {
  std::fprintf(stderr, "the stand-in for ClickHouse: %s\n", why);
  std::abort();
}

}  // namespace

Server::Server(Params params) : params_(std::move(params)) {
  std::string name = std::filesystem::temp_directory_path() / "vf-clickhouse-XXXXXX";
  folder_ = mkdtemp(name.data());
  start();
}

Server::~Server() {
  crash();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void Server::start() {
  int to_child[2], from_child[2];
  if (pipe2(to_child, O_CLOEXEC) != 0 || pipe2(from_child, O_CLOEXEC) != 0) give_up("no pipe");
  const std::string port = std::to_string(port_);
  const pid_t parent = getpid();
  process_ = fork();
  if (process_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    dup2(to_child[0], STDIN_FILENO);
    dup2(from_child[1], STDOUT_FILENO);
    execl(VF_CLICKHOUSE_TEST_SERVER, "vf_clickhouse_test_server", folder_.c_str(), port.c_str(), params_.user.c_str(),
          params_.password.c_str(), nullptr);
    _exit(127);
  }
  close(to_child[0]);
  close(from_child[1]);
  input_ = to_child[1];
  FILE* said = fdopen(from_child[0], "r");
  unsigned ready = 0;
  if (std::fscanf(said, "ready %u", &ready) != 1) give_up("it did not start; it printed the reason above");
  std::fclose(said);
  port_ = static_cast<uint16_t>(ready);
}

void Server::crash() {
  if (process_ < 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  close(input_);
  process_ = -1;
}

std::string Server::address() const { return "127.0.0.1:" + std::to_string(port_); }

std::string Server::url() const { return "http://" + params_.user + "@" + address() + "/vf"; }

std::string Server::control(const std::string& path) {
  auto answer = http::Client::create({.body_bytes_max = 64u << 20})
                    ->call({.method = "GET", .url = "http://" + address() + "/control/" + path, .once = true});
  if (!answer) give_up(answer.error().message.c_str());
  return std::move(answer->body);
}

void Server::fault(std::string_view kind, std::string_view match, int code) {
  std::string encoded;
  for (const char c : match) encoded += c == ' ' ? "%20" : std::string{c};
  control("fault?kind=" + std::string(kind) + "&match=" + encoded + "&code=" + std::to_string(code));
}

void Server::release() { control("release"); }

void Server::wait_for(const std::string& path, std::string_view answer) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (control(path) != answer) {
    if (std::chrono::steady_clock::now() > deadline) give_up(("timeout while waiting for " + path).c_str());
    std::this_thread::yield();
  }
}

void Server::wait_until_holding() { wait_for("holding", "1"); }
void Server::wait_until_idle() { wait_for("running", "0"); }

std::vector<std::string> Server::log() {
  std::vector<std::string> lines;
  const std::string text = control("log");
  for (size_t at = 0; at < text.size(); at = text.find('\0', at) + 1) {
    lines.push_back(text.substr(at, text.find('\0', at) - at));
  }
  return lines;
}

}  // namespace vf::clickhouse_test
