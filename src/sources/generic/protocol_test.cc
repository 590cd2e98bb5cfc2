// Handshakes: each is answered as its provider requires, and only when signed; other messages are events.
#include "sources/generic/protocol.h"

#include "base/json_text.h"
#include "crypto/public_key.h"
#include "sources/generic/request_test.h"

namespace vf::sources::generic {
namespace {

constexpr Instant kNow = Instant{std::chrono::seconds{1'700'000'000}};

class SlackProtocol : public testing::Test {
 protected:
  Verification verify(const std::string& body, const std::string& key = "secret") const {
    const std::string time = "1700000000";
    return source_->verify(request_of({{"X-Slack-Signature", "v0=" + hmac_hex(key, "v0:" + time + ":" + body)},
                                       {"X-Slack-Request-Timestamp", time}},
                                      body),
                           kNow);
  }
  const std::unique_ptr<Source> source_ = source_of("slack", "secret");
};

TEST_F(SlackProtocol, EchoesTheChallenge) {
  const auto answer = handshake(verify(R"({"token":"t","challenge":"3eZ\"b\u00e9","type":"url_verification"})"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->content_type, "application/json");
  EXPECT_EQ(answer->body, "{\"challenge\":\"3eZ\\\"b\u00e9\"}");
}

TEST_F(SlackProtocol, AnUnsignedChallengeIsRefused) {
  const std::string body = R"({"challenge":"c","type":"url_verification"})";
  EXPECT_EQ(refusal(verify(body, "guess")), "bad signature");
  EXPECT_EQ(refusal(source_->verify(request_of({}, body), kNow)), "missing header");
}

TEST_F(SlackProtocol, ABodyWithoutAChallengeIsAnEvent) {
  EXPECT_EQ(delivered(verify(R"({"type":"url_verification"})")).event.type, "shop.url_verification");
  EXPECT_EQ(delivered(verify(R"({"type":"other","challenge":"c"})")).event.type, "shop.other");
}

class TwitchProtocol : public testing::Test {
 protected:
  Verification verify(const std::string& type, const std::string& body, const std::string& key = "secret") const {
    const std::string id = "m1", time = "2023-11-14T22:13:20.123456789Z";
    return source_->verify(
        request_of({{"Twitch-Eventsub-Message-Id", id},
                    {"Twitch-Eventsub-Message-Timestamp", time},
                    {"Twitch-Eventsub-Message-Type", type},
                    {"Twitch-Eventsub-Message-Signature", "sha256=" + hmac_hex(key, id + time + body)}},
                   body),
        kNow);
  }
  std::string type_of(const std::string& type, const std::string& body) const {
    return delivered(verify(type, body)).event.type;
  }

  const std::unique_ptr<Source> source_ = source_of("twitch", "secret");
  const std::string challenge_ = R"({"challenge":"pogchamp","subscription":{"type":"channel.follow"}})";
  const std::string event_ = R"({"subscription":{"type":"channel.follow","status":"enabled"},"event":{"user_id":"1"}})";
  const std::string revoked_ = R"({"subscription":{"type":"channel.follow","status":"user_removed"}})";
};

TEST_F(TwitchProtocol, AnswersTheChallengeAsPlainText) {
  const auto answer = handshake(verify("webhook_callback_verification", challenge_));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->content_type, "text/plain");
  EXPECT_EQ(answer->body, "pogchamp");
}

TEST_F(TwitchProtocol, AnUnsignedChallengeIsRefused) {
  EXPECT_EQ(refusal(verify("webhook_callback_verification", challenge_, "guess")), "bad signature");
}

TEST_F(TwitchProtocol, ARevocationIsAnEvent) { EXPECT_EQ(type_of("revocation", revoked_), "shop.revocation"); }

TEST_F(TwitchProtocol, ANotificationHasTheSubscriptionsType) {
  EXPECT_EQ(type_of("notification", event_), "shop.channel.follow");
  EXPECT_EQ(type_of("notification", R"({"subscription":{"type":"drop.entitlement.grant"},"events":[]})"),
            "shop.drop.entitlement.grant");
}

TEST_F(TwitchProtocol, ABodyThatContradictsItsHeaderIsUnrecognised) {
  EXPECT_EQ(type_of("webhook_callback_verification", event_), "shop.unrecognised");
  EXPECT_EQ(type_of("webhook_callback_verification", R"({"challenge":"c","event":{}})"), "shop.unrecognised");
  EXPECT_EQ(type_of("revocation", event_), "shop.unrecognised");
  EXPECT_EQ(type_of("revocation", challenge_), "shop.unrecognised");
  EXPECT_EQ(type_of("notification", challenge_), "shop.unrecognised");
  EXPECT_EQ(type_of("notification", revoked_), "shop.unrecognised");
  EXPECT_EQ(type_of("something_new", event_), "shop.something_new");
}

class DiscordProtocol : public testing::Test {
 protected:
  Verification verify(const std::string& body, const crypto::PrivateKey& key) const {
    const std::string time = "1700000000";
    return source_->verify(
        request_of({{"X-Signature-Ed25519", to_hex(key.sign(time, body))}, {"X-Signature-Timestamp", time}}, body),
        kNow);
  }
  Verification verify(const std::string& body) const { return verify(body, key_); }

  const crypto::PrivateKey key_ = *crypto::PrivateKey::ed25519_from_seed(std::string(32, 's'));
  const std::unique_ptr<Source> source_ = source_of("discord", to_hex(key_.public_bytes()));
};

TEST_F(DiscordProtocol, AnswersThePingOfInteractions) {
  const auto answer = handshake(verify(R"({"application_id":"1","id":"2","token":"t","type":1,"version":1})"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, R"({"type":1})");
}

TEST_F(DiscordProtocol, AnswersThePingOfWebhookEvents) {
  const auto answer = handshake(verify(R"({"version":1,"application_id":"1","type":0})"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 204);
  EXPECT_EQ(answer->body, "");
  EXPECT_EQ(answer->headers.at(0), std::pair(std::string("Content-Type"), std::string("application/json")));
}

TEST_F(DiscordProtocol, AnUnsignedPingIsRefused) {
  const auto other = *crypto::PrivateKey::ed25519_from_seed(std::string(32, 'o'));
  EXPECT_EQ(refusal(verify(R"({"type":1})", other)), "bad signature");
  EXPECT_EQ(refusal(verify(R"({"type":0})", other)), "bad signature");
}

TEST_F(DiscordProtocol, EventsAndCommandsAreKept) {
  EXPECT_EQ(delivered(verify(R"({"type":1,"event":{"type":"ENTITLEMENT_CREATE"}})")).event.type,
            "shop.ENTITLEMENT_CREATE");
  EXPECT_EQ(delivered(verify(R"({"type":2,"id":"2"})")).event.type, "shop.2");
}

}  // namespace
}  // namespace vf::sources::generic
