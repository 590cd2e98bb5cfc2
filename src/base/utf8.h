// UTF-8, character by character. Pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace vf {

/// Returns how many bytes a character has that begins with `lead`; 1 when none begins so.
size_t character_bytes(char lead);

struct Character {
  std::string_view bytes;
  std::optional<char32_t> code;  // nullopt: the byte is not UTF-8
};
/// Returns the first character of a text that is not empty.
Character first_character(std::string_view text);

}  // namespace vf
