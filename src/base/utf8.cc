#include "base/utf8.h"

#include <cstdint>

#include "base/bytes.h"

namespace vf {

size_t character_bytes(char lead) {
  const auto byte = static_cast<uint8_t>(lead);
  return byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
}

Character first_character(std::string_view text) {
  const auto bytes = text.substr(0, character_bytes(text.front()));
  if (!is_utf8(bytes)) return {text.substr(0, 1), std::nullopt};
  const auto byte = [bytes](size_t i) { return static_cast<char32_t>(static_cast<uint8_t>(bytes[i])); };
  if (bytes.size() == 1) return {bytes, byte(0)};
  char32_t code = byte(0) & (0x7Fu >> bytes.size());
  for (size_t i = 1; i < bytes.size(); ++i) code = code << 6 | (byte(i) & 0x3F);
  return {bytes, code};
}

}  // namespace vf
