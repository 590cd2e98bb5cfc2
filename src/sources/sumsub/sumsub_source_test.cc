#include "sources/sumsub/sumsub_source.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "event/identity.h"
#include "sources/sumsub/sumsub_mapping.h"

namespace vf::sources::sumsub {
namespace {

const std::filesystem::path kFolder = std::filesystem::path(VF_FIXTURES) / "sumsub";
const Instant kNow = parse_time("2026-11-22T16:00:00Z").value();

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

nlohmann::json json_fixture(const std::string& name) { return nlohmann::json::parse(contents(kFolder / name)); }

http::Request request(const std::string& body, const std::string& digest, const std::string& algorithm) {
  http::Request out{.method = "POST", .target = "/webhooks/sumsub", .headers = {}, .body = body, .peer = "127.0.0.1"};
  out.headers.add("X-Payload-Digest", digest);
  out.headers.add("X-Payload-Digest-Alg", algorithm);
  return out;
}

http::Request signed_request(const std::string& body, const std::string& secret = "secret") {
  return request(body, to_hex(crypto::Hmac(crypto::Hash::sha256, secret).sign(body)), "HMAC_SHA256_HEX");
}

std::string answer(const SumsubSource& source, const http::Request& sent) {
  const Verification verification = source.verify(sent, kNow);
  if (const auto* refusal = std::get_if<Refusal>(&verification)) return std::string(refusal->reason);
  return std::holds_alternative<Delivery>(verification) ? "accepted" : "handshake";
}

SumsubSource source_with(std::vector<std::string> secrets) {
  return SumsubSource({.name = "sumsub", .secrets = std::move(secrets)});
}

Event map(const nlohmann::json& body) { return map_delivery("sumsub", body.dump(), kNow); }

TEST(SumsubVerify, EveryVectorAndItsFlippedBits) {
  const auto vectors = json_fixture("vectors/vectors.json");
  ASSERT_EQ(vectors.size(), 8u);
  for (const auto& v : vectors) {
    const auto source = source_with({"another secret", v["secret"]});
    const std::string body = contents(kFolder / "vectors" / v["body_file"]), digest = v["digest"];
    EXPECT_EQ(answer(source, request(body, digest, v["algorithm"])), "accepted") << v["name"];
    EXPECT_EQ(answer(source, request(body, to_hex(from_hex(digest).value()), v["algorithm"])), "accepted");
    std::string changed = body;
    changed[changed.size() / 2] ^= 1;
    EXPECT_EQ(answer(source, request(changed, digest, v["algorithm"])), "bad signature");
    std::string other = digest;
    other[0] = other[0] == '0' ? '1' : '0';
    EXPECT_EQ(answer(source, request(body, other, v["algorithm"])), "bad signature");
    EXPECT_EQ(answer(source_with({"another secret"}), request(body, digest, v["algorithm"])), "bad signature");
    EXPECT_EQ(answer(source_with({}), request(body, digest, v["algorithm"])), "bad signature");
  }
}

TEST(SumsubVerify, SeveralSecretsWhileOneRotates) {
  const auto source = source_with({"new", "old"});
  EXPECT_EQ(answer(source, signed_request("{}", "new")), "accepted");
  EXPECT_EQ(answer(source, signed_request("{}", "old")), "accepted");
  EXPECT_EQ(answer(source, signed_request("{}", "older")), "bad signature");
}

TEST(SumsubVerify, OnlyTheAllowedAlgorithms) {
  const SumsubSource narrow({.name = "sumsub", .secrets = {"secret"}, .algorithms = {crypto::Hash::sha256}});
  EXPECT_EQ(answer(narrow, signed_request("{}")), "accepted");
  const std::string sha1 = to_hex(crypto::Hmac(crypto::Hash::sha1, "secret").sign("{}"));
  EXPECT_EQ(answer(narrow, request("{}", sha1, "HMAC_SHA1_HEX")), "malformed header");
  EXPECT_EQ(answer(source_with({"secret"}), request("{}", sha1, "HMAC_SHA1_HEX")), "accepted");
  EXPECT_EQ(answer(narrow, request("{}", sha1, "HMAC_MD5_HEX")), "malformed header");
  EXPECT_EQ(answer(narrow, request("{}", sha1, "HMAC_SHA256_HEX")), "bad signature") << "of another length";
}

TEST(SumsubVerify, BothHeadersOccurExactlyOnce) {
  const auto source = source_with({"secret"});
  http::Request none{.method = "POST", .target = "/webhooks/sumsub", .headers = {}, .body = "{}", .peer = ""};
  EXPECT_EQ(answer(source, none), "missing header");
  none.headers.add("X-Payload-Digest", "00");
  EXPECT_EQ(answer(source, none), "missing header");
  auto twice = signed_request("{}");
  twice.headers.add("x-payload-digest", "00");
  EXPECT_EQ(answer(source, twice), "missing header");
  EXPECT_EQ(answer(source, request("{}", "no hex", "HMAC_SHA256_HEX")), "malformed header");
  EXPECT_EQ(answer(source, request("{}", "", "HMAC_SHA256_HEX")), "bad signature");
}

TEST(SumsubVerify, KeepsTheHeadersOfTheSignature) {
  const auto sent = signed_request("{}");
  const auto verification = source_with({"secret"}).verify(sent, kNow);
  const auto& delivery = std::get<Delivery>(verification);
  EXPECT_EQ(nlohmann::json::parse(delivery.event.headers),
            (nlohmann::json{{"X-Payload-Digest", *sent.headers.unique("X-Payload-Digest")},
                            {"X-Payload-Digest-Alg", "HMAC_SHA256_HEX"}}));
  EXPECT_FALSE(delivery.body_key) << "the id is the body's digest already";
}

TEST(SumsubMapping, EveryFixtureHasTypeSubjectTimeAndFact) {
  int seen = 0;
  for (const auto& folder : {kFolder, kFolder / "synthetic"}) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() != ".json" || entry.path().filename() == "index.json") continue;
      const auto json = nlohmann::json::parse(contents(entry.path()));
      const Event event = map(json);
      EXPECT_EQ(event.type, "sumsub." + json["type"].get<std::string>()) << entry.path();
      EXPECT_NE(event.subject, "") << entry.path();
      EXPECT_LT(event.time, parse_time("2026-01-01T00:00:00Z").value()) << "not the time of receipt: " << entry.path();
      EXPECT_TRUE(event.fact_key.starts_with(json["type"].get<std::string>() + "/")) << entry.path();
      EXPECT_TRUE(event.is_json);
      ++seen;
    }
  }
  EXPECT_EQ(seen, 35);
}

TEST(SumsubMapping, ApplicantCreated) {
  const auto json = json_fixture("applicantCreated.json");
  const Event event = map(json);
  EXPECT_EQ(event.type, "sumsub.applicantCreated");
  EXPECT_EQ(event.subject, "applicant/12672");
  EXPECT_EQ(to_rfc3339(event.time), "2020-02-21T13:23:19.002Z");
  EXPECT_EQ(event.fact_key,
            "applicantCreated/5c9e177b0a975a6eeccf5960/-/-/-/1582291399002/req-63f92830-4d68-4eee-98d5-875d53a12258");
  EXPECT_EQ(event.message_id, "body/" + to_hex(crypto::sha256(json.dump())));
  EXPECT_EQ(event.id, event_id("sumsub", event.message_id, event.time));
  EXPECT_EQ(event.id.to_string().substr(0, 13), "017067ea-b15a") << "ordered by the body's time";
  EXPECT_FALSE(event.sandbox);
}

TEST(SumsubMapping, IdenticalBodiesAreOneEventAndOthersAreNot) {
  auto json = json_fixture("applicantPending.json");
  const Event one = map(json), again = map(json);
  EXPECT_EQ(one.id, again.id);
  json["reviewMode"] = "other";
  EXPECT_NE(map(json).id, one.id);
  EXPECT_EQ(map(json).fact_key, one.fact_key) << "the same fact in other words";
}

TEST(SumsubMapping, SubjectTakesTheFirstNameThereIs) {
  EXPECT_EQ(map({{"type", "t"}, {"externalUserId", "u"}, {"applicantId", "a"}, {"kytCaseId", "c"}}).subject,
            "applicant/u");
  EXPECT_EQ(map({{"type", "t"}, {"externalUserId", ""}, {"applicantId", "a"}, {"kytCaseId", "c"}}).subject,
            "applicant-id/a");
  EXPECT_EQ(map({{"type", "t"}, {"kytCaseId", "c"}}).subject, "case/c");
  EXPECT_EQ(map({{"type", "t"}}).subject, "");
  EXPECT_EQ(map({{"type", "t"}, {"externalUserId", std::string("a\0b", 3)}, {"applicantId", "a"}}).subject,
            "applicant-id/a");
}

TEST(SumsubMapping, TimeInWholeSecondsWhenThereIsNoOther) {
  const Event reset = map(json_fixture("applicantReset.json"));
  EXPECT_EQ(to_rfc3339(reset.time), "2021-03-01T11:34:51.000Z");
  EXPECT_EQ(to_rfc3339(map(json_fixture("kytCaseCreated.json")).time), "2024-11-18T10:49:47.918Z")
      << "the finer of the two";
  const Event none = map({{"type", "t"}, {"applicantId", "a"}});
  EXPECT_EQ(none.time, kNow);
  EXPECT_EQ(none.fact_key, "") << "the body's digest identifies no fact";
  EXPECT_EQ(none.id, event_id("sumsub", none.message_id, std::nullopt)) << "never from the time of receipt";
}

TEST(SumsubMapping, SandboxAsBooleanOrText) {
  for (const nlohmann::json& yes : {nlohmann::json(true), nlohmann::json("true")})
    EXPECT_TRUE(map({{"type", "t"}, {"sandboxMode", yes}}).sandbox);
  for (const nlohmann::json& no :
       {nlohmann::json(false), nlohmann::json("false"), nlohmann::json(nullptr), nlohmann::json(1)}) {
    EXPECT_FALSE(map({{"type", "t"}, {"sandboxMode", no}}).sandbox) << no;
  }
  EXPECT_FALSE(map({{"type", "t"}}).sandbox);
}

Event map_text(const std::string& body) { return map_delivery("sumsub", body, kNow); }

TEST(SumsubMapping, OneOddValueChangesNoOtherAttribute) {
  const Event event = map_text(contents(kFolder.parent_path() / "cases" / "sumsub-red.body"));
  EXPECT_EQ(event.type, "sumsub.applicantReviewed");
  EXPECT_EQ(event.subject, "applicant/u9");
  EXPECT_EQ(to_rfc3339(event.time), "2026-11-22T11:00:00.000Z");
  EXPECT_FALSE(event.is_json) << "a lone surrogate";
  for (const std::string odd : {R"("\ud83d")", "18446744073709551616", "NaN", "\"\xff\""}) {
    const Event test =
        map_text(R"({"x":)" + odd + R"(,"sandboxMode":true,"type":"t","applicantId":)" + odd +
                 R"(,"kytCaseId":"c","createdAtMs":)" + odd + R"(,"createdAt":"2026-11-22 10:00:00+0000"})");
    EXPECT_TRUE(test.sandbox) << odd << ": a test event is not taken for a real one";
    EXPECT_EQ(test.type, "sumsub.t") << odd;
    EXPECT_TRUE(test.subject == "case/c" || test.subject == "applicant-id/18446744073709551616") << odd;
    EXPECT_EQ(to_rfc3339(test.time), "2026-11-22T10:00:00.000Z") << odd;
  }
  EXPECT_TRUE(map_text(R"({"sandboxMode":false,"sandboxMode":true,"type":"t"})").sandbox) << "the last one counts";
}

TEST(SumsubMapping, CreatedAtMsIsANumberOrText) {
  const Event event = map_text(contents(kFolder.parent_path() / "cases" / "sumsub-createdAtMs-number.body"));
  EXPECT_EQ(to_rfc3339(event.time), "2026-11-22T10:00:00.123Z");
  EXPECT_EQ(event.fact_key, "applicantCreated/v4/-/-/-/1795341600123/-");
  EXPECT_EQ(map({{"createdAtMs", "1795341600123"}}).time, event.time);
  EXPECT_EQ(
      to_rfc3339(map({{"createdAtMs", "0001-01-01 00:00:00.000"}, {"createdAt", "2026-11-22 10:00:00+0000"}}).time),
      "2026-11-22T10:00:00.000Z")
      << "the zero time is no time";
}

TEST(SumsubMapping, TypesAreKeptAsTheyStand) {
  for (const std::string& type : {std::string("a b"), std::string("kyc/é"), std::string(255, 't')}) {
    EXPECT_EQ(map({{"type", type}}).type, "sumsub." + type);
  }
}

TEST(SumsubMapping, BodiesThatAreNotUnderstoodAreKept) {
  for (const std::string& body :
       {std::string("not json"), std::string(), std::string("{}"), std::string("[]"), std::string(R"({"type":7.5})"),
        std::string(R"({"type":"a\tb"})"), std::string(R"({"type":"")"), R"({"type":")" + std::string(256, 't') + "\"}",
        std::string("\xff\0", 2), std::string(100'000, '[')}) {
    const auto verification = source_with({"secret"}).verify(signed_request(body), kNow);
    const auto& event = std::get<Delivery>(verification).event;
    EXPECT_EQ(event.type, "sumsub.unrecognised") << body;
    EXPECT_EQ(event.body, body);
    EXPECT_EQ(event.is_json, is_plain_json(body));
  }
}

}  // namespace
}  // namespace vf::sources::sumsub
