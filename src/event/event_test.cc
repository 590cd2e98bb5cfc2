#include "event/event.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <simdjson.h>

#include "base/json_text.h"
#include "event/json_fields.h"
#include "event/json_scanner.h"

namespace vf {
namespace {

using namespace std::string_view_literals;

std::string nested(size_t levels, std::string_view open = "[", std::string_view close = "]") {
  std::string out;
  for (size_t i = 0; i < levels; ++i) out += open;
  for (size_t i = 0; i < levels; ++i) out += close;
  return out;
}

TEST(PositionText, HasFixedWidthAndRoundTrips) {
  const Position position{.era = 1, .tx = 0xabc, .seq = UINT64_MAX};
  EXPECT_EQ(position.to_string(), "00000001-0000000000000abc-ffffffffffffffff");
  EXPECT_EQ(Position::parse(position.to_string()), position);
  for (const auto text : {"", "1", "00000001-0000000000000abc-fffffffffffffff",
                          "00000001-0000000000000abc-ffffffffffffffff0", "00000001 0000000000000abc-ffffffffffffffff",
                          "0000000g-0000000000000abc-ffffffffffffffff", "-0000001-0000000000000abc-ffffffffffffffff"}) {
    EXPECT_FALSE(Position::parse(text)) << text;
  }
}

RC_GTEST_PROP(PositionText, SortsAsThePosition,
              (uint32_t e1, uint64_t t1, uint64_t s1, uint32_t e2, uint64_t t2, uint64_t s2)) {
  const Position a{e1, t1, s1}, b{*rc::gen::element(e1, e2), *rc::gen::element(t1, t2), s2};
  RC_ASSERT(Position::parse(a.to_string()) == a);
  RC_ASSERT((a < b) == (a.to_string() < b.to_string()));
}

TEST(PlainJson, AcceptsOneValueOfAnyKind) {
  for (const auto body : {"{}", "[]", "null", "true", "false", "0", "-0", "1.5e-3", "1E+2", R"("")",
                          R"({"a":[1,{"b":null}], "c" : "é\u00e9\ud83d\ude00" })", "18446744073709551615",
                          "-9223372036854775808", "1e308", "\"\x7f\"", R"("\/\b\f\n\r\t\"\\\u0000")"}) {
    EXPECT_TRUE(is_plain_json(body)) << body;
  }
}

TEST(PlainJson, RefusesWhatCouldBreakABatch) {
  for (const auto body : {"",
                          " ",
                          "{}{}",
                          "\xef\xbb\xbf",
                          "\xef\xbb\xbf\xef\xbb\xbf{}",
                          "\n\xef\xbb\xbf{}",
                          "\v{}",
                          "{}\xc2\xa0",
                          "[",
                          "]",
                          "{",
                          "}",
                          "[1",
                          "[1,]",
                          "[,1]",
                          "[1 2]",
                          "{\"a\"}",
                          "{\"a\":}",
                          "{\"a\":1,}",
                          "{a:1}",
                          "{\"a\" 1}",
                          "{1:1}",
                          "[}",
                          "{]",
                          "nul",
                          "nulll",
                          "True",
                          "tru",
                          "01",
                          "-",
                          "+1",
                          ".5",
                          "1.",
                          "1e",
                          "1e+",
                          "0x10",
                          "NaN",
                          "Infinity",
                          "'a'",
                          "\"a",
                          "\"\\x\"",
                          "\"\\u12\"",
                          "\"\\u12g4\"",
                          "\"\n\"",
                          "\"\x01\"",
                          "\"\xff\"",
                          "\"\xed\xa0\x80\"",
                          "//c\n1",
                          "[1]/**/"}) {
    EXPECT_FALSE(is_plain_json(body)) << body;
  }
  EXPECT_FALSE(is_plain_json("{}\0"sv));
  EXPECT_FALSE(is_plain_json("\"\0\""sv));
}

// A Go sender's encoder ends every body with a line feed.
TEST(PlainJson, PaddingAroundItDoesNotCount) {
  for (const auto body : {"{} ", "\n{}", "{}\n", " \r\n\t{}\t\n ", "\xef\xbb\xbf{}", "\xef\xbb\xbf {}\r\n"}) {
    EXPECT_TRUE(is_plain_json(body)) << body;
    EXPECT_EQ(without_padding(body), "{}");
  }
  EXPECT_EQ(without_padding(" \n"), "");
  EXPECT_EQ(without_padding("\xef\xbb"), "\xef\xbb");
}

TEST(PlainJson, RefusesNumbersAndSurrogatesThatStrictReadersRefuse) {
  for (const auto body : {"18446744073709551616", "-9223372036854775809", "1e309", "-1e309", R"("\ud800")",
                          R"("\udc00")", R"("\ud800\u0041")", R"("\ud800\ud800\udc00")"}) {
    EXPECT_FALSE(is_plain_json(body)) << body;
  }
}

TEST(PlainJson, SixtyFourLevelsAndNoMore) {
  EXPECT_TRUE(is_plain_json(nested(64)));
  EXPECT_FALSE(is_plain_json(nested(65)));
  EXPECT_TRUE(is_plain_json(nested(63, "{\"a\":", "}").insert(63 * 5, "[]")));
  EXPECT_FALSE(is_plain_json(nested(64, "{\"a\":", "}").insert(64 * 5, "[]")));
  EXPECT_FALSE(is_plain_json(nested(100'000)));
  EXPECT_FALSE(is_plain_json(std::string(1'000'000, '[')));
}

// Generates texts that are nearly JSON: pieces of JSON in any order.
rc::Gen<std::string> near_json() {
  const auto piece = rc::gen::elementOf(std::vector<std::string>{
      "{", "}",  "[",  "]",    ",",    ":",    "\"", "\"a\"", "\"a\":", "1",       "-",
      "0", ".",  "e",  "12",   "true", "null", " ",  "\n",    "\\",     "\\u00e9", "\"\\ud83d\\ude00\"",
      "é", "[]", "{}", "[1,2]"});
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece), [](const std::vector<std::string>& pieces) {
    std::string out;
    for (const auto& p : pieces) out += p;
    return out;
  });
}

// The oracle is simdjson: a text is plain JSON if and only if simdjson can read it.
RC_GTEST_PROP(PlainJson, AgreesWithSimdjson, ()) {
  const std::string body = *near_json();
  simdjson::dom::parser parser;
  RC_ASSERT(is_plain_json(body) == (parser.parse(body).error() == simdjson::SUCCESS));
  RC_ASSERT(JsonFields(body).is_plain() == is_plain_json(body));
}

TEST(JsonScannerTest, DecodesEscapes) {
  EXPECT_EQ(JsonScanner(R"("a\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\uDE00\u0000")").string(),
            "a\"\\/\b\f\n\r\tAé€😀\0"sv);
  EXPECT_EQ(JsonScanner(R"("\ud800\u0041\udc00")").string(),
            "\xef\xbf\xbd"
            "A\xef\xbf\xbd");
  EXPECT_FALSE(JsonScanner("\"\\").string());
  EXPECT_FALSE(JsonScanner("\"\\ud800\\u12").string());
}

RC_GTEST_PROP(JsonScannerTest, ReadsBackWhatIsWritten, (const std::string& bytes)) {
  const std::string json = json_string(bytes);
  JsonScanner scanner(json);
  const auto text = scanner.string();
  RC_ASSERT(text.has_value());
  RC_ASSERT(scanner.at_end());
  RC_ASSERT(json_string(*text) == json);
}

TEST(JsonScannerTest, AValueEndsWhereItEnds) {
  JsonScanner scanner(R"({"a":[1, 2]}  ,next)");
  EXPECT_EQ(scanner.value(64), R"({"a":[1, 2]})");
  EXPECT_EQ(scanner.peek(), ' ');
}

}  // namespace
}  // namespace vf
