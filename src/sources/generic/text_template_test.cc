#include "sources/generic/text_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vf::sources::generic {
namespace {

using testing::HasSubstr;

class Rendering : public testing::Test {
 protected:
  std::optional<std::string> text(const std::string& alternatives) const {
    const JsonFields json(body_);
    const auto parsed = parse_alternatives(alternatives);
    EXPECT_TRUE(parsed) << parsed.error().message;
    return render_first(*parsed, {headers_, json, body_});
  }

  std::string body_ =
      R"({"a":{"b~/c":"deep"},"list":[1,{"n":-7}],"s":"","big":18446744073709551615,"yes":true,"no":null,"f":1.5})";
  http::Headers headers_;
};

TEST_F(Rendering, FindsScalarsByPointer) {
  EXPECT_EQ(text("/a/b~0~1c"), "deep");
  EXPECT_EQ(text("/list/0"), "1");
  EXPECT_EQ(text("/list/1/n"), "-7");
  EXPECT_EQ(text("/big"), "18446744073709551615");
  EXPECT_EQ(text("/yes"), "true");
}

TEST_F(Rendering, WhatIsNoScalarIsMissing) {
  for (const auto* pointer : {"/none", "/a", "/list", "/list/9", "/s", "/no", "/f", "/a/b"}) {
    EXPECT_EQ(text(pointer), std::nullopt) << pointer;
  }
}

TEST_F(Rendering, ABodyThatIsNotJsonHoldsNothing) {
  for (const auto* broken : {"", "{", "{\"yes\":true", "{\"yes\":true} x", "\xff", "not json"}) {
    body_ = broken;
    EXPECT_EQ(text("/yes"), std::nullopt) << broken;
  }
  body_ = std::string(100'000, '[');
  EXPECT_EQ(text("/0"), std::nullopt);
}

TEST_F(Rendering, TheFirstCompleteAlternativeCounts) {
  headers_.add("X-Event", "push");
  EXPECT_EQ(text("{header:X-Event}.{/action} | header:X-Event"), "push");
  EXPECT_EQ(text("{header:X-Event}.{/yes} | header:X-Event"), "push.true");
  EXPECT_EQ(text("/none | header:X-None"), std::nullopt);
}

TEST_F(Rendering, AHeaderGoesByAnySpellingAndCountsOnce) {
  headers_.add("svix-ID", "m1");
  EXPECT_EQ(text("header:webhook-id,svix-id"), "m1");
  headers_.add("webhook-id", "m2");
  EXPECT_EQ(text("header:webhook-id,svix-id"), "m2") << "the first spelling that is there";
  headers_.add("Webhook-Id", "m3");
  EXPECT_EQ(text("header:webhook-id,svix-id"), std::nullopt) << "repeated";
}

TEST_F(Rendering, TheBodyIsNamedByItsDigest) {
  body_ = "abc";
  EXPECT_EQ(text("body"), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(ParseTemplate, ReadsPlacesAndText) {
  const auto parts = parse_template("v0:{header:X-Time}:{body}{field:t}");
  ASSERT_TRUE(parts);
  EXPECT_EQ(*parts, (Template{{Place::Kind::literal, "v0:", {}},
                              {Place::Kind::header, "", {"x-time"}},
                              {Place::Kind::literal, ":", {}},
                              {Place::Kind::body, "", {}},
                              {Place::Kind::field, "t", {}}}));
}

TEST(ParseTemplate, SaysWhatIsWrong) {
  const auto why = [](std::string_view text) { return parse_template(text).error().message; };
  EXPECT_THAT(why("{body"), HasSubstr("a '{' has no '}'"));
  EXPECT_THAT(why("body}"), HasSubstr("a '}' has no '{'"));
  EXPECT_THAT(why("{}"), HasSubstr("'' is no place"));
  EXPECT_THAT(why("{heder:X}"), HasSubstr("'heder:X' is no place"));
  EXPECT_THAT(why("{header:}"), HasSubstr("'' is no header name"));
  EXPECT_THAT(why("{header:X Y}"), HasSubstr("'X Y' is no header name"));
  EXPECT_THAT(why("{header:X,}"), HasSubstr("'' is no header name"));
  EXPECT_THAT(why("{field:}"), HasSubstr("'field:' is no place"));
  EXPECT_THAT(why("{/a~2}"), HasSubstr("'/a~2' is no place"));
  EXPECT_THAT(why("{/a~}"), HasSubstr("'/a~' is no place"));
}

TEST(ParseAlternatives, WantAPlaceInEach) {
  EXPECT_FALSE(parse_alternatives(""));
  EXPECT_FALSE(parse_alternatives("literal"));
  EXPECT_FALSE(parse_alternatives("/a | "));
  EXPECT_TRUE(parse_alternatives("/a | order/{/b} | body"));
}

}  // namespace
}  // namespace vf::sources::generic
