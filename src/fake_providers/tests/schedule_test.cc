// The schedule: faults in the asked share, order, outages, retries; and the signatures of what it hands out.
#include "fake_providers/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/bytes.h"

namespace vf::fake_providers {
namespace {

using namespace std::chrono_literals;
using Kind = Delivery::Kind;

const Instant kStart = *parse_time("2026-03-01T12:00:00.250Z");

const crypto::PrivateKey& key() {
  static const auto made = crypto::PrivateKey::make_rsa(2048);
  return made;
}

Signer signer() {
  return *Signer::create({.kick_url = "http://127.0.0.1:1/webhooks/kick",
                          .sumsub_url = "http://127.0.0.1:1/webhooks/sumsub",
                          .sumsub_secret = "SoMe_SeCrEt_KeY",
                          .kick_key_pem = key().to_pem()});
}

/// Unsigned in effect, so that thousands cost nothing: Sumsub's HMAC.
Payload cheap(int number) {
  return {.provider = Provider::sumsub,
          .type = "t",
          .id = {},
          .subscription_id = {},
          .body = "body" + std::to_string(number)};
}

Payload kick(std::string id) {
  return {.provider = Provider::kick,
          .type = "channel.followed",
          .id = std::move(id),
          .subscription_id = "S",
          .body = "{}"};
}

std::string header(const Delivery& delivery, std::string_view name) {
  for (const auto& [key, value] : delivery.request.headers) {
    if (key == name) return value;
  }
  return {};
}

std::vector<Delivery> take_all(Schedule& schedule, Instant until) {
  std::vector<Delivery> taken;
  while (auto delivery = schedule.take(until)) taken.push_back(*std::move(delivery));
  return taken;
}

TEST(Schedule, WithoutFaultsSendsEachOnceAtOnceInOrder) {
  Schedule schedule({}, signer(), 1);
  for (int i = 0; i < 100; ++i) schedule.add(cheap(i), kStart);
  const auto taken = take_all(schedule, kStart);
  ASSERT_EQ(taken.size(), 100u);
  for (size_t i = 0; i < taken.size(); ++i) EXPECT_EQ(taken[i].request.body, "body" + std::to_string(i));
  EXPECT_EQ(schedule.size(), 0u);
}

TEST(Schedule, FaultsComeInTheConfiguredShare) {
  Schedule schedule({.repeat_percent = 10, .tampered_percent = 2}, signer(), 1);
  for (int i = 0; i < 10'000; ++i) schedule.add(cheap(i), kStart);
  std::map<Kind, int> counts;
  for (const Delivery& delivery : take_all(schedule, kStart + 1min)) ++counts[delivery.kind];
  EXPECT_EQ(counts[Kind::first], 10'000);
  EXPECT_NEAR(counts[Kind::repeat], 1'000, 150);
  EXPECT_NEAR(counts[Kind::tampered], 200, 70);
}

TEST(Schedule, LateAndOvertakenDeliveriesAreDueLater) {
  Schedule schedule({.late_percent = 50, .late_by_max = 1h}, signer(), 1);
  for (int i = 0; i < 1'000; ++i) schedule.add(cheap(i), kStart);
  EXPECT_NEAR(static_cast<double>(take_all(schedule, kStart).size()), 500, 80);
  EXPECT_GT(take_all(schedule, kStart + 30min).size(), 150u);
  EXPECT_GT(take_all(schedule, kStart + 1h).size(), 150u);
  EXPECT_EQ(schedule.size(), 0u);

  Schedule overtaken({.overtaken_percent = 50}, signer(), 1);
  for (int i = 0; i < 100; ++i) overtaken.add(cheap(i), kStart + Millis{i});
  const auto taken = take_all(overtaken, kStart + 1min);
  EXPECT_FALSE(
      std::ranges::is_sorted(taken, {}, [](const Delivery& d) { return std::stoi(d.payload.body.substr(4)); }));
}

TEST(Schedule, ASecondIdRepeatsTheBodyUnderAnotherIdAndSubscription) {
  Schedule schedule({.second_id_percent = 100}, signer(), 1);
  schedule.add(kick("A"), kStart);
  const auto taken = take_all(schedule, kStart + 1min);
  ASSERT_EQ(taken.size(), 2u);
  EXPECT_EQ(taken[0].payload.body, taken[1].payload.body);
  EXPECT_NE(header(taken[0], "Kick-Event-Message-Id"), header(taken[1], "Kick-Event-Message-Id"));
  EXPECT_NE(header(taken[0], "Kick-Event-Subscription-Id"), header(taken[1], "Kick-Event-Subscription-Id"));
}

TEST(Schedule, AfterAnOutageEverythingComesAtOnce) {
  Schedule schedule({.outage_every = 10s, .outage_length = 5s}, signer(), 1);
  for (int second = 0; second < 20; ++second) schedule.add(cheap(second), kStart + Millis{1'000 * second});
  EXPECT_EQ(take_all(schedule, kStart + 14'999ms).size(), 10u);  // seconds 0 to 9
  EXPECT_EQ(take_all(schedule, kStart + 15s).size(), 6u);        // 10 to 14, which waited, and 15
  EXPECT_EQ(take_all(schedule, kStart + 19s).size(), 4u);
}

TEST(Schedule, ARetrySendsTheSameBytesAfterItsPause) {
  Schedule schedule({}, signer(), 1);
  schedule.add(kick("A"), kStart);
  const Delivery first = *schedule.take(kStart);
  EXPECT_EQ(first.attempts, 1);
  schedule.retry(first, kStart + 1s);
  EXPECT_EQ(schedule.take(kStart + 1'499ms), std::nullopt);
  const Delivery second = *schedule.take(kStart + 1'500ms);
  EXPECT_EQ(second.attempts, 2);
  EXPECT_EQ(second.request.headers, first.request.headers);
  EXPECT_EQ(second.request.body, first.request.body);
}

TEST(Schedule, AProviderGivesUpInTheEnd) {
  EXPECT_EQ(retry_pause(1), 500ms);
  EXPECT_EQ(retry_pause(8), 120s);
  EXPECT_EQ(retry_pause(9), std::nullopt);
}

TEST(Signer, SignsAsKickDoes) {
  const auto request = signer().sign(kick("01JVWMSYEHQFCS2YK1GJ5KX7A1"), kStart);
  Delivery delivery;
  delivery.request = request;
  EXPECT_EQ(header(delivery, "Kick-Event-Message-Timestamp"), "2026-03-01T12:00:00Z");
  EXPECT_EQ(header(delivery, "Kick-Event-Type"), "channel.followed");
  EXPECT_EQ(header(delivery, "Kick-Event-Version"), "1");
  const auto signature = from_base64(header(delivery, "Kick-Event-Signature"));
  const auto public_key = crypto::PublicKey::rsa_from_pem(key().public_pem());
  EXPECT_TRUE(public_key->verify("01JVWMSYEHQFCS2YK1GJ5KX7A1.2026-03-01T12:00:00Z.", "{}", *signature));
}

TEST(Signer, SignsADoubledDateVerbatim) {
  Payload payload = kick("A");
  payload.doubled_date = true;
  Delivery delivery;
  delivery.request = signer().sign(payload, kStart);
  EXPECT_EQ(header(delivery, "Kick-Event-Message-Timestamp"), "2026-03-01T2026-03-01T12:00:00Z");
  const auto signature = from_base64(header(delivery, "Kick-Event-Signature"));
  const auto public_key = crypto::PublicKey::rsa_from_pem(key().public_pem());
  EXPECT_TRUE(public_key->verify("A.2026-03-01T2026-03-01T12:00:00Z.", "{}", *signature));
}

TEST(Signer, SignsAsSumsubDocuments) {
  Payload payload = cheap(0);
  payload.body = "someText";
  Delivery delivery;
  delivery.request = signer().sign(payload, kStart);
  EXPECT_EQ(header(delivery, "X-Payload-Digest"), "7f3beedce7529616a9d6bba59dc1b054a7247cef67f6acff2600864399f47fe0");
  EXPECT_EQ(header(delivery, "X-Payload-Digest-Alg"), "HMAC_SHA256_HEX");
}

TEST(Signer, RefusesAnInvalidKey) {
  const auto none = Signer::create({.kick_key_pem = "-----BEGIN NOTHING-----"});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Code::invalid);
}

}  // namespace
}  // namespace vf::fake_providers
