#include "event/json_fields.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <simdjson.h>

#include <thread>

#include "event/event.h"

namespace vf {
namespace {

using namespace std::string_view_literals;
using Kind = JsonValue::Kind;

std::optional<std::string> text(std::string_view body, std::string_view pointer) {
  return JsonFields(body).at(pointer).text();
}

TEST(JsonFieldsTest, FindsByPointer) {
  const JsonFields fields(R"({"a":{"b":7,"s":"x","t":true,"n":null,"f":1.5,"l":[1,[2]],"":9,"~/":8}})");
  EXPECT_EQ(fields.at("/a/b").integer(), 7);
  EXPECT_EQ(fields.at("/a/s").text(), "x");
  EXPECT_EQ(fields.at("/a/t").boolean(), true);
  EXPECT_EQ(fields.at("/a/l/1/0").integer(), 2);
  EXPECT_EQ(fields.at("/a/").integer(), 9);
  EXPECT_EQ(fields.at("/a/~0~1").integer(), 8);
  EXPECT_EQ(fields.at("/a").at("/l").at("/0").integer(), 1);
  EXPECT_EQ(fields.at("/a/n").kind(), Kind::null);
  EXPECT_EQ(fields.at("/a/f").kind(), Kind::number);
  EXPECT_EQ(fields.at("/a/t").kind(), Kind::boolean);
  EXPECT_EQ(fields.at("/a/s").kind(), Kind::string);
  EXPECT_EQ(fields.at("/a/l").kind(), Kind::array);
  EXPECT_EQ(fields.at("").kind(), Kind::object);
  EXPECT_TRUE(fields.at("/a/n").exists());
  EXPECT_FALSE(fields.at("/a/n").has());
  for (const auto pointer : {"/b", "/a/b/c", "/a/l/2", "/a/l/01", "/a/l/-", "/a/s/0", "/a/~", "/a/~2", "nonsense"}) {
    EXPECT_EQ(fields.at(pointer).kind(), Kind::missing) << pointer;
  }
  EXPECT_EQ(JsonFields("7").root().integer(), 7);
  EXPECT_EQ(JsonFields("[[],{}, 3]").at("/2").integer(), 3);
}

// Each body has one odd value that is not asked for.
TEST(JsonFieldsTest, AValueThatIsNotAskedForHidesNoOther) {
  const std::string deep = std::string(100'000, '[') + R"("]")" + std::string(100'000, ']');
  for (const std::string odd : {R"("\ud83d")",
                                R"("\udc00\ud83d")",
                                "18446744073709551616",
                                "-9223372036854775809",
                                "1e999",
                                "NaN",
                                "-Infinity",
                                "01",
                                "+1",
                                "tru",
                                R"("\x")",
                                R"("\u12")",
                                "\"\n\"",
                                "\"\x01\"",
                                "\"\xff\"",
                                "\"\xed\xa0\x80\"",
                                "-",
                                deep.data(),
                                "{\"id\":{\"id\":\"no\"}}",
                                R"({"\ud83d":1})"}) {
    const std::string body = R"({"id":"f1","x":)" + odd + R"(,"type":"a","l":[)" + odd + R"(,"last"]})";
    const JsonFields fields(body);
    EXPECT_EQ(fields.at("/id").text(), "f1") << odd.substr(0, 30);
    EXPECT_EQ(fields.at("/type").text(), "a") << odd.substr(0, 30);
    EXPECT_EQ(fields.at("/l/1").text(), "last") << odd.substr(0, 30);
    EXPECT_EQ(fields.is_plain(), is_plain_json(body)) << odd.substr(0, 30);
  }
}

TEST(JsonFieldsTest, AMalformedValueThatIsAskedForIsNone) {
  for (const std::string odd : {"NaN", "01", "tru", "-", "1.", "\"\\x\"", "\"\x01\"", "\"\xff\"", R"("\ud83d")"}) {
    const std::string body = "{\"a\":" + odd + "}";
    const JsonFields fields(body);
    EXPECT_TRUE(fields.at("/a").exists()) << odd;
    EXPECT_FALSE(fields.at("/a").text()) << odd;
    EXPECT_FALSE(fields.at("/a").scalar()) << odd;
    EXPECT_FALSE(fields.at("/a").integer()) << odd;
    EXPECT_FALSE(fields.at("/a").boolean()) << odd;
    EXPECT_FALSE(fields.at("/a").time()) << odd;
  }
  EXPECT_EQ(JsonFields("[NaN]").at("/0").kind(), Kind::malformed);
}

TEST(JsonFieldsTest, WithoutSoundStructureThereAreNoValues) {
  for (const auto body : {""sv,           " "sv,
                          "{"sv,          "}"sv,
                          "\xff{}"sv,     "{}\0"sv,
                          "{}{}"sv,       "{} x"sv,
                          "[1"sv,         "[1 2]"sv,
                          "[1,]"sv,       "[,1]"sv,
                          "{\"a\"}"sv,    "{\"a\":}"sv,
                          "{\"a\":1,}"sv, "{a:1}"sv,
                          "{'a':1}"sv,    "{\"a\":b\"c\"}"sv,
                          "[}"sv,         "\"a"sv,
                          R"("\")"sv,     R"("\)"sv,
                          "//c\n1"sv,     "\xef\xbb\xbf"sv,
                          "none"sv,       "a=b"sv,
                          "01"sv,         "payload=%7B%7D&a=[1"sv}) {
    const JsonFields fields(body);
    EXPECT_FALSE(fields.has_values()) << body;
    EXPECT_FALSE(fields.is_plain()) << body;
    EXPECT_EQ(fields.root().kind(), Kind::missing) << body;
    EXPECT_TRUE(fields.root().elements().empty()) << body;
  }
  EXPECT_FALSE(JsonFields(std::string(1'000'000, '[')).has_values());
}

TEST(JsonFieldsTest, PaddingAroundTheBodyIsSkipped) {
  EXPECT_EQ(text("\xef\xbb\xbf{\"id\":\"f5\"}", "/id"), "f5");
  EXPECT_EQ(text("\xef\xbb\xbf \r\n{\"id\":\"f5\"}\n", "/id"), "f5");
}

TEST(JsonFieldsTest, OfRepeatedKeysTheLastOneCounts) {
  EXPECT_EQ(text(R"({"a":"1","b":"x","a":"2"})", "/a"), "2");
  EXPECT_EQ(text(R"({"a":"1","\u0061":"2"})", "/a"), "2");
  EXPECT_EQ(text(R"({"\u0061":"1","a":"2"})", "/a"), "2");
  EXPECT_EQ(text(R"({"a":{"b":"1"},"a":{"c":"2"}})", "/a/b"), std::nullopt);
  EXPECT_EQ(JsonFields(R"({"a":"1","a":null})").at("/a").kind(), Kind::null);
}

TEST(JsonFieldsTest, TextIsAStringOrTheDigitsOfAnInteger) {
  EXPECT_EQ(text(R"("a\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00\u0000")", ""), "a\"\\/\b\f\n\r\tAé😀\0"sv);
  EXPECT_EQ(text("21", ""), "21");
  EXPECT_EQ(text("18446744073709551616", ""), "18446744073709551616") << "digits of any length";
  EXPECT_EQ(text("\"\"", ""), "");
  for (const auto other : {"1.5", "1e3", "null", "true", "[]", "{}"}) EXPECT_FALSE(text(other, "")) << other;
  EXPECT_EQ(JsonFields("true").root().scalar(), "true");
  EXPECT_EQ(JsonFields("\"x\"").root().scalar(), "x");
  EXPECT_EQ(JsonFields(R"("a\ud83d b")").root().replaced_text(), "a\xef\xbf\xbd b");
  EXPECT_EQ(JsonFields("\"a\xff\xe2\x82 é\"").root().replaced_text(), "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd é");
  EXPECT_EQ(JsonFields("7").root().replaced_text(), "7");
  EXPECT_FALSE(JsonFields(R"("\x")").root().replaced_text());
}

TEST(JsonFieldsTest, IntegersAndBooleansMayBeText) {
  const auto integer = [](std::string_view body) { return JsonFields(body).root().integer(); };
  EXPECT_EQ(integer("-7"), -7);
  EXPECT_EQ(integer("\"21\""), 21);
  EXPECT_EQ(integer("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(integer("\"9223372036854775807\""), INT64_MAX);
  for (const auto other : {"9223372036854775808", "\"9223372036854775808\"", "1.0", "\"1.0\"", "\"\"", "\" 1\"",
                           "\"1 \"", "\"+1\"", "null", "true"}) {
    EXPECT_FALSE(integer(other)) << other;
  }
  const auto boolean = [](std::string_view body) { return JsonFields(body).root().boolean(); };
  EXPECT_EQ(boolean("true"), true);
  EXPECT_EQ(boolean("\"false\""), false);
  for (const auto other : {"1", "\"yes\"", "\"True\"", "null"}) EXPECT_FALSE(boolean(other)) << other;
}

TEST(JsonFieldsTest, TimesAreTextOrNumbers) {
  const auto time = [](std::string_view body) { return JsonFields(body).root().time(); };
  const auto at = from_unix_millis(1'795'341'600'123);
  EXPECT_EQ(time("1795341600123"), at);
  EXPECT_EQ(time("\"1795341600123\""), at);
  EXPECT_EQ(time("\"2026-11-22T10:00:00.123Z\""), at);
  EXPECT_EQ(time("1795341600"), from_unix_millis(1'795'341'600'000));
  EXPECT_EQ(time("1795341600.123"), at);
  EXPECT_EQ(time("\"1795341600.123999\""), at);
  for (const auto* scaled : {"1795341600123e0", "1.795341600123e9", "1.795341600123E+12", "17953416001230e-4",
                             "17953416001230e-1", "\"1.7953416001234e9\""}) {
    EXPECT_EQ(time(scaled), at) << scaled;
  }
  EXPECT_EQ(time("1.7672256e9"), from_unix_millis(1'767'225'600'000));
  EXPECT_EQ(time("99999999999"), from_unix_millis(99'999'999'999'000)) << "the last number of seconds";
  EXPECT_EQ(time("100000000000"), from_unix_millis(100'000'000'000)) << "the first number of milliseconds";
  EXPECT_EQ(time("253402300799999"), from_unix_millis(253'402'300'799'999));
  for (const auto none : {"0",
                          "-1",
                          "\"\"",
                          "null",
                          "\"noon\"",
                          "true",
                          "253402300800000",
                          "\"1795341600.\"",
                          "1e400",
                          "1e15",
                          "1e-9",
                          "-1e9",
                          "0e9",
                          "1e",
                          "\"e9\"",
                          "\"inf\"",
                          "\"infe\"",
                          "\"0001-01-01T00:00:00Z\"",
                          "\"0001-01-01 00:00:00\"",
                          "\"0001-01-01T00:00:00.000+01:00\"",
                          "\"0000-12-31T23:00:00-01:00\""}) {
    EXPECT_FALSE(time(none)) << none;
  }
}

TEST(JsonFieldsTest, CompactJsonKeepsEverythingButWhiteSpace) {
  EXPECT_EQ(JsonFields(R"({ "a" : [ 1 , "x \" y" , {} ] })").at("/a").compact_json(), R"([1,"x \" y",{}])");
  EXPECT_EQ(JsonFields(R"([NaN])").root().compact_json(), std::nullopt);
  EXPECT_EQ(JsonFields("[\"\xff\"]").root().compact_json(), std::nullopt);
  EXPECT_EQ(JsonFields("{}").at("/a").compact_json(), std::nullopt);
}

std::string nested(size_t levels) { return std::string(levels, '[') + "7" + std::string(levels, ']'); }

std::string zeros(size_t levels) {
  std::string pointer;
  for (size_t i = 0; i < levels; ++i) pointer += "/0";
  return pointer;
}

TEST(JsonFieldsTest, ValuesAreReadDownToTheDepthOfPlainJson) {
  const std::string fits = nested(kBodyDepthMax), deeper = nested(kBodyDepthMax + 1);
  EXPECT_EQ(JsonFields(fits).at(zeros(kBodyDepthMax)).integer(), 7);
  EXPECT_TRUE(JsonFields(fits).is_plain());
  EXPECT_EQ(JsonFields(deeper).at(zeros(kBodyDepthMax)).kind(), Kind::malformed);
  EXPECT_FALSE(JsonFields(deeper).at(zeros(kBodyDepthMax + 1)).exists());
  EXPECT_FALSE(JsonFields(deeper).is_plain());
}

TEST(JsonFieldsTest, ElementsOfAnArray) {
  const JsonFields fields(R"({"l":[{"id":3},[1,[2]],7]})");
  const auto elements = fields.at("/l").elements();
  ASSERT_EQ(elements.size(), 3u);
  EXPECT_EQ(elements[0].at("/id").integer(), 3);
  EXPECT_EQ(elements[1].at("/1/0").integer(), 2);
  EXPECT_EQ(elements[2].integer(), 7);
  EXPECT_TRUE(fields.at("/l/0").elements().empty()) << "an object has no elements";
}

// A thread reuses its index: two JsonFields at once, and one after a large one, must not see each other's values.
TEST(JsonFieldsTest, ManyAtOnceKeepApart) {
  const JsonFields outer(R"({"a":1})");
  {
    std::string many = R"({"a":2,"l":[)";
    for (int i = 0; i < 10'000; ++i) many += "1,";
    const JsonFields inner(many += "1]}");
    EXPECT_EQ(inner.at("/a").integer(), 2);
    EXPECT_EQ(outer.at("/a").integer(), 1);
  }
  EXPECT_FALSE(JsonFields("[").has_values());
  EXPECT_EQ(JsonFields(R"({"a":3})").at("/a").integer(), 3);
  EXPECT_EQ(outer.at("/a").integer(), 1);
  std::jthread([] { EXPECT_EQ(JsonFields(R"({"a":4})").at("/a").integer(), 4); });
}

// Returns JSON whose strings and numbers need every path of the scanner; only within a property.
std::string any_json(int depth) {
  const int shape = depth == 0 ? 0 : *rc::gen::inRange(0, 3);
  if (shape == 0) {
    return *rc::gen::elementOf(std::vector<std::string>{
        "null", "true", "false", "0", "-1", "12345678901234567890", "1.25e3", R"("")", R"("plain text of some length")",
        R"("q\"\\u")", R"("\u00e9\ud83d\ude00é")", "9223372036854775807", R"("21")"});
  }
  std::string out = shape == 1 ? "[" : "{";
  const int count = *rc::gen::inRange(0, 4);
  for (int i = 0; i < count; ++i) {
    if (i > 0) out += ", ";
    if (shape == 2) out += "\"k" + std::to_string(i) + "\": ";
    out += any_json(depth - 1);
  }
  return out += shape == 1 ? "]" : "}";
}

// The oracle is simdjson: both find the same values at the same places.
void expect_same(const JsonValue& value, const simdjson::dom::element& want) {
  std::string_view string;
  int64_t integer = 0;
  bool boolean = false;
  if (want.is_object()) {
    RC_ASSERT(value.kind() == Kind::object);
    for (const auto field : want.get_object()) expect_same(value.at("/" + std::string(field.key)), field.value);
  } else if (want.is_array()) {
    const auto elements = value.elements();
    size_t i = 0;
    for (const auto element : want.get_array()) expect_same(elements.at(i++), element);
    RC_ASSERT(value.kind() == Kind::array && i == elements.size());
  } else if (want.get(string) == simdjson::SUCCESS) {
    RC_ASSERT(value.kind() == Kind::string && value.text() == string);
  } else if (want.get(boolean) == simdjson::SUCCESS) {
    RC_ASSERT(value.kind() == Kind::boolean && value.boolean() == boolean);
  } else if (want.get(integer) == simdjson::SUCCESS) {
    RC_ASSERT(value.kind() == Kind::number && value.integer() == integer);
  } else {
    RC_ASSERT(value.kind() == (want.is_null() ? Kind::null : Kind::number));
  }
}

RC_GTEST_PROP(JsonFieldsTest, AgreesWithSimdjson, ()) {
  const std::string body = any_json(4);
  simdjson::dom::parser parser;
  expect_same(JsonFields(body).root(), parser.parse(body).value());
  RC_ASSERT(JsonFields(body).is_plain());
}

}  // namespace
}  // namespace vf
