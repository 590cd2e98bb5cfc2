// The client against the server of this folder, and against a scripted peer.
#include "http/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "http/address.h"
#include "http/server.h"
#include "http/tests/scripted_peer_test.h"

namespace vf::http {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

Response describe(const Request& request) {
  Response response;
  response.content_type = "text/plain";
  response.body = request.method + " " + request.target + " " + request.body;
  for (const auto& [name, value] : request.headers.items()) response.body += "\n" + name + ": " + value;
  if (request.path() == "/moved") {
    response.status = 302;
    response.headers.emplace_back("Location", "/elsewhere");
  }
  if (request.path() == "/expects") response.body = request.headers.has("Expect") ? "yes" : "no";
  return response;
}

class ClientTest : public testing::Test {
 protected:
  Result<Response> get(std::string path, ClientParams params = {}) {
    return Client::create(params)->call({.method = "GET", .url = server_->url() + path});
  }

  std::unique_ptr<Server> server_ =
      std::move(*Server::start("test", {.body_bytes_max = 4u << 20}, [](Request request, Respond respond) {
        if (request.path() != "/never") respond(describe(request));
      }));
};

TEST_F(ClientTest, SendsMethodHeadersAndBodyAsGiven) {
  const auto client = Client::create({});
  const auto posted =
      client->call({.url = server_->url() + "/p?q=1", .headers = {{"X-A", "1"}, {"X-Empty", ""}}, .body = "b\0b"});
  ASSERT_TRUE(posted) << posted.error().message;
  EXPECT_EQ(posted->status, 200);
  EXPECT_EQ(posted->content_type, "text/plain");
  EXPECT_THAT(posted->body, HasSubstr("POST /p?q=1 b"));
  EXPECT_THAT(posted->body, HasSubstr("\nX-A: 1"));
  EXPECT_THAT(posted->body, HasSubstr("\nX-Empty: "));
  EXPECT_THAT(posted->body, testing::Not(HasSubstr("Content-Type")));
  EXPECT_THAT(client->call({.method = "PATCH", .url = server_->url(), .body = "x"})->body, HasSubstr("PATCH / x"));
  EXPECT_THAT(client->call({.method = "DELETE", .url = server_->url()})->body, HasSubstr("DELETE / "));
  EXPECT_THAT(client->call({.method = "GET", .url = server_->url()})->body, HasSubstr("GET / "));
  EXPECT_EQ(client->call({.method = "HEAD", .url = server_->url()})->body, "");
}

TEST_F(ClientTest, SendsLargeBodiesAtOnceAndKeepsConnections) {
  const auto client = Client::create({});
  for (int i = 0; i < 5; ++i) {
    const auto answer = client->call({.url = server_->url() + "/expects", .body = std::string(2'000'000, 'x')});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body, "no");
  }
  EXPECT_EQ(server_->stats().connections_total, 1u);
}

TEST_F(ClientTest, SendsManyOverFewConnections) {
  const auto client = Client::create({.connections_max = 3});
  int done = 0;
  for (int i = 0; i < 100; ++i) {
    client->send({.url = server_->url(), .body = std::to_string(i)}, [&, i](Result<Response> answer) {
      ASSERT_TRUE(answer) << answer.error().message;
      EXPECT_THAT(answer->body, HasSubstr("POST / " + std::to_string(i) + "\n"));
      ++done;
    });
  }
  EXPECT_EQ(client->in_flight(), 100u);
  while (client->in_flight() > 0) client->poll(1s);
  EXPECT_EQ(done, 100);
  EXPECT_LE(server_->stats().connections_total, 3u);
}

TEST_F(ClientTest, ACompletionMaySendAgain) {
  const auto client = Client::create({});
  std::vector<int> statuses;
  client->send({.url = server_->url()}, [&](Result<Response> first) {
    statuses.push_back(first->status);
    client->send({.url = server_->url() + "/moved"},
                 [&](Result<Response> second) { statuses.push_back(second->status); });
  });
  while (client->in_flight() > 0) client->poll(1s);
  EXPECT_THAT(statuses, ElementsAre(200, 302));
}

TEST_F(ClientTest, DoesNotFollowRedirects) {
  const auto answer = get("/moved");
  EXPECT_EQ(answer->status, 302);
  EXPECT_EQ(header(*answer, "location"), "/elsewhere");
  EXPECT_EQ(server_->stats().requests_total, 1u);
}

TEST_F(ClientTest, AMissingResponseIsUnavailable) {
  const auto late = Client::create({})->call({.url = server_->url() + "/never", .timeout = 50ms});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::unavailable);
  const std::string url = server_->url();
  server_.reset();
  const auto refused = Client::create({})->call({.url = url});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unavailable);
}

TEST(Client, ARequestMarkedOnceIsSentOnce) {
  const ScriptedPeer peer({{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}, {"", Script::Then::close}});
  const auto client = Client::create({});
  ASSERT_TRUE(client->call({.url = peer.url()}));
  const auto cut = client->call({.url = peer.url(), .once = true});
  ASSERT_FALSE(cut) << "a pooled connection would have been replaced, and the request sent again";
  EXPECT_EQ(cut.error().code, Code::unavailable);
  EXPECT_EQ(peer.requests(), 2u);
}

TEST_F(ClientTest, InvalidCertificatesAreUnavailable) {
  const auto client = Client::create({.ca_pem = "no certificate"});
  const auto answer = client->call({.url = "https" + server_->url().substr(4)});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::unavailable);
}

TEST(Client, AResponseBehindAnInterimOneIsTaken) {
  const ScriptedPeer peer({{"HTTP/1.1 103 Early\r\nX-Old: 1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}});
  const auto result = Client::create({})->call({.url = peer.url()});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->body, "ok");
  EXPECT_EQ(header(*result, "X-Old"), std::nullopt);
}

// Only the headers of the final response are kept, so only they are measured.
TEST(Client, InterimResponsesMayBeLongerThanHeadersMay) {
  std::string hints = "HTTP/1.1 103 Early Hints\r\n";
  while (hints.size() <= kResponseHeaderBytesMax) hints += "Link: </" + std::string(500, 'x') + ">\r\n";
  const ScriptedPeer peer({{hints + "\r\n" + hints + "\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}});
  const auto result = Client::create({})->call({.url = peer.url()});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->status, 200);
  EXPECT_EQ(result->body, "ok");
  EXPECT_FALSE(result->cut);
  EXPECT_EQ(header(*result, "Link"), std::nullopt);
}

TEST(Client, APeerThatSpeaksAnotherProtocolIsNamed) {
  const std::string settings_frame("\0\0\0\4\0\0\0\0\0", 9);  // RFC 9113, what a server sends first
  const ScriptedPeer peer({{settings_frame, Script::Then::close}});
  const auto result = Client::create({})->call({.url = peer.url()});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::unavailable);
  EXPECT_THAT(result.error().message, HasSubstr("does not speak HTTP/1.1, perhaps HTTP/2 alone"));
}

TEST_F(ClientTest, RequestsGoThroughAProxyWhoseAddressMayBePrivate) {
  const std::string proxy = "http://user:pass@127.0.0.1:" + std::to_string(server_->port());
  const auto answer = Client::create({.proxy = proxy})->call({.url = "http://10.1.1.1/hook?a=b", .body = "x"});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_THAT(answer->body, HasSubstr("POST /hook?a=b x"));
  EXPECT_THAT(answer->body, HasSubstr("\nHost: 10.1.1.1"));
  EXPECT_THAT(answer->body, HasSubstr("\nProxy-Authorization: Basic dXNlcjpwYXNz"));
  const auto never = Client::create({.proxy = "http://0.0.0.0:1"})->call({.url = "http://10.1.1.1/"});
  ASSERT_FALSE(never);
  EXPECT_THAT(never.error().message, HasSubstr("the address 0.0.0.0 is none that can be connected to"));
}

TEST_F(ClientTest, TheEnvironmentSetsNoProxyAndTakesNoneAway) {
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  setenv("no_proxy", "*", 1);
  EXPECT_TRUE(get("/"));
  const std::string proxy = "http://127.0.0.1:" + std::to_string(server_->port());
  EXPECT_TRUE(Client::create({.proxy = proxy})->call({.url = "http://target.invalid/"}));
  unsetenv("http_proxy");
  unsetenv("no_proxy");
}

TEST(Client, AConnectionThatIsTooOldIsReplaced) {
  const ScriptedPeer peer({{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}});
  const auto client = Client::create({.connection_max_age = 1s});
  ASSERT_TRUE(client->call({.url = peer.url()}));
  const auto give_up = std::chrono::steady_clock::now() + 30s;
  while (peer.connections() == 1 && std::chrono::steady_clock::now() < give_up) {
    ASSERT_TRUE(client->call({.url = peer.url()}));
    client->poll(50ms);
  }
  EXPECT_EQ(peer.connections(), 2U);
}

TEST(Client, AnInvalidRequestIsReportedInPoll) {
  const auto client = Client::create({});
  const std::vector<Outgoing> wrong{{.url = ""},
                                    {.url = "ftp://127.0.0.1/"},
                                    {.url = "file:///etc/hostname"},
                                    {.url = "http://"},
                                    {.method = "GET\r\nX: y", .url = "http://127.0.0.1/"},
                                    {.url = "http://127.0.0.1/", .headers = {{"X", "a\r\nY: b"}}},
                                    {.url = "http://127.0.0.1/", .headers = {{"X\n", "a"}}}};
  for (const Outgoing& request : wrong) {
    const auto result = client->call(request);
    ASSERT_FALSE(result) << request.url;
    EXPECT_EQ(result.error().code, Code::invalid) << request.url;
  }
}

TEST(Client, APrivateAddressBehindANameIsRefusedAtConnectTime) {
  const auto client =
      Client::create({.resolve = {"inside.example:80:10.0.0.1", "mapped.example:80:[::ffff:192.168.0.1]"}});
  for (const char* url : {"http://inside.example/", "http://mapped.example/", "http://10.1.1.1/", "http://167772161/",
                          "http://0x0a.1/", "http://[fd00::1]/", "http://169.254.169.254/"}) {
    const auto result = client->call({.url = url, .timeout = 5s});
    ASSERT_FALSE(result) << url;
    EXPECT_EQ(result.error().code, Code::unavailable);
    EXPECT_THAT(result.error().message, HasSubstr("allow_private")) << url;
  }
}

TEST_F(ClientTest, LoopbackIsAllowedByNameAndNumber) {
  const std::string port = ":" + std::to_string(server_->port());
  const auto client = Client::create({.resolve = {"own.example" + port + ":127.0.0.1"}});
  for (const char* host : {"127.0.0.1", "localhost", "own.example"}) {
    EXPECT_TRUE(client->call({.url = "http://" + std::string(host) + port})) << host;
  }
}

TEST(Client, TakesNoProxyFromTheEnvironment) {
  setenv("http_proxy", "http://127.0.0.1:1/", 1);
  const auto server = std::move(*Server::start("test", {}, [](Request, Respond respond) { respond({}); }));
  EXPECT_TRUE(Client::create({})->call({.url = server->url()}));
  unsetenv("http_proxy");
}

TEST(Client, WakeEndsAPoll) {
  const auto client = Client::create({});
  std::jthread other([&] { client->wake(); });
  const auto start = std::chrono::steady_clock::now();
  client->poll(60s);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 30s);
}

TEST_F(ClientTest, DestructionDropsWhatIsInFlight) {
  bool called = false;
  auto client = Client::create({});
  client->send({.url = server_->url() + "/never"}, [&](Result<Response>) { called = true; });
  client->poll(0ms);
  client.reset();
  EXPECT_FALSE(called);
}

struct AddressRow {
  const char* ip;
  bool plain;      // allowed without allow_private
  bool privately;  // allowed with allow_private
};

TEST(IsAllowedAddress, FollowsTheTable) {
  constexpr AddressRow kRows[] = {
      {"127.0.0.1", true, true},
      {"127.255.255.255", true, true},
      {"::1", true, true},
      {"::ffff:127.0.0.1", true, true},
      {"8.8.8.8", true, true},
      {"1.1.1.1", true, true},
      {"2606:4700::1111", true, true},
      {"::ffff:8.8.8.8", true, true},
      {"64:ff9b::808:808", true, true},
      {"2002:808:808::1", true, true},
      {"9.255.255.255", true, true},
      {"11.0.0.0", true, true},
      {"172.15.255.255", true, true},
      {"172.32.0.0", true, true},
      {"100.63.255.255", true, true},
      {"100.128.0.0", true, true},
      {"192.167.255.255", true, true},
      {"223.255.255.255", true, true},
      {"198.17.255.255", true, true},
      {"198.20.0.0", true, true},
      {"10.0.0.0", false, true},
      {"10.255.255.255", false, true},
      {"172.16.0.0", false, true},
      {"172.31.255.255", false, true},
      {"192.168.1.1", false, true},
      {"169.254.169.254", false, true},
      {"100.64.0.0", false, true},
      {"100.127.255.255", false, true},
      {"192.0.0.1", false, true},
      {"192.0.2.1", false, true},
      {"198.18.0.1", false, true},
      {"198.51.100.7", false, true},
      {"203.0.113.9", false, true},
      {"192.88.99.1", false, true},
      {"fc00::1", false, true},
      {"fdff::1", false, true},
      {"fe80::1", false, true},
      {"fec0::1", false, true},
      {"2001:db8::1", false, true},
      {"2001::1", false, true},
      {"100::1", false, true},
      {"64:ff9b:1::1", false, true},
      {"::ffff:10.0.0.1", false, true},
      {"::10.0.0.1", false, true},
      {"64:ff9b::a00:1", false, true},
      {"2002:a00:1::", false, true},
      {"0.0.0.0", false, false},
      {"0.1.2.3", false, false},
      {"::", false, false},
      {"224.0.0.1", false, false},
      {"239.255.255.255", false, false},
      {"240.0.0.1", false, false},
      {"255.255.255.255", false, false},
      {"ff02::1", false, false},
      {"::ffff:224.0.0.1", false, false},
      {"::ffff:0.0.0.0", false, false},
      {"64:ff9b::e000:1", false, false},
      {"", false, false},
      {"localhost", false, false},
      {"10.0.0", false, false},
      {"1.2.3.4 ", false, false},
      {"[::1]", false, false},
  };
  for (const AddressRow& row : kRows) {
    EXPECT_EQ(is_allowed_address(row.ip, false), row.plain) << row.ip;
    EXPECT_EQ(is_allowed_address(row.ip, true), row.privately) << row.ip;
  }
}

}  // namespace
}  // namespace vf::http
