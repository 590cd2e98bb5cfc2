// What is printed of texts that come from elsewhere, and how wide it is. Oracle: Unicode's categories of control
// characters and of bidirectional controls, and its East Asian widths.
#include "cli/printable.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/text_table.h"

namespace vf::cli {
namespace {

/// Returns the UTF-8 of a character, as another library writes it.
std::string utf8(char32_t c) {
  std::string text = "\"\\u0000\"";
  const std::string hex = "0123456789abcdef";
  for (size_t i = 0; i < 4; ++i) text[6 - i] = hex[(c >> (4 * i)) & 15];
  return nlohmann::json::parse(text).get<std::string>();
}

TEST(Printable, ControlsAreEscapedAndAllElseStays) {
  for (char32_t c = 1; c < 0x2100; ++c) {
    const bool control = (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7F && c <= 0x9F);
    const bool bidi =
        c == 0x61C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
    const std::string text = "a" + utf8(c) + "b", shown = printable(text);
    EXPECT_EQ(shown == text, !control && !bidi) << static_cast<uint32_t>(c);
    EXPECT_EQ(printable(shown), shown);
  }
  EXPECT_EQ(printable("\x1B[2J\x1B]0;x\x07"), R"(\u001b[2J\u001b]0;x\u0007)");
  EXPECT_EQ(printable(std::string("\0\x7F\xC2\x9B\xE2\x80\xAE", 7)), R"(\u0000\u007f\u009b\u202e)");
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

TEST(Printable, JsonStaysTheSameJson) {
  const nlohmann::json value{{"\xE2\x80\xAEname", "\x1B\xC2\x9B\xE2\x80\xAE\n\\"}};
  EXPECT_EQ(nlohmann::json::parse(printable(value.dump(2))), value);
}

TEST(Printable, WidthIsThatOnATerminal) {
  EXPECT_EQ(display_width("abc"), 3u);
  EXPECT_EQ(display_width("\xE6\x97\xA5\xE6\x9C\xAC"), 4u) << "two wide characters";
  EXPECT_EQ(display_width("e\xCC\x81"), 1u) << "a combining accent";
  EXPECT_EQ(display_width("\xC3\xA9"), 1u);
  EXPECT_EQ(display_width("\xF0\x9F\x98\x80"), 2u);
  EXPECT_EQ(display_width("\xE2\x80\x8B"), 0u) << "a zero-width space";
  EXPECT_EQ(display_width("\xFF"), 1u);
}

TEST(TextTable, ColumnsAlignByWhatIsSeen) {
  TextTable table({"NAME", "N"});
  table.add({"\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E", "1"});  // six columns
  table.add({"e\xCC\x81t\xC3\xA9", "2"});                    // three
  table.add({"a\nb", "3"});                                  // an escape of six, and two
  EXPECT_EQ(table.text(),
            "NAME      N\n"
            "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E    1\n"
            "e\xCC\x81t\xC3\xA9       2\n"
            "a\\u000ab  3\n");
}

TEST(PrintableStream, WritesAtOnceAndWaitsForWholeCharacters) {
  std::ostringstream to;
  PrintableStream stream(to);
  stream << "x\x1B";
  EXPECT_EQ(to.str(), "x\\u001b");
  const std::string smile = "\xF0\x9F\x98\x80";
  for (const char byte : smile) stream << byte;
  EXPECT_EQ(to.str(), "x\\u001b" + smile);
  stream << "\xE2\x80";
  EXPECT_EQ(to.str(), "x\\u001b" + smile);
  stream << "\xAE!";
  EXPECT_EQ(to.str(), "x\\u001b" + smile + "\\u202e!");
  stream << "\xE2";
  EXPECT_EQ(stream.finish(), 0);
  EXPECT_EQ(to.str(), "x\\u001b" + smile + "\\u202e!\xEF\xBF\xBD");
  EXPECT_TRUE(stream.good());
}

/// A stream to a disk that is full.
struct Full : std::streambuf {
  int_type overflow(int_type) override {
    errno = ENOSPC;
    return traits_type::eof();
  }
};

TEST(PrintableStream, FailsWithItsStream) {
  Full full;
  std::ostream to(&full);
  PrintableStream stream(to);
  stream << "x" << std::flush;
  EXPECT_FALSE(stream.good());
  errno = 0;
  EXPECT_EQ(stream.finish(), ENOSPC);
}

}  // namespace
}  // namespace vf::cli
