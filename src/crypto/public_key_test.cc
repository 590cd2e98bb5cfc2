#include "crypto/public_key.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/bytes.h"

namespace vf::crypto {
namespace {

const std::filesystem::path kFixtures = VF_FIXTURES;

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

const PrivateKey& rsa_key() {
  static const PrivateKey key = PrivateKey::make_rsa(2048);
  return key;
}

PublicKey public_half(const PrivateKey& key) { return PublicKey::rsa_from_pem(key.public_pem()).value(); }

struct KickDelivery {
  std::string prefix, body, signature;
};

KickDelivery kick_delivery() {
  const auto folder = kFixtures / "kick-real";
  const auto headers = nlohmann::json::parse(contents(folder / "chat.message.sent.2025-05-22.headers.json"))["headers"];
  const std::string id = headers["Kick-Event-Message-Id"], at = headers["Kick-Event-Message-Timestamp"];
  return {id + "." + at + ".", contents(folder / "chat.message.sent.2025-05-22.body"),
          from_base64(headers["Kick-Event-Signature"].get<std::string>()).value()};
}

TEST(Rsa, ARealKickDeliveryVerifiesUnderKicksKey) {
  const auto key = PublicKey::rsa_from_pem(contents(kFixtures / "kick-real" / "kick-public-key.pem"));
  ASSERT_TRUE(key);
  auto delivery = kick_delivery();
  EXPECT_TRUE(key->verify(delivery.prefix, delivery.body, delivery.signature));
  EXPECT_TRUE(key->verify("", delivery.prefix + delivery.body, delivery.signature))
      << "only the concatenation is signed";
  delivery.body[100] ^= 1;
  EXPECT_FALSE(key->verify(delivery.prefix, delivery.body, delivery.signature));
}

TEST(Rsa, OneFlippedBitAnywhereInTheSignatureIsRefused) {
  const auto key = public_half(rsa_key());
  std::string signature = rsa_key().sign("id.", "body");
  ASSERT_EQ(signature.size(), 256u);
  ASSERT_TRUE(key.verify("id.", "body", signature));
  for (size_t bit = 0; bit < signature.size() * 8; bit += 61) {
    signature[bit / 8] = static_cast<char>(signature[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(key.verify("id.", "body", signature)) << bit;
    signature[bit / 8] = static_cast<char>(signature[bit / 8] ^ (1 << bit % 8));
  }
  EXPECT_TRUE(key.verify("id.", "body", signature)) << "a refusal leaves nothing behind";
}

TEST(Rsa, SignaturesOfAnotherLengthAreRefused) {
  const auto key = public_half(rsa_key());
  const std::string signature = rsa_key().sign("", "body");
  for (const auto& wrong :
       {std::string(), signature.substr(1), signature + '\0', std::string(256, '\0'), std::string(256, '\xff')}) {
    EXPECT_FALSE(key.verify("", "body", wrong));
  }
}

// Uses more keys in turn than the number of contexts that a thread keeps.
TEST(Rsa, ManyKeysInTurnDoNotMixUp) {
  std::vector<PrivateKey> privates;
  std::vector<PublicKey> publics;
  for (int i = 0; i < 6; ++i) {
    privates.push_back(PrivateKey::make_rsa(2048));
    publics.push_back(public_half(privates.back()));
  }
  for (int round = 0; round < 3; ++round) {
    for (size_t i = 0; i < privates.size(); ++i) {
      const std::string signature = privates[i].sign("", "body");
      for (size_t j = 0; j < publics.size(); ++j) EXPECT_EQ(publics[j].verify("", "body", signature), i == j);
    }
  }
}

TEST(Rsa, OneKeyServesManyThreads) {
  const auto key = public_half(rsa_key());
  const std::string good = rsa_key().sign("", "body"), bad = rsa_key().sign("", "other");
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, copy = key] {
      for (int i = 0; i < 100; ++i) wrong += !copy.verify("", "body", good) || copy.verify("", "body", bad);
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

TEST(Rsa, KeysOfOtherKindsAndSizesAreRefused) {
  EXPECT_FALSE(PublicKey::rsa_from_pem(""));
  EXPECT_FALSE(PublicKey::rsa_from_pem("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"));
  EXPECT_FALSE(PublicKey::rsa_from_pem(PrivateKey::make_rsa(2040).public_pem())) << "under 2048 bits";
  EXPECT_FALSE(PublicKey::rsa_from_pem(PrivateKey::ed25519_from_seed(std::string(32, 's'))->public_pem()));
  EXPECT_FALSE(PublicKey::rsa_from_pem(rsa_key().to_pem())) << "a private key is no public key";
}

TEST(Rsa, FingerprintDoesNotDependOnThePemText) {
  const std::string pem = contents(kFixtures / "kick-real" / "kick-public-key.pem");
  const auto key = PublicKey::rsa_from_pem(pem),
             same = PublicKey::rsa_from_pem(pem.substr(0, pem.find_last_not_of('\n') + 1));
  ASSERT_TRUE(key && same) << "a missing newline at the end is fine";
  EXPECT_EQ(key->fingerprint(), same->fingerprint());
  EXPECT_EQ(key->fingerprint().size(), 64u);
  EXPECT_NE(key->fingerprint(), public_half(rsa_key()).fingerprint());
}

TEST(Rsa, APrivateKeySurvivesItsPem) {
  const auto again = PrivateKey::rsa_from_pem(rsa_key().to_pem());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->sign("a", "b"), rsa_key().sign("a", "b")) << "PKCS#1 v1.5 has no randomness";
  EXPECT_FALSE(PrivateKey::rsa_from_pem("nonsense"));
}

// RFC 8032 section 7.1, tests 1 and 2.
TEST(Ed25519, KnownAnswers) {
  const auto key = PrivateKey::ed25519_from_seed(
      from_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").value());
  ASSERT_TRUE(key);
  EXPECT_EQ(to_hex(key->public_bytes()), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  EXPECT_EQ(to_hex(key->sign("", "")),
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f059"
            "5bbe24655141438e7a100b");
  const auto other = PrivateKey::ed25519_from_seed(
      from_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb").value());
  EXPECT_EQ(to_hex(other->sign("\x72", "")),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4"
            "302aeeb00d291612bb0c00");
}

TEST(Ed25519, VerifiesAcrossTheTwoParts) {
  const auto key = PrivateKey::ed25519_from_seed(std::string(32, 's')).value();
  const auto verifier = PublicKey::ed25519_from_bytes(key.public_bytes()).value();
  std::string signature = key.sign("a", "bc");
  EXPECT_TRUE(verifier.verify("ab", "c", signature));
  EXPECT_FALSE(verifier.verify("ab", "d", signature));
  signature[5] ^= 1;
  EXPECT_FALSE(verifier.verify("ab", "c", signature));
  EXPECT_FALSE(verifier.verify("ab", "c", ""));
  EXPECT_FALSE(PublicKey::ed25519_from_bytes(std::string(31, 'k')));
  EXPECT_FALSE(PublicKey::ed25519_from_bytes(std::string(33, 'k')));
}

// The published vector of Standard Webhooks v1a.
TEST(Ed25519, StandardWebhooksVector) {
  const auto vectors = nlohmann::json::parse(contents(kFixtures / "other" / "vectors.json"));
  const auto v = *std::ranges::find(vectors, "standard-webhooks-v1a",
                                    [](const nlohmann::json& one) { return one["name"].get<std::string>(); });
  const auto seed_and_public = from_base64(v["private_key"].get<std::string>().substr(5)).value();
  const auto key = PrivateKey::ed25519_from_seed(seed_and_public.substr(0, 32)).value();
  const std::string prefix = v["signed_prefix"], body = contents(kFixtures / "other" / v["body_file"]);
  EXPECT_EQ("v1a," + to_base64(key.sign(prefix, body)), v["headers"]["webhook-signature"].get<std::string>());
  EXPECT_EQ("whpk_" + to_base64(key.public_bytes()), v["public_key"].get<std::string>());
}

}  // namespace
}  // namespace vf::crypto
