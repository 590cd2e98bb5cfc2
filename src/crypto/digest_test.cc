#include "crypto/digest.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "base/bytes.h"

namespace vf::crypto {
namespace {

const std::filesystem::path kFixtures = VF_FIXTURES;

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

// FIPS 180-2, appendices A to C.
TEST(Digest, KnownAnswers) {
  EXPECT_EQ(to_hex(digest(Hash::sha1, "abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(digest(Hash::sha512, "abc")),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

RC_GTEST_PROP(Digest, PiecesMakeTheWhole, (const std::string& a, const std::string& b)) {
  const auto pieces = Sha256().update(a).update(b).finish();
  RC_ASSERT(std::string(pieces.begin(), pieces.end()) == sha256(a + b));
}

// RFC 2202 (SHA-1) and RFC 4231 (SHA-2), cases 2 and 6: a short key, and one longer than a block.
TEST(HmacTest, KnownAnswersOfTheRfcs) {
  const std::string_view what = "what do ya want for nothing?";
  EXPECT_EQ(to_hex(Hmac(Hash::sha1, "Jefe").sign(what)), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  EXPECT_EQ(to_hex(Hmac(Hash::sha256, "Jefe").sign(what)),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(Hmac(Hash::sha512, "Jefe").sign(what)),
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
            "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
  const std::string_view larger = "Test Using Larger Than Block-Size Key - Hash Key First";
  EXPECT_EQ(to_hex(Hmac(Hash::sha1, std::string(80, '\xaa')).sign(larger)), "aa4ae5e15272d00e95705637ce8a3b55ed402112");
  EXPECT_EQ(to_hex(Hmac(Hash::sha256, std::string(131, '\xaa')).sign(larger)),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(to_hex(Hmac(Hash::sha512, std::string(131, '\xaa')).sign(larger)),
            "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
            "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598");
}

TEST(HmacTest, AKeyOfExactlyOneBlockIsNotHashed) {
  const std::string key(64, 'k');
  EXPECT_NE(Hmac(Hash::sha256, key).sign("m"), Hmac(Hash::sha256, sha256(key)).sign("m"));
  EXPECT_EQ(Hmac(Hash::sha256, key + "k").sign("m"), Hmac(Hash::sha256, sha256(key + "k")).sign("m"));
}

RC_GTEST_PROP(HmacTest, PartsAreConcatenatedAndTheKeyIsReusable,
              (const std::string& key, const std::string& a, const std::string& b, const std::string& c)) {
  const Hmac hmac(Hash::sha256, key);
  const std::string expected = hmac.sign(a + b + c);
  RC_ASSERT(hmac.sign(a, b, c) == expected);
  RC_ASSERT(hmac.sign(a + b, c) == expected);
}

TEST(HmacTest, SumsubVectors) {
  const std::map<std::string, Hash> hashes{
      {"HMAC_SHA1_HEX", Hash::sha1}, {"HMAC_SHA256_HEX", Hash::sha256}, {"HMAC_SHA512_HEX", Hash::sha512}};
  const auto folder = kFixtures / "sumsub" / "vectors";
  const auto vectors = nlohmann::json::parse(contents(folder / "vectors.json"));
  ASSERT_EQ(vectors.size(), 8u);
  for (const auto& v : vectors) {
    const Hmac hmac(hashes.at(v["algorithm"]), v["secret"].get<std::string>());
    EXPECT_EQ(to_hex(hmac.sign(contents(folder / v["body_file"]))), v["digest"].get<std::string>()) << v["name"];
  }
}

// The HMAC of GitHub, Stripe, Shopify, Slack, Twitch as their own documents and libraries print it.
TEST(HmacTest, VectorsOfOtherProviders) {
  const auto vectors = nlohmann::json::parse(contents(kFixtures / "other" / "vectors.json"));
  int checked = 0;
  for (const auto& v : vectors) {
    if (std::string(v["scheme"]).starts_with("standard-webhooks")) continue;
    const std::string sign =
        Hmac(Hash::sha256, v["secret"].get<std::string>())
            .sign(v["signed_prefix"].get<std::string>(), contents(kFixtures / "other" / v["body_file"]));
    const std::string headers = v["headers"].dump();
    EXPECT_TRUE(headers.contains(to_hex(sign)) || headers.contains(to_base64(sign))) << v["name"];
    ++checked;
  }
  EXPECT_EQ(checked, 6);
}

TEST(ConstantTime, ComparesContentsAndLengths) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("ab", "ab"));
  EXPECT_FALSE(equal_in_constant_time("ab", "ac"));
  EXPECT_FALSE(equal_in_constant_time("ab", "abc"));
  EXPECT_FALSE(equal_in_constant_time("", "a"));
}

TEST(RandomBytes, AreOfTheAskedLengthAndDiffer) {
  EXPECT_EQ(random_bytes(0), "");
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(random_bytes(16));
  EXPECT_EQ(seen.size(), 100u);
  EXPECT_EQ(seen.begin()->size(), 16u);
}

}  // namespace
}  // namespace vf::crypto
