#include "base/bytes.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace vf {
namespace {

using namespace std::string_view_literals;

TEST(Hex, WritesLowerCaseAndReadsEither) {
  EXPECT_EQ(to_hex("\x00\xab\xff"sv), "00abff");
  EXPECT_EQ(from_hex("00ABff"), "\x00\xab\xff"sv);
  EXPECT_EQ(from_hex(""), "");
}

TEST(Hex, RefusesHalvesAndStrangers) {
  for (const auto text : {"0", "0g", " 0", "0x", "00 "}) EXPECT_FALSE(from_hex(text)) << text;
}

RC_GTEST_PROP(Hex, RoundTrips, (const std::string& bytes)) { RC_ASSERT(from_hex(to_hex(bytes)) == bytes); }

// RFC 4648 section 10.
TEST(Base64, KnownAnswers) {
  const std::pair<std::string_view, std::string_view> answers[] = {{"", ""},
                                                                   {"f", "Zg=="},
                                                                   {"fo", "Zm8="},
                                                                   {"foo", "Zm9v"},
                                                                   {"foob", "Zm9vYg=="},
                                                                   {"fooba", "Zm9vYmE="},
                                                                   {"foobar", "Zm9vYmFy"},
                                                                   {"\xfb\xff\xfe", "+//+"}};
  for (const auto& [bytes, text] : answers) {
    EXPECT_EQ(to_base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
  }
}

TEST(Base64, PaddingMayBeMissingButNotWrong) {
  EXPECT_EQ(from_base64("Zg"), "f");
  EXPECT_EQ(from_base64("Zm8"), "fo");
  for (const auto text : {"Zg=", "Zm8==", "Zm9v=", "=", "==", "====", "Zg===", "Z", "Zm9vY"}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
}

TEST(Base64, RefusesStrangersAndBitsLeftOver) {
  for (const auto text : {"Zg==\n", " Zg==", "Z-8=", "Z_8=", "Z=g=", "Zh==", "Zm9=", "\xc3\xa9=="}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
  EXPECT_FALSE(from_base64("Zg\0\0"sv));
}

RC_GTEST_PROP(Base64, RoundTrips, (const std::string& bytes)) {
  const std::string text = to_base64(bytes);
  RC_ASSERT(text.size() == (bytes.size() + 2) / 3 * 4);
  RC_ASSERT(from_base64(text) == bytes);
  RC_ASSERT(from_base64(text.substr(0, text.find('='))) == bytes);
}

TEST(Utf8, AcceptsEveryLength) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("a\0b"sv));
  EXPECT_TRUE(
      is_utf8("\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
}

TEST(Utf8, RefusesSurrogatesOverlongFormsAndCuts) {
  for (const auto text : {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xed\xa0\x80",
                          "\xed\xbf\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
                          "\xf5\x80\x80\x80", "\xff", "\xc2", "\xe2\x82", "\xf0\x9f\x98", "\xc2z", "\xe2\x82z"}) {
    EXPECT_FALSE(is_utf8(text)) << to_hex(text);
  }
}

TEST(Ascii, CaseIsIgnoredForLettersOnly) {
  EXPECT_TRUE(equals_ignoring_case("Kick-Event-Type", "kick-event-type"));
  EXPECT_FALSE(equals_ignoring_case("a", "ab"));
  EXPECT_FALSE(equals_ignoring_case("[", "{"));
  EXPECT_FALSE(equals_ignoring_case("@", "`"));
  EXPECT_EQ(to_lower("AZ[\xc3\x84"), "az[\xc3\x84");
}

TEST(Ascii, TrimTakesBothEnds) {
  EXPECT_EQ(trim(" \t\r\n a b \n"), "a b");
  EXPECT_EQ(trim(" \n"), "");
  EXPECT_EQ(trim("\va"), "\va");
}

}  // namespace
}  // namespace vf
