// Scheme hmac as configured: each option with a delivery that it accepts and one that it refuses.
#include "crypto/public_key.h"
#include "sources/generic/request_test.h"

namespace vf::sources::generic {
namespace {

constexpr Instant kNow = Instant{std::chrono::seconds{1'700'000'000}};
const std::string kBody = R"({"type":"paid","order":{"id":7},"ref":"r-1","at":1699990000})";

std::string verification(Description options, HeaderList headers, std::string secret = "secret") {
  options.try_emplace("header", "X-Signature");
  const auto source = source_of("hmac", std::move(secret), std::move(options));
  return refusal(source->verify(request_of(std::move(headers), kBody), kNow));
}

TEST(HmacScheme, SignsTheBodyByDefault) {
  EXPECT_EQ(verification({}, {{"x-signature", hmac_hex("secret", kBody)}}), "");
  EXPECT_EQ(verification({}, {{"X-Signature", hmac_hex("other", kBody)}}), "bad signature");
  EXPECT_EQ(verification({}, {{"X-Signature", hmac_hex("secret", kBody).substr(2)}}), "bad signature") << "cut";
  EXPECT_EQ(verification({}, {{"X-Signature", "not hex"}}), "malformed header");
  EXPECT_EQ(verification({}, {{"X-Signature", ""}}), "missing header");
  EXPECT_EQ(verification({}, {}), "missing header");
}

TEST(HmacScheme, SplitsAPrefix) {
  const Description options{{"split", "prefix HMAC "}};
  EXPECT_EQ(verification(options, {{"X-Signature", "HMAC " + hmac_hex("secret", kBody)}}), "");
  EXPECT_EQ(verification(options, {{"X-Signature", hmac_hex("secret", kBody)}}), "malformed header");
}

TEST(HmacScheme, SplitsFields) {
  const Description options{{"split", "fields s"}, {"template", "{field:ts}|{body}"}, {"timestamp", "unix field:ts"}};
  const auto good = hmac_hex("secret", "1700000000|" + kBody);
  EXPECT_EQ(verification(options, {{"X-Signature", "ts=1700000000, s=" + good}}), "");
  EXPECT_EQ(verification(options, {{"X-Signature", "ts=1700000001, s=" + good}}), "bad signature");
  EXPECT_EQ(verification(options, {{"X-Signature", "s=" + good}}), "malformed header");
}

TEST(HmacScheme, SplitsAList) {
  const Description options{{"split", "list v2"}};
  EXPECT_EQ(verification(options, {{"X-Signature", "v1,00 v2," + hmac_hex("secret", kBody)}}), "");
  EXPECT_EQ(verification(options, {{"X-Signature", "v1," + hmac_hex("secret", kBody)}}), "malformed header");
}

// Paddle separates fields by ';'.
TEST(HmacScheme, SplitsAtAnySeparator) {
  const Description fields{
      {"split", "fields h1 by ;"}, {"template", "{field:ts}:{body}"}, {"timestamp", "unix field:ts"}};
  const auto good = hmac_hex("secret", "1700000000:" + kBody);
  EXPECT_EQ(verification(fields, {{"X-Signature", "ts=1700000000;h1=" + good}}), "");
  EXPECT_EQ(verification(fields, {{"X-Signature", "ts=1700000000;h1=00;h1=" + good}}), "");
  EXPECT_EQ(verification(fields, {{"X-Signature", "ts=1700000000,h1=" + good}}), "malformed header");
  const Description items{{"split", "list v2 by || "}};
  EXPECT_EQ(verification(items, {{"X-Signature", "v1,00|| v2," + hmac_hex("secret", kBody)}}), "");
  EXPECT_EQ(verification(items, {{"X-Signature", "v1,00 v2," + hmac_hex("secret", kBody)}}), "malformed header");
}

TEST(HmacScheme, DecodesTheSignature) {
  const auto bytes = hmac_bytes(crypto::Hash::sha256, "secret", kBody);
  EXPECT_EQ(verification({{"encoding", "base64"}}, {{"X-Signature", to_base64(bytes)}}), "");
  EXPECT_EQ(verification({{"encoding", "hex"}}, {{"X-Signature", to_base64(bytes)}}), "malformed header");
}

TEST(HmacScheme, HasEachAlgorithm) {
  const auto sha1 = to_hex(hmac_bytes(crypto::Hash::sha1, "secret", kBody));
  const auto sha512 = to_hex(hmac_bytes(crypto::Hash::sha512, "secret", kBody));
  EXPECT_EQ(verification({{"algorithm", "hmac-sha1"}}, {{"X-Signature", sha1}}), "");
  EXPECT_EQ(verification({{"algorithm", "hmac-sha512"}}, {{"X-Signature", sha512}}), "");
  EXPECT_EQ(verification({{"algorithm", "hmac-sha256"}}, {{"X-Signature", sha1}}), "bad signature");
}

TEST(HmacScheme, HasEd25519BeforeAndBehindTheBody) {
  const auto key = *crypto::PrivateKey::ed25519_from_seed(std::string(32, 's'));
  const Description options{{"algorithm", "ed25519"}, {"key", "hex"}, {"template", "a{body}z"}};
  const auto secret = to_hex(key.public_bytes());
  EXPECT_EQ(verification(options, {{"X-Signature", to_hex(key.sign("a", kBody + "z"))}}, secret), "");
  EXPECT_EQ(verification(options, {{"X-Signature", to_hex(key.sign("a", kBody))}}, secret), "bad signature");
  EXPECT_EQ(verification(options, {{"X-Signature", "00"}}, secret), "bad signature");
}

TEST(HmacScheme, ReadsTheKeyInEachForm) {
  const std::string key = "sixteen bytes, 1";
  const HeaderList headers{{"X-Signature", hmac_hex(key, kBody)}};
  EXPECT_EQ(verification({}, headers, key), "");
  EXPECT_EQ(verification({{"key", "hex"}}, headers, to_hex(key)), "");
  EXPECT_EQ(verification({{"key", "base64"}}, headers, to_base64(key)), "");
  EXPECT_EQ(verification({{"key", "base64 after sk_"}}, headers, "sk_" + to_base64(key)), "");
  EXPECT_EQ(verification({{"key", "text after sk_"}}, headers, "sk_" + key), "");
}

TEST(HmacScheme, SignsWhatTheTemplateSays) {
  const Description options{{"template", "{header:X-Id}.{body}.{header:X-Tail}"}};
  const auto signature = hmac_hex("secret", "7." + kBody + ".end");
  EXPECT_EQ(verification(options, {{"X-Signature", signature}, {"X-Id", "7"}, {"X-Tail", "end"}}), "");
  EXPECT_EQ(verification(options, {{"X-Signature", signature}, {"X-Id", "8"}, {"X-Tail", "end"}}), "bad signature");
  EXPECT_EQ(verification(options, {{"X-Signature", signature}, {"X-Id", "7"}}), "missing header");
  EXPECT_EQ(verification(options, {{"X-Signature", signature}, {"X-Id", "7"}, {"X-Id", "7"}, {"X-Tail", "end"}}),
            "malformed header");
}

TEST(HmacScheme, ChecksTheTimeInEachFormat) {
  const auto check = [](const std::string& format, const std::string& time, const Description& more = {}) {
    Description options{{"template", "{header:X-Time}{body}"}, {"timestamp", format + "header:X-Time"}};
    options.insert(more.begin(), more.end());
    return verification(options, {{"X-Signature", hmac_hex("secret", time + kBody)}, {"X-Time", time}});
  };
  EXPECT_EQ(check("", "1700000000"), "");
  EXPECT_EQ(check("unix ", "1700000000"), "");
  EXPECT_EQ(check("rfc3339 ", "2023-11-14T22:13:20Z"), "");
  EXPECT_EQ(check("rfc3339 ", "1700000000"), "malformed header");
  EXPECT_EQ(check("unix ", "2023-11-14T22:13:20Z"), "malformed header");
  EXPECT_EQ(check("unix ", "1699999700", {{"tolerance", "300s"}}), "");
  EXPECT_EQ(check("unix ", "1699999699", {{"tolerance", "300s"}}), "too old");
  EXPECT_EQ(check("unix ", "1700000300", {{"tolerance", "300s"}}), "");
  EXPECT_EQ(check("unix ", "1700000301", {{"tolerance", "300s"}}), "from the future");
  EXPECT_EQ(check("unix ", "1", {{"tolerance", "none"}}), "");
  EXPECT_EQ(check("unix ", "1697494400"), "") << "29 days, to the second";
  EXPECT_EQ(check("unix ", "1697494399"), "too old");
}

TEST(HmacScheme, ItsOwnToleranceWinsOverMaxAge) {
  const Description options{
      {"header", "S"}, {"template", "{header:T}{body}"}, {"timestamp", "header:T"}, {"tolerance", "1m"}};
  const auto source = make_source(
      {.name = "shop", .scheme = "hmac", .secrets = {"secret"}, .options = options, .max_age = std::chrono::days{29}});
  const std::string time = "1699999939";
  EXPECT_EQ(refusal(source->verify(request_of({{"S", hmac_hex("secret", time + kBody)}, {"T", time}}, kBody), kNow)),
            "too old");
}

Event event_of(Description options, HeaderList more = {}) {
  options.try_emplace("header", "X-Signature");
  more.emplace_back("X-Signature", hmac_hex("secret", kBody));
  return delivered(source_of("hmac", "secret", std::move(options))->verify(request_of(std::move(more), kBody), kNow))
      .event;
}

TEST(HmacScheme, FindsAttributesAtTheConfiguredPlaces) {
  const auto e =
      event_of({{"id", "/ref"},
                {"id_time", "/at"},
                {"type", "order.{/type}"},
                {"time", "/at"},
                {"subject", "order/{/order/id}"},
                {"fact_key", "header:X-Fact"},
                {"version", "header:X-Version"},
                {"sandbox", "header:X-Mode = test"},
                {"keep", "X-Trace"}},
               {{"X-Fact", "f-1"}, {"X-Version", "3"}, {"X-Mode", "test"}, {"X-Trace", "t"}, {"X-Other", "o"}});
  EXPECT_EQ(e.message_id, "r-1");
  EXPECT_EQ(e.type, "shop.order.paid");
  EXPECT_EQ(unix_millis(e.time), 1699990000000);
  EXPECT_EQ(e.subject, "order/7");
  EXPECT_EQ(e.fact_key, "f-1");
  EXPECT_EQ(e.version, "3");
  EXPECT_TRUE(e.sandbox);
  EXPECT_EQ(e.headers, R"({"X-Signature":")" + hmac_hex("secret", kBody) +
                           R"(","X-Fact":"f-1","X-Version":"3","X-Mode":"test","X-Trace":"t"})");
}

TEST(HmacScheme, HasDefaultsForAttributes) {
  const auto e = event_of({});
  EXPECT_EQ(e.message_id.substr(0, 7), "sha256:");
  EXPECT_EQ(e.fact_key, "");
  EXPECT_EQ(e.type, "shop.paid");
  EXPECT_EQ(e.time, kNow);
  EXPECT_EQ(e.subject, "");
  EXPECT_FALSE(e.sandbox);
}

TEST(HmacScheme, OnlyAnIdOutsideTheTemplateTakesAReplayGuard) {
  const auto problem = [](const std::string& signed_template) {
    const auto source =
        make_generic_source({.name = "shop",
                             .scheme = "hmac",
                             .secrets = {"secret"},
                             .options = {{"header", "S"}, {"id", "header:X-Id"}, {"template", signed_template}},
                             .replay_guard = Millis{600'000}});
    return source ? "" : source.error().message;
  };
  EXPECT_EQ(problem("{body}"), "");
  EXPECT_NE(problem("{header:X-Id}{body}"), "");
}

TEST(HmacScheme, TheNameOfTheSourceIsPartOfTheId) {
  const auto id = [](std::string name) {
    const auto source =
        make_source({.name = std::move(name), .scheme = "hmac", .secrets = {"secret"}, .options = {{"header", "S"}}});
    return delivered(source->verify(request_of({{"S", hmac_hex("secret", kBody)}}, kBody), kNow)).event.id;
  };
  EXPECT_EQ(id("a"), id("a"));
  EXPECT_NE(id("a"), id("b"));
}

}  // namespace
}  // namespace vf::sources::generic
