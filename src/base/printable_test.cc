// What is printed of texts that come from elsewhere. Oracle: Unicode's categories of control characters, of
// bidirectional controls and of invisible characters.
#include "base/printable.h"

#include <gtest/gtest.h>

namespace vf {
namespace {

/// Returns the UTF-8 of a character of the basic plane.
std::string utf8(char32_t c) {
  if (c < 0x80) return {static_cast<char>(c)};
  if (c < 0x800) return {static_cast<char>(0xC0 | (c >> 6)), static_cast<char>(0x80 | (c & 0x3F))};
  return {static_cast<char>(0xE0 | (c >> 12)), static_cast<char>(0x80 | ((c >> 6) & 0x3F)),
          static_cast<char>(0x80 | (c & 0x3F))};
}

TEST(Printable, WhatATerminalActsOnOrHidesIsEscapedAndAllElseStays) {
  for (char32_t c = 1; c < 0x2100; ++c) {
    const bool control = (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7F && c <= 0x9F);
    const bool bidi =
        c == 0x61C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
    const bool hidden = c == 0xAD || c == 0x180E || c == 0x200B || c == 0x2028 || c == 0x2029 ||
                        (c >= 0x2060 && c <= 0x2065) || (c >= 0x206A && c <= 0x206F);
    const std::string text = "a" + utf8(c) + "b", shown = printable(text);
    EXPECT_EQ(shown == text, !control && !bidi && !hidden) << static_cast<uint32_t>(c);
    EXPECT_EQ(printable(shown), shown);
  }
}

TEST(Printable, AnEscapeIsThatOfJson) {
  EXPECT_EQ(printable("\x1B[2J\x1B]0;x\x07"), R"(\u001b[2J\u001b]0;x\u0007)");
  EXPECT_EQ(printable(std::string("\0\x7F\xC2\x9B\xE2\x80\xAE", 7)), R"(\u0000\u007f\u009b\u202e)");
  EXPECT_EQ(printable("\xEF\xBB\xBFx"), R"(\ufeffx)") << "a byte order mark";
  EXPECT_EQ(printable("\xF3\xA0\x81\x81"), R"(\udb40\udc41)") << "a tag, U+E0041";
  EXPECT_EQ(printable("\xEF\xBF\xBF"), R"(\uffff)") << "a noncharacter";
}

TEST(Printable, OneLineHasNoBreakAndNoTab) {
  EXPECT_EQ(printable("tab\tline\n\xF0\x9F\x98\x80"), "tab\tline\n\xF0\x9F\x98\x80");
  EXPECT_EQ(one_line("tab\tline\r\n"), R"(tab\u0009line\u000d\u000a)");
}

TEST(Printable, BytesThatAreNotUtf8AreReplaced) {
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(printable("a\xFFz"), "a" + r + "z");
  EXPECT_EQ(printable("\x9B[2J"), r + "[2J");
  EXPECT_EQ(printable("\xC0\xAF"), r + r) << "overlong";
  EXPECT_EQ(printable("\xED\xA0\x80"), r + r + r) << "a surrogate";
  EXPECT_EQ(printable("\xE2\x82"), r + r) << "not whole";
}

}  // namespace
}  // namespace vf
