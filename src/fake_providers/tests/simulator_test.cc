// The simulator against a receiver on loopback: every event arrives, a refused one is sent again, forgeries are
// counted, and a seed gives the same run twice.
#include "fake_providers/simulator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>

#include "base/bytes.h"

namespace vf::fake_providers {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

/// Takes deliveries as a hub would, by the signature's truth; can be made to fail now and then.
class Receiver {
 public:
  explicit Receiver(int fail_every = 0) : fail_every_(fail_every) {}

  Receivers receivers() const {
    return {server_->url() + "/webhooks/kick", server_->url() + "/webhooks/sumsub", "secret"};
  }
  void trust(const std::string& public_pem) { key_ = *crypto::PublicKey::rsa_from_pem(public_pem); }
  const std::map<std::string, int>& bodies() const { return bodies_; }

 private:
  void take(http::Request request, http::Respond respond) {
    const std::lock_guard lock(mutex_);
    if (fail_every_ > 0 && ++requests_ % fail_every_ == 0) return respond(http::problem(503, "later"));
    if (!is_authentic(request)) return respond(http::problem(401, "bad signature"));
    http::Response response;
    const bool repeated = bodies_[request.body]++ > 0;
    response.body = repeated ? R"({"status":"duplicate","event_id":"e"})" : R"({"status":"accepted","event_id":"e"})";
    respond(std::move(response));
  }
  bool is_authentic(const http::Request& request) const {
    const auto header = [&](const char* name) { return std::string(request.headers.unique(name).value_or("")); };
    if (request.path() == "/webhooks/sumsub") {
      return to_hex(crypto::Hmac(crypto::Hash::sha256, "secret").sign(request.body)) == header("X-Payload-Digest");
    }
    const std::string prefix = header("Kick-Event-Message-Id") + "." + header("Kick-Event-Message-Timestamp") + ".";
    return key_->verify(prefix, request.body, from_base64(header("Kick-Event-Signature")).value_or(""));
  }

  const int fail_every_;
  std::mutex mutex_;
  int requests_ = 0;
  std::optional<crypto::PublicKey> key_;
  std::map<std::string, int> bodies_;
  std::unique_ptr<http::Server> server_ =
      std::move(*http::Server::start("test", {}, [this](http::Request request, http::Respond respond) {
        take(std::move(request), std::move(respond));
      }));
};

const std::string& key_pem() {
  static const std::string pem = crypto::PrivateKey::make_rsa(2048).to_pem();
  return pem;
}

PlayerStats play(SimulatorParams params, Receiver& receiver) {
  const SystemClock clock;
  params.kick_key_pem = key_pem();
  params.player.rate = 0;
  const auto simulator = std::move(*Simulator::start(std::move(params), clock));
  receiver.trust(simulator->kick_public_pem());
  EXPECT_TRUE(simulator->play(receiver.receivers()));
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (!simulator->is_finished() && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(simulator->is_finished());
  return simulator->stats();
}

TEST(Simulator, EveryEventArrivesOnce) {
  Receiver receiver;
  const auto stats = play({.mix = {.sumsub_percent = 50}, .faults = {}, .player = {.count = 300}}, receiver);
  EXPECT_EQ(stats.events, 300u);
  EXPECT_EQ(stats.sent, 300u);
  EXPECT_EQ(stats.accepted, 300u);
  EXPECT_EQ(stats.waiting, 0u);
  EXPECT_EQ(receiver.bodies().size(), 300u);
}

TEST(Simulator, ARefusedEventIsSentAgain) {
  Receiver receiver(5);
  const auto stats = play({.mix = {.sumsub_percent = 90}, .faults = {}, .player = {.count = 100}}, receiver);
  EXPECT_EQ(stats.accepted, 100u);
  EXPECT_GE(stats.retries, 20u);
  EXPECT_EQ(stats.sent, 100 + stats.retries);
  EXPECT_EQ(receiver.bodies().size(), 100u);
}

TEST(Simulator, RepeatsAreDuplicatesAndForgeriesAreRefused) {
  Receiver receiver;
  const auto stats = play({.mix = {.sumsub_percent = 50},
                           .faults = {.repeat_percent = 20, .tampered_percent = 20},
                           .player = {.count = 200}},
                          receiver);
  EXPECT_EQ(stats.accepted, 200u);
  EXPECT_GT(stats.duplicates, 10u);
  EXPECT_GT(stats.forgeries_refused, 10u);
  EXPECT_EQ(stats.forgeries_accepted, 0u);
  EXPECT_EQ(stats.sent, stats.accepted + stats.duplicates + stats.forgeries_refused);
}

TEST(Simulator, TheRecordBalancesWithWhatArrived) {
  Receiver receiver;
  std::vector<json> lines;
  const auto record = [&](std::string_view line) { lines.push_back(json::parse(line)); };
  play({.mix = {},
        .faults = {.second_id_percent = 10, .tampered_percent = 10},
        .player = {.count = 100, .record = record}},
       receiver);
  std::set<std::string> accepted;
  for (const json& line : lines) {
    if (line["outcome"] == "accepted") accepted.insert(line["body_sha256"]);
    EXPECT_EQ(line["kind"] == "tampered", line["status"] == 401);
    EXPECT_EQ(line["attempts"], 1);
  }
  std::set<std::string> arrived;
  for (const auto& [body, count] : receiver.bodies()) arrived.insert(to_hex(crypto::sha256(body)));
  EXPECT_EQ(accepted, arrived);
}

TEST(Simulator, TheApiAnswersThePublicKeyInKicksForm) {
  const SystemClock clock;
  const auto simulator = std::move(*Simulator::start({.kick_key_pem = key_pem()}, clock));
  const auto client = http::Client::create({});
  const auto answer = client->call({.method = "GET", .url = simulator->api_url() + "/public/v1/public-key"});
  ASSERT_TRUE(answer);
  const json body = json::parse(answer->body);
  EXPECT_EQ(body["message"], "OK");
  const std::string pem = body["data"]["public_key"];
  EXPECT_EQ(pem.back(), '-');
  EXPECT_EQ(crypto::PublicKey::rsa_from_pem(pem)->fingerprint(),
            crypto::PublicKey::rsa_from_pem(simulator->kick_public_pem())->fingerprint());
  EXPECT_EQ(client->call({.method = "GET", .url = simulator->api_url() + "/public/v1/other"})->status, 404);
  EXPECT_EQ(client->call({.method = "POST", .url = simulator->api_url() + "/public/v1/public-key"})->status, 405);
}

TEST(Simulator, WrongKeysAndTakenAddressesAreErrors) {
  const SystemClock clock;
  EXPECT_EQ(Simulator::start({.kick_key_pem = "nothing"}, clock).error().code, Code::invalid);
  const auto first = std::move(*Simulator::start({.kick_key_pem = key_pem()}, clock));
  const std::string taken = first->api_url().substr(7);
  EXPECT_EQ(Simulator::start({.api_listen = taken, .kick_key_pem = key_pem()}, clock).error().code, Code::unavailable);
}

TEST(Simulator, WaitsForAMissingReceiverAndStopsAtOnce) {
  const SystemClock clock;
  const auto simulator = std::move(
      *Simulator::start({.mix = {}, .faults = {}, .player = {.rate = 100}, .kick_key_pem = key_pem()}, clock));
  ASSERT_TRUE(simulator->play({"http://127.0.0.1:1/webhooks/kick", "http://127.0.0.1:1/webhooks/sumsub", "secret"}));
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (simulator->stats().retries == 0 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(1ms);
  EXPECT_GT(simulator->stats().retries, 0u);
  simulator->stop();
  EXPECT_EQ(simulator->stats().accepted, 0u);
}

TEST(ProviderMix, OneSeedGivesTheSameEventsAndAnotherDoesNot) {
  const auto story = [](uint64_t seed) {
    ProviderMix mix({.seed = seed});
    std::string all;
    for (int i = 0; i < 3'000; ++i) {
      const Payload payload = mix.next(from_unix_millis(1'770'000'000'000 + i * 7));
      all += payload.type + payload.id + payload.subscription_id + payload.body + "\n";
    }
    return all;
  };
  EXPECT_EQ(story(1), story(1));
  EXPECT_NE(story(1), story(2));
}

TEST(ProviderMix, MixesTheProvidersInTheConfiguredShare) {
  ProviderMix mix({.sumsub_percent = 20});
  int sumsub = 0;
  for (int i = 0; i < 5'000; ++i) sumsub += mix.next(from_unix_millis(i)).provider == Provider::sumsub;
  EXPECT_NEAR(sumsub, 1'000, 150);
}

}  // namespace
}  // namespace vf::fake_providers
