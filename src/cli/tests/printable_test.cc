// How wide printed texts are, and that JSON stays JSON. Oracles: Unicode's East Asian widths; a parser of JSON.
#include "cli/printable.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "base/printable.h"
#include "cli/text_table.h"

namespace vf::cli {
namespace {

TEST(PrintableText, JsonStaysTheSameJson) {
  const nlohmann::json value{{"\xE2\x80\xAEname", "\x1B\xC2\x9B\xE2\x80\xAE\n\\\xF3\xA0\x81\x81\xEF\xBB\xBF"}};
  EXPECT_EQ(nlohmann::json::parse(printable(value.dump(2))), value);
}

TEST(PrintableText, WidthIsThatOnATerminal) {
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
