// Signatures of deliveries and of calls: what each covers. Oracle: the comment of signatures.h.
#include "api/signatures.h"

#include <gtest/gtest.h>

namespace vf::api {
namespace {

const Instant kNow = from_unix_millis(1'795'000'000'000);
const std::string kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const std::string kOldSecret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

crypto::WebhookSigner signer(const std::vector<std::string>& secrets) {
  return std::move(crypto::WebhookSigner::create(secrets).value());
}

http::Request call(const std::string& caller = "token ops from 10.0.0.7", const std::string& secret = kSecret) {
  http::Request request{
      .method = "POST", .target = "/internal/jobs/purge/run?a=1", .headers = {}, .body = R"({"b":2})", .peer = {}};
  const CallToSign to_sign{
      .id = "call_1", .method = request.method, .target = request.target, .caller = caller, .body = request.body};
  for (auto& [name, value] : sign_call(signer({secret}), to_sign, kNow)) request.headers.add(name, value);
  return request;
}

http::Request without(http::Request request, std::string_view name) {
  http::Headers kept;
  for (const auto& [key, value] : request.headers.items()) {
    if (key != name) kept.add(key, value);
  }
  request.headers = std::move(kept);
  return request;
}

const Signatures kSignatures{signer({kSecret, kOldSecret})};

bool accepts(const http::Request& request) { return kSignatures.verify_call(request, kNow).has_value(); }

TEST(Signatures, CallNamesItsCaller) {
  EXPECT_EQ(kSignatures.verify_call(call(), kNow).value(), "token ops from 10.0.0.7");
  EXPECT_EQ(kSignatures.verify_call(call(""), kNow).value(), "");
  EXPECT_EQ(kSignatures.verify_call(call("token \xC3\xA9\n\"x"), kNow).value(), "token \xC3\xA9\n\"x");
  EXPECT_EQ(kSignatures.verify_call(call(std::string(255, 'x') + "\xC3\xA9"), kNow).value(), std::string(255, 'x'));
}

TEST(Signatures, CallIsRefusedWhenAnyPartOfItChanges) {
  EXPECT_TRUE(accepts(call()));
  auto other = call();
  other.method = "GET";
  EXPECT_FALSE(accepts(other)) << "method";
  for (const char* target : {"/internal/jobs/retry-quarantined/run?a=1", "/internal/jobs/purge/run?a=2",
                             "/internal/jobs/purge/run", "/internal/jobs/purge/run?a=1&c=1"}) {
    other = call();
    other.target = target;
    EXPECT_FALSE(accepts(other)) << target;
  }
  other = call();
  other.body = "{}";
  EXPECT_FALSE(accepts(other)) << "body";
  EXPECT_FALSE(accepts(without(call(), "vf-caller"))) << "caller";
  other = call();
  other.headers.add("vf-caller", "token ops");
  EXPECT_FALSE(accepts(other)) << "two callers";
  other = call("");
  other.headers.add("vf-caller", "token ops");
  EXPECT_FALSE(accepts(other)) << "a caller was added";
  EXPECT_FALSE(kSignatures.verify_call(call(), kNow + std::chrono::minutes{6}));
}

TEST(Signatures, EverySecretSignsCalls) {
  EXPECT_TRUE(accepts(call("", kOldSecret)));
  EXPECT_FALSE(accepts(call("", "whsec_" + std::string(43, 'A') + "=")));
}

// The signed texts are the same; the keys are not.
TEST(Signatures, DeliveryAndCallNeverStandForOneAnother) {
  http::Request delivery{.method = "POST", .target = "/internal/events", .headers = {}, .body = {}, .peer = {}};
  delivery.body = "POST /internal/jobs/purge/run?a=1\n\n{\"b\":2}";
  delivery.headers.add("webhook-id", "call_1");
  delivery.headers.add("webhook-timestamp", std::to_string(unix_millis(kNow) / 1000));
  delivery.headers.add("webhook-signature", signer({kSecret}).sign("call_1", kNow, delivery.body));
  EXPECT_TRUE(kSignatures.verify(delivery, kNow));
  auto forged = call("");
  forged.headers = delivery.headers;
  EXPECT_FALSE(accepts(forged));
  delivery.headers = call("").headers;
  EXPECT_FALSE(kSignatures.verify(delivery, kNow));
}

}  // namespace
}  // namespace vf::api
