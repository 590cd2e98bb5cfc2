// The published signature vectors, each as it is and with any one bit of body or signature turned; several secrets;
// the edges of the time tolerance; headers that are missing or repeated.
#include <simdjson.h>

#include <fstream>
#include <sstream>

#include "base/time.h"
#include "crypto/public_key.h"
#include "sources/generic/request_test.h"
#include "sources/generic/verifier.h"

namespace vf::sources::generic {
namespace {

struct Vector {
  std::string name, scheme, secret, body;
  HeaderList headers;
  std::string signature_header;
};

std::string read_fixture(const std::string& name) {
  std::ifstream file(std::string(VF_FIXTURES) + "/other/" + name, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

std::vector<Vector> read_vectors() {
  std::vector<Vector> vectors;
  simdjson::dom::parser parser;
  const std::string text = read_fixture("vectors.json");
  for (const auto item : parser.parse(text).get_array()) {
    Vector vector;
    vector.name = std::string(item["name"].get_string().value());
    vector.scheme = std::string(item["scheme"].get_string().value());
    const bool v1a = vector.scheme == "standard-webhooks-v1a";
    if (v1a) vector.scheme = "standard-webhooks";
    vector.secret = std::string(item[v1a ? "public_key" : "secret"].get_string().value());
    vector.body = read_fixture(std::string(item["body_file"].get_string().value()));
    for (const auto field : item["headers"].get_object()) {
      vector.headers.emplace_back(field.key, field.value.get_string().value());
      const auto name = to_lower(field.key);
      if (name.contains("signature") || name.contains("hmac")) vector.signature_header = field.key;
    }
    vectors.push_back(std::move(vector));
  }
  return vectors;
}

// The time at which each vector was signed.
Instant signed_at(const Vector& vector) {
  if (vector.scheme == "stripe") return at_second(1533204620);
  if (vector.scheme == "slack") return at_second(1531420618);
  if (vector.scheme == "twitch") return *parse_time("2019-11-16T10:11:12.123Z");
  return at_second(1614265330);
}

class VectorTest : public testing::TestWithParam<Vector> {};

TEST_P(VectorTest, IsAuthentic) {
  const auto& vector = GetParam();
  const auto source = source_of(vector.scheme, vector.secret);
  const auto delivery = delivered(source->verify(request_of(vector.headers, vector.body), signed_at(vector)));
  EXPECT_EQ(delivery.event.body, vector.body);
  EXPECT_EQ(delivery.event.source, "shop");
}

TEST_P(VectorTest, OneTurnedBitOfTheBodyIsRefused) {
  const auto& vector = GetParam();
  const auto source = source_of(vector.scheme, vector.secret);
  for (size_t i = 0; i < vector.body.size(); ++i) {
    std::string body = vector.body;
    body[i] = static_cast<char>(body[i] ^ (1 << (i % 8)));
    EXPECT_EQ(refusal(source->verify(request_of(vector.headers, body), signed_at(vector))), "bad signature");
  }
}

TEST_P(VectorTest, OneTurnedBitOfTheHeadersIsRefused) {
  const auto& vector = GetParam();
  const auto source = source_of(vector.scheme, vector.secret);
  for (size_t h = 0; h < vector.headers.size(); ++h) {
    for (size_t i = 0; i < vector.headers[h].second.size(); ++i) {
      HeaderList headers = vector.headers;
      headers[h].second[i] = static_cast<char>(headers[h].second[i] ^ 1);
      EXPECT_NE(refusal(source->verify(request_of(headers, vector.body), signed_at(vector))), "")
          << headers[h].first << ": " << headers[h].second;
    }
  }
}

TEST_P(VectorTest, AnotherSecretIsRefused) {
  auto vector = GetParam();
  vector.secret[vector.secret.size() / 2] = vector.secret[vector.secret.size() / 2] == 'a' ? 'b' : 'a';
  const auto source = source_of(vector.scheme, vector.secret);
  EXPECT_EQ(refusal(source->verify(request_of(vector.headers, vector.body), signed_at(vector))), "bad signature");
}

TEST_P(VectorTest, AnyOfSeveralSecretsIsEnough) {
  const auto& vector = GetParam();
  const std::string other = "whsec_" + to_base64(std::string(32, 'k'));
  for (const auto& secrets : {std::vector{other, vector.secret}, std::vector{vector.secret, other}}) {
    const auto source = make_source({.name = "shop", .scheme = vector.scheme, .secrets = secrets, .options = {}});
    EXPECT_EQ(refusal(source->verify(request_of(vector.headers, vector.body), signed_at(vector))), "");
  }
}

TEST_P(VectorTest, AMissingHeaderIsReported) {
  const auto& vector = GetParam();
  const auto source = source_of(vector.scheme, vector.secret);
  for (size_t h = 0; h < vector.headers.size(); ++h) {
    HeaderList headers = vector.headers;
    headers.erase(headers.begin() + static_cast<ptrdiff_t>(h));
    EXPECT_EQ(refusal(source->verify(request_of(headers, vector.body), signed_at(vector))), "missing header");
  }
}

TEST_P(VectorTest, ARepeatedHeaderIsRefused) {
  const auto& vector = GetParam();
  const auto source = source_of(vector.scheme, vector.secret);
  for (const auto& header : vector.headers) {
    HeaderList headers = vector.headers;
    headers.push_back(header);
    EXPECT_EQ(refusal(source->verify(request_of(headers, vector.body), signed_at(vector))), "malformed header");
  }
}

INSTANTIATE_TEST_SUITE_P(Published, VectorTest, testing::ValuesIn(read_vectors()), [](const auto& test) {
  std::string name = test.param.name;
  std::erase(name, '-');
  return name;
});

TEST(Vectors, AreAllThere) { EXPECT_EQ(read_vectors().size(), 8u); }

// How far each scheme lets the signed time be off: the contract's table.
struct Tolerance {
  std::string scheme;
  Millis behind, ahead;
};

class ToleranceTest : public testing::TestWithParam<Tolerance> {};

TEST_P(ToleranceTest, HoldsToTheMillisecondInBothDirections) {
  const auto& [scheme, behind, ahead] = GetParam();
  for (const auto& vector : read_vectors()) {
    if (vector.scheme != scheme) continue;
    const auto source = source_of(vector.scheme, vector.secret);
    const auto verification = [&](Millis off) {
      return refusal(source->verify(request_of(vector.headers, vector.body), signed_at(vector) + off));
    };
    EXPECT_EQ(verification(behind), "");
    EXPECT_EQ(verification(behind + Millis{1}), "too old");
    EXPECT_EQ(verification(-ahead), "");
    EXPECT_EQ(verification(-ahead - Millis{1}), "from the future");
  }
}

INSTANTIATE_TEST_SUITE_P(Schemes, ToleranceTest,
                         testing::Values(Tolerance{"standard-webhooks", std::chrono::minutes{5},
                                                   std::chrono::minutes{5}},
                                         Tolerance{"stripe", std::chrono::minutes{5}, std::chrono::minutes{5}},
                                         Tolerance{"slack", std::chrono::minutes{5}, std::chrono::minutes{5}},
                                         Tolerance{"twitch", std::chrono::minutes{10}, std::chrono::minutes{10}}),
                         [](const auto& test) {
                           std::string name = test.param.scheme;
                           std::erase(name, '-');
                           return name;
                         });

class DiscordVector : public testing::Test {
 protected:
  http::Request request(const std::string& time, const std::string& body) const {
    return request_of({{"X-Signature-Ed25519", to_hex(key_.sign(time, body))}, {"X-Signature-Timestamp", time}}, body);
  }

  const crypto::PrivateKey key_ = *crypto::PrivateKey::ed25519_from_seed(std::string(32, 's'));
  const std::unique_ptr<Source> source_ = source_of("discord", to_hex(key_.public_bytes()));
};

TEST_F(DiscordVector, ItsOwnKeyVerifies) {
  EXPECT_EQ(refusal(source_->verify(request("1700000000", R"({"type":2})"), at_second(1700000000))), "");
  auto tampered = request("1700000000", R"({"type":2})");
  tampered.body[8] = '3';
  EXPECT_EQ(refusal(source_->verify(tampered, at_second(1700000000))), "bad signature");
}

TEST_F(DiscordVector, MayBeAsOldAsTheLedgersRetentionLessADay) {
  const auto verification = [&](Millis off) {
    return refusal(source_->verify(request("1700000000", R"({"type":2})"), at_second(1700000000) + off));
  };
  EXPECT_EQ(verification(std::chrono::days{29}), "");
  EXPECT_EQ(verification(std::chrono::days{29} + Millis{1}), "too old");
  EXPECT_EQ(verification(-kAheadMax), "");
  EXPECT_EQ(verification(-kAheadMax - Millis{1}), "from the future");
}

TEST(MaxAge, StandsInForTheSchemesTolerance) {
  const auto vector = read_vectors()[2];
  ASSERT_EQ(vector.scheme, "stripe");
  const auto verification = [&](std::optional<Millis> max_age, Millis off) {
    const auto source = make_source(
        {.name = "shop", .scheme = vector.scheme, .secrets = {vector.secret}, .options = {}, .max_age = max_age});
    return refusal(source->verify(request_of(vector.headers, vector.body), signed_at(vector) + off));
  };
  EXPECT_EQ(verification(std::chrono::hours{1}, std::chrono::hours{1}), "");
  EXPECT_EQ(verification(std::chrono::hours{1}, std::chrono::hours{1} + Millis{1}), "too old");
  EXPECT_EQ(verification(std::nullopt, std::chrono::days{3650}), "");
  EXPECT_EQ(verification(std::nullopt, -std::chrono::days{3650}), "");
}

TEST(StandardWebhooks, OneListHoldsOldAndNewKeysOfBothKinds) {
  const std::string body = R"({"type":"a.b"})", signed_text = "msg_1.1700000000." + body, key(24, 'k');
  const auto private_key = *crypto::PrivateKey::ed25519_from_seed(std::string(32, 's'));
  const std::string good = "v1," + to_base64(hmac_bytes(crypto::Hash::sha256, key, signed_text));
  const std::string good_v1a = "v1a," + to_base64(private_key.sign("", signed_text));
  const std::string bad = "v1," + to_base64(std::string(32, 'x'));
  const auto source =
      make_source({.name = "shop",
                   .scheme = "standard-webhooks",
                   .secrets = {"v1,whsec_" + to_base64(key), "whpk_" + to_base64(private_key.public_bytes())},
                   .options = {}});
  const auto verification = [&](const std::string& signature, const std::string& family = "webhook") {
    return refusal(source->verify(
        request_of(
            {{family + "-id", "msg_1"}, {family + "-timestamp", "1700000000"}, {family + "-signature", signature}},
            body),
        at_second(1700000000)));
  };
  EXPECT_EQ(verification(good), "");
  EXPECT_EQ(verification(good_v1a), "");
  EXPECT_EQ(verification(bad + " " + good), "");
  EXPECT_EQ(verification("v9,abc " + bad + " v1,!!! " + good_v1a), "");
  EXPECT_EQ(verification(good, "svix"), "");
  EXPECT_EQ(verification(bad), "bad signature");
  EXPECT_EQ(verification("v1a," + good.substr(3)), "bad signature") << "an HMAC under the other version";
  EXPECT_EQ(verification("v9,abc"), "malformed header") << "no version that we know";
  EXPECT_EQ(verification(""), "missing header");
}

TEST(Signatures, AreBoundedInNumber) {
  const std::string body = "{}", good = hmac_hex("secret", "1700000000." + body);
  const auto source = source_of("stripe", "secret");
  const auto verification = [&](size_t count) {
    std::string header = "t=1700000000";
    for (size_t i = 1; i < count; ++i) header += ",v1=" + std::string(64, 'a');
    return refusal(
        source->verify(request_of({{"Stripe-Signature", header + ",v1=" + good}}, body), at_second(1700000000)));
  };
  EXPECT_EQ(verification(1), "");
  EXPECT_EQ(verification(kSignaturesMax), "");
  EXPECT_EQ(verification(kSignaturesMax + 1), "malformed header");
}

TEST(Stripe, TakesOneTimeAndIgnoresTheTestSignature) {
  const std::string body = "{}", good = hmac_hex("secret", "1700000000." + body);
  const auto source = source_of("stripe", "secret");
  const auto verification = [&](const std::string& header) {
    return refusal(source->verify(request_of({{"Stripe-Signature", header}}, body), at_second(1700000000)));
  };
  EXPECT_EQ(verification("t=1700000000,v1=" + good + ",v0=" + std::string(64, 'a')), "");
  EXPECT_EQ(verification("t=1700000000,v0=" + good), "malformed header");
  EXPECT_EQ(verification("v1=" + good), "malformed header");
  EXPECT_EQ(verification("t=1700000000,t=1700000000,v1=" + good), "malformed header");
  for (const std::string time :
       {"", "x", "-1", "+1", "1700000000x", "1700000000.5", "99999999999999999999", "253402300800"}) {
    EXPECT_EQ(verification("t=" + time + ",v1=" + good), "malformed header") << time;
  }
}

}  // namespace
}  // namespace vf::sources::generic
