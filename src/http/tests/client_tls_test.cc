// The client over TLS, against the server of the openssl command: which certificates the client trusts. Skipped where
// that command is missing.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "http/client.h"

namespace vf::http {
namespace {

using testing::HasSubstr;

struct ClientTls : testing::Test {
  void SetUp() override {
    std::string name = std::filesystem::temp_directory_path() / "vf-tls-XXXXXX";
    folder = mkdtemp(name.data());
    const std::string make =
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext "
        "subjectAltName=DNS:localhost -keyout " +
        folder + "/key.pem -out " + folder + "/cert.pem >/dev/null 2>&1";
    if (std::system(make.c_str()) != 0) GTEST_SKIP() << "openssl is not installed";
    start_server();
  }
  void TearDown() override {
    if (server > 0) {
      kill(server, SIGKILL);
      waitpid(server, nullptr, 0);
    }
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
  void start_server() {
    int said[2];
    ASSERT_EQ(pipe2(said, O_CLOEXEC), 0);
    server = fork();
    if (server == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      dup2(said[1], STDOUT_FILENO);
      dup2(::open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
      execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-www", "-key", (folder + "/key.pem").c_str(),
             "-cert", (folder + "/cert.pem").c_str(), nullptr);
      _exit(127);
    }
    close(said[1]);
    FILE* lines = fdopen(said[0], "r");
    char line[256];
    while (port == 0 && std::fgets(line, sizeof line, lines) != nullptr) {
      std::sscanf(line, "ACCEPT 127.0.0.1:%d", &port);
    }
    std::fclose(lines);
    ASSERT_NE(port, 0);
  }
  Result<Response> get(const std::string& host, const std::string& ca_pem) const {
    return Client::create({.ca_pem = ca_pem})
        ->call({.method = "GET", .url = "https://" + host + ":" + std::to_string(port) + "/"});
  }
  std::string certificate() const {
    std::stringstream text;
    text << std::ifstream(folder + "/cert.pem").rdbuf();
    return text.str();
  }

  std::string folder;
  pid_t server = -1;
  int port = 0;
};

TEST_F(ClientTls, APeerIsTrustedByAGivenCertificate) {
  const auto answer = get("localhost", certificate());
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
}

TEST_F(ClientTls, APeerUnknownToTheSystemIsRefused) {
  const auto refused = get("localhost", "");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("certificate"));
}

TEST_F(ClientTls, ACertificateOfAnotherNameIsRefused) { EXPECT_FALSE(get("127.0.0.1", certificate())); }

}  // namespace
}  // namespace vf::http
