#include "base/printable.h"

#include <gtest/gtest.h>

namespace vf {
namespace {

TEST(Printable, TextStaysAsItIs) {
  for (const char* text :
       {"", "plain text", "\xd0\xb7\xd0\xb0\xd0\xba\xd0\xb0\xd0\xb7", "\xe6\x97\xa5", "\xf0\x9f\x98\x80"})
    EXPECT_EQ(printable(text), text);
}

TEST(Printable, WhatATerminalActsOnIsEscaped) {
  EXPECT_EQ(printable("a\x1b[2Jb\n"), "a\\u{1b}[2Jb\\u{0a}");
  EXPECT_EQ(printable("\xc2\x9b"), "\\u{9b}");          // C1
  EXPECT_EQ(printable("\xe2\x80\xae"), "\\u{202e}");    // right-to-left override
  EXPECT_EQ(printable("\xef\xbb\xbfx"), "\\u{feff}x");  // byte order mark
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\u{00}");
  EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");           // not UTF-8
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate
}

}  // namespace
}  // namespace vf
