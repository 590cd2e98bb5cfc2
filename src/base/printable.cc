#include "base/printable.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "base/utf8.h"

namespace vf {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

struct Range {
  char32_t first, last;
};
constexpr Range kNotShown[] = {
    {0x00, 0x1F},     {0x7F, 0x9F},                                          // controls
    {0x061C, 0x061C}, {0x200E, 0x200F}, {0x202A, 0x202E}, {0x2066, 0x2069},  // turn the direction of writing
    {0x2028, 0x2029},                                                        // end a line
    {0xAD, 0xAD},     {0x180E, 0x180E}, {0x200B, 0x200B}, {0x2060, 0x2065},  // are invisible
    {0x206A, 0x206F}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE007F},
    {0xFDD0, 0xFDEF}};  // noncharacters, with those below

bool is_shown(char32_t code) {
  if ((code & 0xFFFE) == 0xFFFE) return false;
  return std::ranges::none_of(kNotShown,
                              [code](const Range& range) { return code >= range.first && code <= range.last; });
}

// JSON writes a character beyond U+FFFF as two surrogates.
void append_escape(std::string& out, char32_t code) {
  const auto unit = [&out](uint32_t number) { fmt::format_to(std::back_inserter(out), "\\u{:04x}", number); };
  if (code <= 0xFFFF) return unit(code);
  const uint32_t rest = code - 0x10000;
  unit(0xD800 + (rest >> 10));
  unit(0xDC00 + (rest & 0x3FF));
}

std::string escaped(std::string_view text, std::string_view kept) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character next = first_character(text);
    if (!next.code) {
      out += kReplacement;
    } else if (is_shown(*next.code) || kept.contains(next.bytes)) {
      out += next.bytes;
    } else {
      append_escape(out, *next.code);
    }
    text.remove_prefix(next.bytes.size());
  }
  return out;
}

}  // namespace

std::string printable(std::string_view text) { return escaped(text, "\n\t"); }
std::string one_line(std::string_view text) { return escaped(text, ""); }

}  // namespace vf
