#include "sources/generic/form_body.h"

#include <gtest/gtest.h>

#include "event/json_fields.h"

namespace vf::sources::generic {
namespace {

TEST(FormBody, IsAnObjectOfItsFields) {
  EXPECT_EQ(form_as_json("a=1&b=x+y%20z&c=%22%5C%0A&d=caf%c3%a9"),
            "{\"a\":\"1\",\"b\":\"x y z\",\"c\":\"\\\"\\\\\\u000a\",\"d\":\"café\"}");
  EXPECT_EQ(form_as_json("a"), std::nullopt) << "no '='";
  EXPECT_EQ(form_as_json("a&b=&=c&&d==e"), R"({"a":"","b":"","":"c","d":"=e"})");
  EXPECT_EQ(form_as_json("a=100%&b=%g1&c=%4"), R"({"a":"100%","b":"%g1","c":"%4"})") << "stands for itself";
}

TEST(FormBody, PaddingIsNoPartOfIt) {
  for (const auto* text : {"a=1&b=2\r\n",
                           "\xef\xbb\xbf"
                           "a=1&b=2",
                           "\xef\xbb\xbf\r\n a=1&b=2 \t\n"}) {
    EXPECT_EQ(form_as_json(text), R"({"a":"1","b":"2"})") << text;
  }
  EXPECT_EQ(form_as_json("a=1%0D%0A"), "{\"a\":\"1\\u000d\\u000a\"}") << "this one is encoded, so it is meant";
  EXPECT_EQ(form_as_json("payload=%7B%22a%22%3A1%7D\r\n"), R"({"a":1})");
}

TEST(FormBody, ItsPayloadIsTheJson) {
  EXPECT_EQ(form_as_json("x=1&payload=%7B%22a%22%3A1%7D"), R"({"a":1})");
  EXPECT_EQ(form_as_json("payload=%7B%22a%22%3A1%7D&payload=%7B%22a%22%3A2%7D"), R"({"a":2})") << "the last one";
  EXPECT_EQ(form_as_json("payload=none"), R"({"payload":"none"})") << "a payload that is no JSON is text";
}

TEST(FormBody, OtherTextIsNoForm) {
  for (const auto* text : {"", "not a=form", "a=\n1", "a=\x01", "caf\xc3\xa9=1", "{}"}) {
    EXPECT_EQ(form_as_json(text), std::nullopt) << text;
  }
}

// The reader of JSON refuses what is not UTF-8; a form has the same rule.
TEST(FormBody, AMalformedFieldIsItselfOnly) {
  const auto json = form_as_json("command=%2Fa&text=%ff");
  ASSERT_TRUE(json);
  const JsonFields fields(*json);
  EXPECT_EQ(fields.at("/command").text(), "/a");
  EXPECT_EQ(fields.at("/text").text(), std::nullopt);
}

}  // namespace
}  // namespace vf::sources::generic
