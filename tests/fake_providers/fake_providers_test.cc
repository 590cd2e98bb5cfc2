// Every delivery of the fake providers, odd shapes included, is verified by the hub's sources and has the expected
// type; forgeries are not. Signing by RSA is slow, so Kick's are some hundreds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "fake_providers/provider_mix.h"
#include "fake_providers/schedule.h"
#include "sources/kick/kick_source.h"
#include "sources/sumsub/sumsub_source.h"

namespace vf::fake_providers {
namespace {

const Instant kStart = *parse_time("2026-03-01T12:00:00.250Z");

class FakeDeliveries : public testing::Test {
 protected:
  http::Request received(const http::Outgoing& sent) const {
    http::Request request;
    request.method = sent.method;
    request.target = sent.url.substr(sent.url.find('/', 8));
    for (const auto& [name, value] : sent.headers) request.headers.add(name, value);
    request.body = sent.body;
    return request;
  }
  sources::Verification verify(const Delivery& delivery, Instant now) const {
    const http::Request request = received(delivery.request);
    return delivery.payload.provider == Provider::kick ? kick_.verify(request, now) : sumsub_.verify(request, now);
  }
  Signer signer(crypto::Hash hash) const {
    return *Signer::create({.kick_url = "http://127.0.0.1:1/webhooks/kick",
                            .sumsub_url = "http://127.0.0.1:1/webhooks/sumsub",
                            .sumsub_secret = "secret",
                            .sumsub_hash = hash,
                            .kick_key_pem = key_.to_pem()});
  }

  const crypto::PrivateKey key_ = crypto::PrivateKey::make_rsa(2048);
  const sources::kick::KickSource kick_{
      {.keys = {*crypto::PublicKey::rsa_from_pem(key_.public_pem())}, .max_age = Millis{60'000}, .fetch_key = nullptr}};
  const sources::sumsub::SumsubSource sumsub_{{.secrets = {"secret"}}};
};

TEST_F(FakeDeliveries, AreVerifiedAndTypedAndForgeriesAreNot) {
  ProviderMix mix({.sumsub_percent = 40, .odd_percent = 15});
  Schedule schedule({.tampered_percent = 20}, signer(crypto::Hash::sha256), 1);
  Instant now = kStart;
  std::set<std::string> ids, types;
  size_t genuine = 0;
  for (int i = 0; i < 1'200; ++i, now += Millis{10}) schedule.add(mix.next(now), now);
  while (auto delivery = schedule.take(now + Millis{5'000})) {
    const auto verification = verify(*delivery, now);
    if (delivery->kind == Delivery::Kind::tampered) {
      EXPECT_TRUE(std::holds_alternative<sources::Refusal>(verification));
      continue;
    }
    ASSERT_TRUE(std::holds_alternative<sources::Delivery>(verification)) << delivery->payload.body;
    const Event& event = std::get<sources::Delivery>(verification).event;
    const std::string source = delivery->payload.provider == Provider::kick ? "kick." : "sumsub.";
    EXPECT_EQ(event.type, source + delivery->payload.type) << delivery->payload.body;
    EXPECT_FALSE(event.subject.empty());
    EXPECT_FALSE(event.fact_key.empty());
    EXPECT_TRUE(event.is_json);
    EXPECT_LE(event.time, now);
    EXPECT_GE(event.time, kStart - Millis{1'000});
    ids.insert(event.id.to_string());
    types.insert(event.type);
    ++genuine;
  }
  EXPECT_EQ(genuine, 1'200u);
  EXPECT_EQ(ids.size(), genuine);  // no event is taken for a repetition
  EXPECT_GT(types.size(), 25u);
}

TEST_F(FakeDeliveries, ASecondIdIsAnotherEventButTheSameFact) {
  ProviderMix mix({.sumsub_percent = 0});
  Schedule schedule({.second_id_percent = 100}, signer(crypto::Hash::sha256), 1);
  for (int i = 0; i < 50; ++i) schedule.add(mix.next(kStart), kStart);
  std::set<std::string> ids, facts;
  size_t without_fact = 0;  // a change of a stream's title names no fact but its message
  while (auto delivery = schedule.take(kStart + Millis{5'000})) {
    const auto verification = verify(*delivery, kStart);
    const Event& event = std::get<sources::Delivery>(verification).event;
    ids.insert(event.id.to_string());
    if (event.type == "kick.livestream.metadata.updated") {
      ++without_fact;
    } else {
      facts.insert(event.type + event.fact_key);
    }
  }
  EXPECT_EQ(ids.size(), 100u);
  EXPECT_EQ(facts.size(), (100 - without_fact) / 2);
}

TEST_F(FakeDeliveries, OfSumsubAreVerifiedUnderEachDigest) {
  FakeSumsub sumsub({});
  SeededRandom random(1);
  for (const auto hash : {crypto::Hash::sha1, crypto::Hash::sha256, crypto::Hash::sha512}) {
    Delivery delivery;
    delivery.payload = sumsub.next(kStart, random);
    delivery.request = signer(hash).sign(delivery.payload, kStart);
    EXPECT_TRUE(std::holds_alternative<sources::Delivery>(verify(delivery, kStart)));
  }
}

}  // namespace
}  // namespace vf::fake_providers
