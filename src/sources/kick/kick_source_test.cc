#include "sources/kick/kick_source.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/bytes.h"

namespace vf::sources::kick {
namespace {

const std::filesystem::path kFixtures = VF_FIXTURES;

std::string fixture(const std::string& name) {
  std::ifstream file(kFixtures / name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

const crypto::PrivateKey& key() {
  static const auto made = crypto::PrivateKey::make_rsa(2048);
  return made;
}

const crypto::PrivateKey& other_key() {
  static const auto made = crypto::PrivateKey::make_rsa(2048);
  return made;
}

KeySet public_halves(std::initializer_list<const crypto::PrivateKey*> keys) {
  KeySet out;
  for (const auto* one : keys) out.push_back(crypto::PublicKey::rsa_from_pem(one->public_pem()).value());
  return out;
}

KickSource source_with(KeySet keys, std::optional<Millis> max_age = std::nullopt) {
  return KickSource({.name = "kick", .keys = std::move(keys), .max_age = max_age, .fetch_key = {}});
}

using HeaderMap = std::map<std::string, std::string>;

struct Sent {
  HeaderMap headers;
  std::string body;

  http::Request request() const {
    http::Request out{.method = "POST", .target = "/webhooks/kick", .headers = {}, .body = body, .peer = "127.0.0.1"};
    for (const auto& [name, value] : headers) out.headers.add(name, value);
    return out;
  }
};

Sent signed_by(const crypto::PrivateKey& signer, const std::string& timestamp = "2026-11-22T16:00:00Z",
               const std::string& id = "01JVWMSYEHQFCS2YK1GJ5KX7A1") {
  const std::string body = R"({"broadcaster":{"user_id":1},"follower":{"user_id":2}})";
  return {{{"Kick-Event-Message-Id", id},
           {"Kick-Event-Message-Timestamp", timestamp},
           {"Kick-Event-Signature", to_base64(signer.sign(id + "." + timestamp + ".", body))},
           {"Kick-Event-Type", "channel.followed"},
           {"Kick-Event-Version", "1"},
           {"Kick-Event-Subscription-Id", "01JSUB"}},
          body};
}

Sent real_delivery() {
  const auto file = nlohmann::json::parse(fixture("kick-real/chat.message.sent.2025-05-22.headers.json"));
  return {file["headers"].get<HeaderMap>(), fixture("kick-real/chat.message.sent.2025-05-22.body")};
}

const Instant kNow = parse_time("2026-11-22T16:00:00Z").value();

std::string answer(const KickSource& source, const http::Request& request, Instant now = kNow) {
  const Verification verification = source.verify(request, now);
  if (const auto* refusal = std::get_if<Refusal>(&verification)) return std::string(refusal->reason);
  return std::holds_alternative<Delivery>(verification) ? "accepted" : "handshake";
}

std::string answer(const KickSource& source, const Sent& sent, Instant now = kNow) {
  return answer(source, sent.request(), now);
}

TEST(KickVerify, ARealDeliveryUnderKicksOwnKey) {
  const auto source = source_with({crypto::PublicKey::rsa_from_pem(fixture("kick-real/kick-public-key.pem")).value()});
  const Verification verification = source.verify(real_delivery().request(), kNow);
  ASSERT_TRUE(std::holds_alternative<Delivery>(verification));
  const auto& delivery = std::get<Delivery>(verification);
  EXPECT_EQ(delivery.event.type, "kick.chat.message.sent");
  EXPECT_EQ(delivery.event.message_id, "01JVWMSYEHQFCS2YK1GJ5KX7A1");
  EXPECT_EQ(delivery.event.body, real_delivery().body);
  EXPECT_FALSE(delivery.body_key) << "the id is signed";
}

TEST(KickVerify, OneFlippedBitOfTheRealDeliveryIsRefused) {
  const auto source = source_with({crypto::PublicKey::rsa_from_pem(fixture("kick-real/kick-public-key.pem")).value()});
  for (size_t at = 0; at < real_delivery().body.size(); at += 37) {
    auto sent = real_delivery();
    sent.body[at] ^= 1;
    EXPECT_EQ(answer(source, sent), "bad signature");
  }
  auto id = real_delivery();
  id.headers["Kick-Event-Message-Id"] = "01JVWMSYEHQFCS2YK1GJ5KX7A0";
  EXPECT_EQ(answer(source, id), "bad signature");
  auto timestamp = real_delivery();
  timestamp.headers["Kick-Event-Message-Timestamp"] = "2025-05-22T18:41:32Z";
  EXPECT_EQ(answer(source, timestamp), "bad signature");
  auto signature = real_delivery();
  signature.headers["Kick-Event-Signature"][7] = 'A';
  EXPECT_EQ(answer(source, signature), "bad signature");
}

TEST(KickVerify, AnyOfSeveralKeysVerifies) {
  const auto both = source_with(public_halves({&other_key(), &key()}));
  EXPECT_EQ(answer(both, signed_by(key())), "accepted");
  EXPECT_EQ(answer(both, signed_by(other_key())), "accepted");
  const auto verification = source_with(public_halves({&other_key()})).verify(signed_by(key()).request(), kNow);
  EXPECT_EQ(std::get<Refusal>(verification).reason, "bad signature");
  EXPECT_TRUE(std::get<Refusal>(verification).unknown_key) << "a new key may have been published";
  EXPECT_EQ(answer(source_with({}), signed_by(key())), "bad signature");
}

TEST(KickVerify, RequiredHeadersOccurExactlyOnce) {
  const auto source = source_with(public_halves({&key()}));
  for (const auto name :
       {"Kick-Event-Message-Id", "Kick-Event-Message-Timestamp", "Kick-Event-Signature", "Kick-Event-Type"}) {
    auto missing = signed_by(key());
    missing.headers.erase(name);
    EXPECT_EQ(answer(source, missing), "missing header") << name;
    auto empty = signed_by(key());
    empty.headers[name] = "";
    EXPECT_EQ(answer(source, empty), "missing header") << name;
    auto twice = signed_by(key()).request();
    twice.headers.add(name, signed_by(key()).headers[name]);
    EXPECT_EQ(answer(source, twice), "missing header") << name;
  }
  for (const auto name : {"Kick-Event-Version", "Kick-Event-Subscription-Id"}) {
    auto missing = signed_by(key());
    missing.headers.erase(name);
    EXPECT_EQ(answer(source, missing), "accepted") << name;
  }
}

TEST(KickVerify, MalformedHeadersAreRefusedBeforeTheKeyIsTried) {
  const auto source = source_with(public_halves({&key()}));
  for (const std::string& signature : {std::string("!"), to_base64(std::string(255, 'x')),
                                       to_base64(std::string(1025, 'x')), std::string(100'000, 'A')}) {
    auto sent = signed_by(key());
    sent.headers["Kick-Event-Signature"] = signature;
    EXPECT_EQ(answer(source, sent), "malformed header");
  }
  for (const size_t size : {256u, 1024u}) {
    auto sent = signed_by(key());
    sent.headers["Kick-Event-Signature"] = to_base64(std::string(size, 'x'));
    EXPECT_EQ(answer(source, sent), "bad signature") << "at the edge it is the key that refuses";
  }
  for (const auto id : {"a.b", "a b", "a/b", "\xc3\xa9"})
    EXPECT_EQ(answer(source, signed_by(key(), "2026-11-22T16:00:00Z", id)), "malformed header") << id;
  EXPECT_EQ(answer(source, signed_by(key(), "2026-11-22T16:00:00Z", std::string(64, 'a'))), "accepted");
  EXPECT_EQ(answer(source, signed_by(key(), "2026-11-22T16:00:00Z", std::string(65, 'a'))), "malformed header");
}

TEST(KickAge, IsCheckedToTheMillisecondWhenItIsSet) {
  const auto source = source_with(public_halves({&key()}), std::chrono::hours{24});
  const auto sent = signed_by(key(), "2026-11-22T16:00:00Z");
  EXPECT_EQ(answer(source, sent, kNow + std::chrono::hours{24}), "accepted");
  EXPECT_EQ(answer(source, sent, kNow + std::chrono::hours{24} + Millis{1}), "too old");
  EXPECT_EQ(answer(source, sent, kNow - std::chrono::minutes{5}), "accepted");
  EXPECT_EQ(answer(source, sent, kNow - std::chrono::minutes{5} - Millis{1}), "from the future");
  const auto unchecked = source_with(public_halves({&key()}));
  EXPECT_EQ(answer(unchecked, sent, kNow + std::chrono::years{9}), "accepted");
}

TEST(KickAge, ARepeatedDateIsRepairedForTheAgeOnly) {
  const auto source = source_with(public_halves({&key()}), std::chrono::hours{24});
  const auto sent = signed_by(key(), "2026-11-22T2026-11-22T16:00:00Z");
  EXPECT_EQ(answer(source, sent), "accepted") << "signed over the text as it came";
  EXPECT_EQ(answer(source, sent, kNow + std::chrono::hours{25}), "too old");
}

TEST(KickAge, AnUnreadableTimestampLeavesTheTimeInsideTheId) {
  const auto source = source_with(public_halves({&key()}), std::chrono::hours{24});
  const Instant inside = parse_time("2025-05-22T18:41:33.649Z").value();
  EXPECT_EQ(answer(source, signed_by(key(), "noon"), inside), "accepted");
  EXPECT_EQ(answer(source, signed_by(key(), "noon"), kNow), "too old");
  EXPECT_EQ(answer(source, signed_by(key(), "noon", "no-ulid"), kNow), "malformed header");
}

// A provider's endpoint that answers when the test asks it to.
struct Endpoint {
  int asked = 0;
  std::function<void(Result<std::string>)> answer;
  FetchKey fetch() {
    return [this](auto done) {
      ++asked;
      answer = std::move(done);
    };
  }
};

// Asks for a refresh. The result is set once the refresh is answered.
std::shared_ptr<std::optional<KeyRefresh>> refresh(KeyRing& ring, Instant now) {
  auto refreshed = std::make_shared<std::optional<KeyRefresh>>();
  ring.refresh(now, [refreshed](KeyRefresh outcome) {
    EXPECT_FALSE(*refreshed) << "called twice";
    *refreshed = outcome;
  });
  return refreshed;
}

TEST(KickKeys, AnUnknownKeyIsFetchedAndThenVerifies) {
  Endpoint endpoint;
  KickSource source(
      {.name = "kick", .keys = public_halves({&other_key()}), .max_age = {}, .fetch_key = endpoint.fetch()});
  std::optional<KeyRefresh> refreshed;
  source.refresh_keys(kNow, [&](KeyRefresh outcome) { refreshed = outcome; });
  EXPECT_FALSE(refreshed.has_value());
  endpoint.answer(key().public_pem());
  EXPECT_EQ(refreshed, KeyRefresh::changed);
  EXPECT_EQ(answer(source, signed_by(key())), "accepted");
  EXPECT_EQ(answer(source, signed_by(other_key())), "accepted")
      << "a delivery signed before the rotation is still verified";
}

TEST(KickKeys, AtMostOneFetchAMinute) {
  Endpoint endpoint;
  KeyRing ring(public_halves({&key()}), endpoint.fetch());
  (void)refresh(ring, kNow);
  endpoint.answer(key().public_pem());
  EXPECT_EQ(*refresh(ring, kNow + kFetchPause - Millis{1}), KeyRefresh::unchanged);
  EXPECT_EQ(endpoint.asked, 1);
  EXPECT_EQ(*refresh(ring, kNow + kFetchPause), std::nullopt);
  EXPECT_EQ(endpoint.asked, 2);
  endpoint.answer(key().public_pem());
  EXPECT_EQ(*refresh(ring, kNow - std::chrono::hours{9}), std::nullopt) << "a clock set back stops it for hours";
}

TEST(KickKeys, OneFetchInFlightIsJoinedByAtMost64) {
  Endpoint endpoint;
  KeyRing ring({}, endpoint.fetch());
  int calls = 0;
  for (size_t i = 0; i < kFetchWaitersMax; ++i) {
    ring.refresh(kNow + std::chrono::hours{i}, [&](KeyRefresh outcome) { calls += outcome == KeyRefresh::changed; });
  }
  EXPECT_EQ(*refresh(ring, kNow), KeyRefresh::failed) << "nothing is known about this request's key";
  EXPECT_EQ(endpoint.asked, 1);
  endpoint.answer(key().public_pem());
  EXPECT_EQ(calls, 64);
}

TEST(KickKeys, TheSameKeyAgainIsNoChange) {
  Endpoint endpoint;
  KeyRing ring(public_halves({&key()}), endpoint.fetch());
  const auto refreshed = refresh(ring, kNow);
  endpoint.answer(key().public_pem() + "\n");
  EXPECT_EQ(*refreshed, KeyRefresh::unchanged);
  EXPECT_EQ(ring.keys()->size(), 1u);
}

TEST(KickKeys, AFailedFetchChangesNothingAndIsRepeatedAfterFiveSeconds) {
  Endpoint endpoint;
  KeyRing ring(public_halves({&key()}), endpoint.fetch());
  auto refreshed = refresh(ring, kNow);
  endpoint.answer(unavailable("api.kick.com: timeout"));
  EXPECT_EQ(*refreshed, KeyRefresh::failed);
  EXPECT_EQ(*refresh(ring, kNow + kFetchPauseAfterFailure - Millis{1}), KeyRefresh::failed);
  EXPECT_EQ(endpoint.asked, 1);
  refreshed = refresh(ring, kNow + kFetchPauseAfterFailure);
  EXPECT_EQ(endpoint.asked, 2);
  endpoint.answer("<html>");
  EXPECT_EQ(*refreshed, KeyRefresh::failed);
  EXPECT_EQ(ring.keys()->size(), 1u);
  refreshed = refresh(ring, kNow + 2 * kFetchPauseAfterFailure);
  endpoint.answer(other_key().public_pem());
  EXPECT_EQ(*refreshed, KeyRefresh::changed);
  EXPECT_EQ(*refresh(ring, kNow + 3 * kFetchPauseAfterFailure), KeyRefresh::unchanged) << "the pause is long again";
}

TEST(KickKeys, AFailedFetchDecidesNothingUnlessTheOperatorHasGivenTheKeys) {
  for (const bool given : {false, true}) {
    Endpoint endpoint;
    KickSource source(
        {.keys = public_halves({&key()}), .keys_are_given = given, .max_age = {}, .fetch_key = endpoint.fetch()});
    std::optional<KeyRefresh> refreshed;
    source.refresh_keys(kNow, [&](KeyRefresh outcome) { refreshed = outcome; });
    endpoint.answer(unavailable("api.kick.com: timeout"));
    EXPECT_EQ(refreshed, given ? KeyRefresh::unchanged : KeyRefresh::failed);
  }
}

TEST(KickKeys, AtMostFourAreKeptTheNewestFirst) {
  Endpoint endpoint;
  KeyRing ring(public_halves({&key()}), endpoint.fetch());
  std::string last;
  for (int i = 0; i < 5; ++i) {
    last = crypto::PrivateKey::make_rsa(2048).public_pem();
    (void)refresh(ring, kNow + i * kFetchPause);
    endpoint.answer(last);
  }
  EXPECT_EQ(ring.keys()->size(), kKeysMax);
  EXPECT_EQ(ring.keys()->front().fingerprint(), crypto::PublicKey::rsa_from_pem(last)->fingerprint());
}

TEST(KickKeys, WithoutAFetchFunctionThereIsNoRefresh) {
  KeyRing ring({}, {});
  EXPECT_EQ(*refresh(ring, kNow), KeyRefresh::unchanged);
}

TEST(KickKeys, AnAnswerMayComeAfterTheSourceIsGone) {
  Endpoint endpoint;
  int calls = 0;
  {
    KeyRing ring({}, endpoint.fetch());
    ring.refresh(kNow, [&](KeyRefresh) { ++calls; });
  }
  endpoint.answer(key().public_pem());
  EXPECT_EQ(calls, 1);
}

TEST(KickKeys, VerifyingGoesOnWhileKeysChange) {
  KickSource source({.name = "kick", .keys = public_halves({&key()}), .max_age = {}, .fetch_key = [](auto done) {
                       done(other_key().public_pem());
                     }});
  const auto sent = signed_by(key());
  std::atomic<int> refused = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 100; ++i) refused += answer(source, sent) != "accepted";
      });
    }
    for (int i = 0; i < 50; ++i) source.refresh_keys(kNow + i * kFetchPause, [](KeyRefresh) {});
  }
  EXPECT_EQ(refused, 0);
}

TEST(PublicKeyAnswer, IsReadFromTheProvidersForm) {
  const auto pem = read_public_key_answer(fixture("kick-api/public-key.json"));
  ASSERT_TRUE(pem);
  EXPECT_EQ(crypto::PublicKey::rsa_from_pem(*pem)->fingerprint(),
            crypto::PublicKey::rsa_from_pem(fixture("kick-real/kick-public-key.pem"))->fingerprint());
  for (const auto body : {"", "{}", R"({"data":{}})", R"({"data":"x","message":"Bad request"})",
                          R"({"data":{"public_key":""}})", "<html>"}) {
    EXPECT_FALSE(read_public_key_answer(body)) << body;
  }
}

}  // namespace
}  // namespace vf::sources::kick
