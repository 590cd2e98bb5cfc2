// What a generic source makes of its parameters, whatever the scheme.
#include "sources/generic/generic_source.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "sources/generic/request_test.h"

namespace vf::sources::generic {
namespace {

using testing::HasSubstr;

constexpr Instant kNow = Instant{std::chrono::seconds{1'700'000'000}};

// A body that another program fell short on, byte for byte.
std::string case_of(const std::string& name) {
  std::ifstream file(std::filesystem::path(VF_FIXTURES) / "cases" / name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(GenericSource, OneOddValueChangesNoOtherAttribute) {
  const auto source = source_of("stripe", "secret");
  const auto event = [&](const std::string& body) {
    const auto header = "t=1700000000,v1=" + hmac_hex("secret", "1700000000." + body);
    return delivered(source->verify(request_of({{"Stripe-Signature", header}}, body), kNow)).event;
  };
  for (const std::string file : {"lone-surrogate", "integer-past-64-bits", "bom"}) {
    const std::string body = case_of(file + ".body");
    const auto e = event(body);
    EXPECT_EQ(e.body, body) << file;
    EXPECT_EQ(e.type, "shop.a") << file;
    EXPECT_EQ(e.message_id, file == "bom" ? "f5" : file == "lone-surrogate" ? "f1" : "f2");
    EXPECT_EQ(e.is_json, file == "bom") << file;
  }
  const auto e = event(R"({"id":"evt_1","x":"\ud83d","livemode":false,"created":"\ud83d","type":"t",)"
                       R"("data":{"object":{"object":"charge","id":18446744073709551616}}})");
  EXPECT_TRUE(e.sandbox) << "a test event is not taken for a real one";
  EXPECT_EQ(e.time, kNow);
  EXPECT_EQ(e.subject, "charge/18446744073709551616");
  EXPECT_TRUE(event(R"({"id":"e","livemode":true,"livemode":false})").sandbox) << "the last one counts";
}

TEST(ReplayGuard, MakesTheBodyASecondKeyWhereTheIdIsUnsigned) {
  const auto source =
      make_source({.name = "shop", .scheme = "github", .secrets = {"secret"}, .replay_guard = Millis{600'000}});
  const auto d = delivered(
      source->verify(request_of({{"X-Hub-Signature-256", "sha256=" + hmac_hex("secret", "{}")}}, "{}"), kNow));
  EXPECT_EQ(d.body_key, crypto::sha256("{}"));
  EXPECT_EQ(d.replay_guard, Millis{600'000});
}

TEST(ReplayGuard, IsRefusedWhereTheIdIsSigned) {
  for (const std::string scheme : {"stripe", "slack", "twitch"}) {
    const auto refused =
        make_generic_source({.name = "s", .scheme = scheme, .secrets = {"secret"}, .replay_guard = Millis{600'000}});
    ASSERT_FALSE(refused) << scheme;
    EXPECT_EQ(refused.error().message, "replay_guard: the message id of scheme " + scheme +
                                           " is signed, so a replay is a duplicate without it; remove it");
  }
}

TEST(NamedScheme, TheBodysDigestIsNoFactKey) {
  const auto refused =
      make_generic_source({.name = "s", .scheme = "github", .secrets = {"secret"}, .options = {{"fact_key", "body"}}});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("fact_key: equal bodies may state different facts"));
}

}  // namespace
}  // namespace vf::sources::generic
