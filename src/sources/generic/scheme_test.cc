// Scheme: every key of a description, with correct and with wrong values.
#include "sources/generic/scheme.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <sstream>

#include "sources/generic/generic_source.h"
#include "sources/generic/named_schemes.h"

namespace vf::sources::generic {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

Description with(Description more) {
  Description description{{"header", "X-Signature"}};
  for (auto& [key, text] : more) description[key] = std::move(text);
  return description;
}

std::string why(Description more) {
  const auto scheme = parse_scheme(with(std::move(more)));
  return scheme ? "accepted" : scheme.error().message;
}

TEST(ParseScheme, NeedsOnlyTheHeader) {
  const auto scheme = parse_scheme({{"header", "X-Signature"}});
  ASSERT_TRUE(scheme);
  EXPECT_EQ(scheme->signature_header, std::vector<std::string>{"X-Signature"});
  EXPECT_EQ(scheme->split, Split::plain);
  EXPECT_EQ(scheme->encoding, Encoding::hex);
  EXPECT_EQ(scheme->methods.front().algorithm, Algorithm::hmac_sha256);
  EXPECT_EQ(scheme->methods.front().key.kind, KeyForm::Kind::text);
  EXPECT_TRUE(scheme->before_body.empty());
  EXPECT_FALSE(scheme->signed_time);
  EXPECT_EQ(scheme->id, Alternatives{}) << "the body's digest";
  EXPECT_EQ(scheme->type, (Alternatives{{{Place::Kind::pointer, "/type", {}}}}));
}

TEST(ParseScheme, ReadsEveryKey) {
  const auto scheme = parse_scheme(with({{"split", "fields sig"},
                                         {"encoding", "base64"},
                                         {"algorithm", "hmac-sha512"},
                                         {"key", "base64 after sk_"},
                                         {"template", "{field:t}:{body}:end"},
                                         {"timestamp", "rfc3339 field:t"},
                                         {"tolerance", "90s"},
                                         {"sandbox", "/mode = test run"}}));
  ASSERT_TRUE(scheme) << scheme.error().message;
  EXPECT_EQ(scheme->split, Split::fields);
  EXPECT_EQ(scheme->encoding, Encoding::base64);
  EXPECT_EQ(scheme->methods.front().mark, "sig");
  EXPECT_EQ(scheme->methods.front().algorithm, Algorithm::hmac_sha512);
  EXPECT_EQ(scheme->methods.front().key.kind, KeyForm::Kind::base64);
  EXPECT_EQ(scheme->methods.front().key.after, "sk_");
  EXPECT_EQ(scheme->before_body.size(), 2u);
  EXPECT_EQ(scheme->after_body.size(), 1u);
  EXPECT_EQ(scheme->signed_time->format, SignedTime::Format::rfc3339);
  EXPECT_EQ(scheme->signed_time->tolerance, std::chrono::seconds{90});
  EXPECT_EQ(scheme->sandbox->value, "test run");
}

TEST(ParseScheme, ReadsTolerances) {
  const auto read = [](Description more) {
    more.insert({{"template", "{header:T}{body}"}, {"timestamp", "header:T"}});
    return parse_scheme(with(std::move(more)));
  };
  const auto tolerance = [&](std::string text) {
    return read({{"tolerance", std::move(text)}})->signed_time->tolerance;
  };
  EXPECT_EQ(tolerance("250ms"), Millis{250});
  EXPECT_EQ(tolerance("5m"), std::chrono::minutes{5});
  EXPECT_EQ(tolerance("1h"), std::chrono::hours{1});
  EXPECT_EQ(tolerance("7d"), std::chrono::days{7});
  EXPECT_EQ(tolerance("1000000d"), std::chrono::days{1'000'000});
  EXPECT_EQ(tolerance("none"), std::nullopt);
  EXPECT_EQ(read({})->signed_time->tolerance, kToleranceDefault);
  for (const auto* text : {"5", "m", "0s", "-5m", "5 m", "5y", "1000001d"}) {
    EXPECT_FALSE(read({{"tolerance", text}})) << text;
  }
}

TEST(ParseScheme, EachErrorNamesItsKey) {
  EXPECT_THAT(parse_scheme({}).error().message, StartsWith("header: "));
  EXPECT_THAT(why({{"header", "X Y"}}), StartsWith("header: 'X Y'"));
  EXPECT_THAT(why({{"split", "comma"}}), StartsWith("split: 'comma' is none of plain, prefix, fields, list"));
  EXPECT_THAT(why({{"split", "plain x"}}), StartsWith("split: plain takes nothing"));
  EXPECT_THAT(why({{"split", "prefix"}}), StartsWith("split: 'prefix' wants"));
  EXPECT_THAT(why({{"split", "fields"}}), StartsWith("split: 'fields' wants"));
  EXPECT_THAT(why({{"split", "list"}}), StartsWith("split: 'list' wants"));
  EXPECT_THAT(why({{"split", "fields v1 ;"}}), StartsWith("split: only 'by SEPARATOR' may follow"));
  EXPECT_THAT(why({{"split", "fields v1 by"}}), StartsWith("split: only 'by SEPARATOR' may follow"));
  EXPECT_THAT(why({{"encoding", "base32"}}), StartsWith("encoding: 'base32' is none of hex, base64"));
  EXPECT_THAT(why({{"algorithm", "md5"}}), StartsWith("algorithm: 'md5' is none of"));
  EXPECT_THAT(why({{"algorithm", "ed25519"}}), StartsWith("key: an ed25519"));
  EXPECT_THAT(why({{"key", "pem"}}), StartsWith("key: 'pem' is none of text, hex, base64"));
  EXPECT_THAT(why({{"key", "base64 whsec_"}}), StartsWith("key: only 'after PREFIX'"));
  EXPECT_THAT(why({{"key", "base64 after"}}), StartsWith("key: only 'after PREFIX'"));
  EXPECT_THAT(why({{"template", "{body"}}), StartsWith("template: "));
  EXPECT_THAT(why({{"template", "x"}}), StartsWith("template: it must contain {body}"));
  EXPECT_THAT(why({{"template", "{body}{body}"}}), StartsWith("template: it must contain {body}"));
  EXPECT_THAT(why({{"template", "{/id}{body}"}}), StartsWith("template: a JSON pointer"));
  EXPECT_THAT(why({{"template", "{field:t}{body}"}}), StartsWith("template: {field"));
  EXPECT_THAT(why({{"timestamp", "header:T"}}), StartsWith("timestamp: 'header:T' is not part of the template"));
  EXPECT_THAT(why({{"timestamp", "iso header:T"}, {"template", "{header:T}{body}"}}),
              StartsWith("timestamp: 'iso' is none of unix, rfc3339"));
  EXPECT_THAT(why({{"timestamp", "unix T"}}), StartsWith("timestamp: 'T' is no place"));
  EXPECT_THAT(why({{"timestamp", "body"}, {"template", "{body}"}}), StartsWith("timestamp: 'body'"));
  EXPECT_THAT(why({{"tolerance", "5m"}}), StartsWith("tolerance: there is no timestamp"));
  EXPECT_THAT(why({{"timestamp", "header:T"}, {"template", "{header:T}{body}"}, {"tolerance", "soon"}}),
              StartsWith("tolerance: 'soon'"));
  for (const auto* key : {"id", "type", "time", "subject", "fact_key", "version", "id_time"}) {
    EXPECT_THAT(why({{key, "somewhere"}}), StartsWith(std::string(key) + ": 'somewhere' is no place"));
    EXPECT_THAT(why({{key, "field:t"}}), StartsWith(std::string(key) + ": field"));
  }
  EXPECT_THAT(why({{"id_time", "header:X-Time"}}), StartsWith("id_time: only a JSON pointer"));
  EXPECT_THAT(why({{"sandbox", "/test"}}), StartsWith("sandbox: 'PLACE = VALUE'"));
  EXPECT_THAT(why({{"sandbox", "test = yes"}}), StartsWith("sandbox: 'test' is no place"));
  EXPECT_THAT(why({{"keep", "X-A, X-B"}}), StartsWith("keep: ' X-B' is no header name"));
  EXPECT_THAT(why({{"heeder", "X"}}), AllOf(StartsWith("heeder: no such key"), HasSubstr("header, split")));
}

TEST(ParseScheme, ReportsAllErrorsAtOnce) {
  EXPECT_THAT(why({{"split", "x"}, {"encoding", "y"}, {"id", "z"}}),
              AllOf(HasSubstr("split: "), HasSubstr("encoding: "), HasSubstr("id: ")));
}

TEST(IdIsUnsigned, UnlessTheTemplateHoldsItsHeader) {
  const auto is_unsigned = [](Description more) { return parse_scheme(with(std::move(more)))->id_is_unsigned(); };
  EXPECT_TRUE(is_unsigned({{"id", "header:X-Id"}}));
  EXPECT_TRUE(is_unsigned({{"id", "/id | header:X-Id"}}));
  EXPECT_FALSE(is_unsigned({{"id", "header:X-Id"}, {"template", "{header:x-id}.{body}"}}));
  EXPECT_FALSE(is_unsigned({{"id", "header:X-Id"}, {"template", "{body}.{header:X-Id}"}}));
  EXPECT_FALSE(is_unsigned({{"id", "/id"}}));
  EXPECT_FALSE(is_unsigned({}));
}

TEST(FindScheme, HasEveryNameAndOnlyThose) {
  const std::vector<std::string_view> names{"standard-webhooks", "github", "stripe",  "slack",
                                            "shopify",           "twitch", "discord", "hmac"};
  EXPECT_EQ(scheme_names(), names);
  for (const auto name : names) EXPECT_TRUE(find_scheme(name, name == kHmac ? with({}) : Description{})) << name;
  EXPECT_THAT(find_scheme("gitlab", {}).error().message,
              AllOf(StartsWith("scheme: 'gitlab' is none of"), HasSubstr("github")));
}

// The error for an unknown key lists the known ones; the guide has a row for each, and for each scheme.
TEST(Guide, DescribesEveryKeyAndScheme) {
  std::ifstream file(std::string(VF_ROOT) + "/docs/sources.md");
  const std::string guide{std::istreambuf_iterator<char>(file), {}};
  std::string keys = parse_scheme({{"header", "H"}, {"x", ""}}).error().message;
  keys.erase(0, std::string("x: no such key; there are ").size());
  std::istringstream listed(keys);
  for (std::string key; listed >> key;) {
    if (key.back() == ',') key.pop_back();
    EXPECT_THAT(guide, HasSubstr("\n| `" + key + "` |"));
  }
  for (const auto name : scheme_names()) EXPECT_THAT(guide, HasSubstr("\n| `" + std::string(name) + "` |"));
}

TEST(FindScheme, OnlyAttributesOfANamedSchemeCanBeOverridden) {
  EXPECT_THAT(find_scheme("github", {{"template", "{body}"}}).error().message,
              StartsWith("template: how scheme github signs is fixed"));
  EXPECT_THAT(find_scheme("github", {{"subject", "nowhere"}}).error().message, StartsWith("subject: "));
  const auto found = find_scheme("github", {{"id", "body"}});
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->scheme.id_is_unsigned());
}

std::string source_error(std::string scheme, std::vector<std::string> secrets,
                         std::optional<Millis> max_age = kMaxAgeOfScheme) {
  const auto source = make_generic_source(
      {.name = "shop", .scheme = std::move(scheme), .secrets = std::move(secrets), .options = {}, .max_age = max_age});
  return source ? "accepted" : source.error().message;
}

TEST(Secrets, AreCheckedAndNeverQuoted) {
  EXPECT_EQ(source_error("github", {}), "secrets: at least one is needed");
  EXPECT_EQ(source_error("github", {"fine", ""}), "secrets[1]: is empty");
  EXPECT_EQ(source_error("standard-webhooks", {"whsec_!secret!"}), "secrets[0]: is not base64");
  EXPECT_EQ(source_error("standard-webhooks", {"whsec_"}), "secrets[0]: is empty");
  EXPECT_EQ(source_error("standard-webhooks", {"whsec_AAAAAAAAAAAAAAAAAAAA"}), "secrets[0]: is too short, was it cut?");
  EXPECT_EQ(source_error("discord", {"xyz-secret"}), "secrets[0]: is not hex");
  EXPECT_THAT(source_error("discord", {std::string(62, 'a')}), StartsWith("secrets[0]: "));
  EXPECT_EQ(source_error("discord", {std::string(32, 'a')}).find(std::string(32, 'a')), std::string::npos);
}

TEST(MaxAge, IsRefusedWhereNoTimeIsSigned) {
  EXPECT_THAT(source_error("github", {"s"}, std::chrono::minutes{5}),
              StartsWith("max_age: scheme github signs no time"));
  EXPECT_EQ(source_error("github", {"s"}, std::nullopt), "accepted");
  EXPECT_EQ(source_error("github", {"s"}), "accepted");
}

}  // namespace
}  // namespace vf::sources::generic
