// vf_clickhouse_test_server FOLDER PORT USER PASSWORD: a stand-in for a ClickHouse server, for tests; interface.h lists
// what it implements. It is a process of its own because the engine serves one folder a process. Prints "ready PORT"
// and runs until standard input ends.
#include <charconv>
#include <cstdio>
#include <string>
#include <vector>

#include "http/server.h"
#include "interface.h"
#include "relay.h"

int main(int argc, char** argv) {
  using namespace vf;
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() != 4) return 2;
  uint16_t port = 0;
  std::from_chars(arguments[1].data(), arguments[1].data() + arguments[1].size(), port);

  clickhouse_test::Relay* relay_of_main = nullptr;
  auto interface = clickhouse_test::Interface::open(
      {arguments[0], arguments[2], arguments[3], [&relay_of_main] { relay_of_main->cut(); }});
  if (!interface) return std::fprintf(stderr, "%s\n", interface.error().message.c_str()), 1;
  http::ServerParams params;
  params.body_bytes_max = 256u << 20;
  params.buffered_bytes_max = 1u << 30;
  params.response_timeout = std::chrono::minutes{10};
  auto server = http::Server::start("clickhouse", params, [&interface](http::Request request, http::Respond respond) {
    (*interface)->handle(std::move(request), std::move(respond));
  });
  if (!server) return std::fprintf(stderr, "%s\n", server.error().message.c_str()), 1;
  clickhouse_test::Relay relay(port, (*server)->port());
  relay_of_main = &relay;
  std::printf("ready %u\n", relay.port());
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}
