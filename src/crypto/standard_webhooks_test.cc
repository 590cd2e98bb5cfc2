#include "crypto/standard_webhooks.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/bytes.h"

namespace vf::crypto {
namespace {

// The published vector, also in tests/fixtures/other/vectors.json.
constexpr std::string_view kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr std::string_view kId = "msg_p5jXN8AQM9LWM0D4loKWxJek", kTimestamp = "1614265330";
constexpr std::string_view kSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
constexpr std::string_view kBody = R"({"test": 2432232314})";
constexpr Instant kSent = Instant{std::chrono::seconds{1614265330}};

WebhookSigner signer(const std::vector<std::string>& secrets = {std::string(kSecret)}) {
  return WebhookSigner::create(secrets).value();
}

WebhookSigner::Signed request() { return {kId, kTimestamp, kSignature, kBody}; }

std::string answer(const WebhookSigner::Signed& request, Instant now = kSent) {
  const auto verified = signer().verify(request, now);
  return verified ? "ok" : verified.error().message;
}

TEST(StandardWebhooks, SignsThePublishedVector) {
  EXPECT_EQ(signer().sign(kId, kSent, kBody), kSignature);
  EXPECT_EQ(signer().sign(kId, kSent + Millis{999}, kBody), kSignature) << "whole seconds are signed";
}

TEST(StandardWebhooks, VerifiesThePublishedVector) { EXPECT_EQ(answer(request()), "ok"); }

TEST(StandardWebhooks, EverySignedPartCounts) {
  auto id = request();
  id.id = "msg_p5jXN8AQM9LWM0D4loKWxJel";
  EXPECT_EQ(answer(id), "bad signature");
  auto timestamp = request();
  timestamp.timestamp = "1614265331";
  EXPECT_EQ(answer(timestamp), "bad signature");
  auto body = request();
  body.body = R"({"test": 2432232315})";
  EXPECT_EQ(answer(body), "bad signature");
  auto signature = request();
  signature.signature = "v1,h0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
  EXPECT_EQ(answer(signature), "bad signature");
}

TEST(StandardWebhooks, MissingAndMalformedHeaders) {
  for (auto part : {&WebhookSigner::Signed::id, &WebhookSigner::Signed::timestamp, &WebhookSigner::Signed::signature}) {
    auto incomplete = request();
    incomplete.*part = "";
    EXPECT_EQ(answer(incomplete), "missing header");
  }
  for (const auto timestamp :
       {"16142653x0", "-1", "1614265330.5", " 1614265330", "+1614265330", "99999999999999999999", "253402300800"}) {
    auto malformed = request();
    malformed.timestamp = timestamp;
    EXPECT_EQ(answer(malformed), "malformed header") << timestamp;
  }
}

TEST(StandardWebhooks, ToleranceIsFiveMinutesBothWays) {
  EXPECT_EQ(answer(request(), kSent + std::chrono::minutes{5}), "ok");
  EXPECT_EQ(answer(request(), kSent + std::chrono::minutes{5} + Millis{1}), "too old");
  EXPECT_EQ(answer(request(), kSent - std::chrono::minutes{5}), "ok");
  EXPECT_EQ(answer(request(), kSent - std::chrono::minutes{5} - Millis{1}), "from the future");
}

TEST(StandardWebhooks, OneGoodItemAmongManyIsEnough) {
  for (const auto& header : {"v1a,AAAA " + std::string(kSignature), std::string(kSignature) + " v2,x",
                             "v1,AAAA  " + std::string(kSignature)}) {
    auto several = request();
    several.signature = header;
    EXPECT_EQ(answer(several), "ok") << header;
  }
  for (const auto header : {"v1", "v1,", " ", "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
                            "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}) {
    auto none = request();
    none.signature = header;
    EXPECT_EQ(answer(none), "bad signature") << header;
  }
}

TEST(StandardWebhooks, WhileKeysRotateBothSignAndBothAreAccepted) {
  const std::string old_secret = make_webhook_secret(), new_secret = make_webhook_secret();
  const auto rotating = signer({new_secret, old_secret});
  const std::string both = rotating.sign("msg_1", kSent, kBody);
  EXPECT_EQ(std::ranges::count(both, ' '), 1);
  for (const auto& secret : {old_secret, new_secret}) {
    EXPECT_TRUE(signer({secret}).verify({"msg_1", kTimestamp, both, kBody}, kSent));
    EXPECT_TRUE(rotating.verify({"msg_1", kTimestamp, signer({secret}).sign("msg_1", kSent, kBody), kBody}, kSent));
  }
  EXPECT_FALSE(rotating.verify({"msg_1", kTimestamp, signer().sign("msg_1", kSent, kBody), kBody}, kSent));
}

TEST(WebhookSecret, AllThreeFormsGiveTheSameKey) {
  const auto key = decode_webhook_secret(kSecret);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->size(), 24u);
  EXPECT_EQ(decode_webhook_secret("v1,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").value(), *key);
}

TEST(WebhookSecret, HoldsTwentyFourToSixtyFourBytes) {
  EXPECT_FALSE(decode_webhook_secret("whsec_" + to_base64(std::string(23, 'k'))));
  EXPECT_TRUE(decode_webhook_secret("whsec_" + to_base64(std::string(24, 'k'))));
  EXPECT_TRUE(decode_webhook_secret("whsec_" + to_base64(std::string(64, 'k'))));
  EXPECT_FALSE(decode_webhook_secret("whsec_" + to_base64(std::string(65, 'k'))));
}

TEST(WebhookSecret, ErrorsNeverQuoteIt) {
  const auto bad = decode_webhook_secret("whsec_secret!");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().message.find("secret!"), std::string::npos);
  EXPECT_FALSE(WebhookSigner::create({}));
  EXPECT_FALSE(WebhookSigner::create({std::string(kSecret), "whsec_!"}));
}

TEST(WebhookSecret, NewOnesAreUsableAndDiffer) {
  EXPECT_EQ(decode_webhook_secret(make_webhook_secret())->size(), 32u);
  EXPECT_NE(make_webhook_secret(), make_webhook_secret());
}

}  // namespace
}  // namespace vf::crypto
