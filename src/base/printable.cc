#include "base/printable.h"

#include <cstdint>

#include "base/bytes.h"

namespace vf {
namespace {

void append_hex(std::string& out, uint32_t number) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  int shift = 28;
  while (shift > 4 && (number >> shift) == 0) shift -= 4;
  for (; shift >= 0; shift -= 4) out += kDigits[(number >> shift) & 0xf];
}

// Returns the character at the beginning of valid UTF-8 of `size` bytes.
uint32_t code_point(std::string_view text, size_t size) {
  const auto first = static_cast<unsigned char>(text.front());
  uint32_t point = size == 1 ? first : first & (0xffU >> (size + 1));
  for (size_t i = 1; i < size; ++i) point = point << 6 | (static_cast<unsigned char>(text[i]) & 0x3fU);
  return point;
}

bool is_shown(uint32_t point) {
  const auto within = [point](uint32_t first, uint32_t last) { return point >= first && point <= last; };
  if (point < 0x20 || within(0x7f, 0x9f) || point == 0xad || point == 0x61c || point == 0x180e) return false;
  if (within(0x200b, 0x200f) || within(0x2028, 0x202e) || within(0x2060, 0x206f) || point == 0xfeff) return false;
  return !within(0xfff9, 0xfffb) && !within(0xe0000, 0xe007f) && (point & 0xfffe) != 0xfffe;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto first = static_cast<unsigned char>(text.front());
    const size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    const std::string_view one = text.substr(0, size);
    if (one.size() < size || !is_utf8(one)) {
      out += "\\x";
      append_hex(out, first);
      text.remove_prefix(1);
      continue;
    }
    if (const uint32_t point = code_point(one, size); is_shown(point)) {
      out += one;
    } else {
      out += "\\u{";
      append_hex(out, point);
      out += "}";
    }
    text.remove_prefix(size);
  }
  return out;
}

}  // namespace vf
