#include "event/attributes.h"

#include <cstdint>

#include "base/bytes.h"

namespace vf {
namespace {

// Returns the character that begins at `at` in valid UTF-8, and moves `at` behind it.
char32_t take_character(std::string_view text, size_t& at) {
  const auto lead = static_cast<uint8_t>(text[at]);
  const size_t length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  char32_t character = length == 1 ? lead : lead & (0x7fu >> length);
  for (size_t i = 1; i < length; ++i) character = character << 6 | (static_cast<uint8_t>(text[at + i]) & 0x3fu);
  at += length;
  return character;
}

bool is_refused(char32_t c) {
  const bool is_control = c < 0x20 || (c >= 0x7f && c < 0xa0);
  const bool is_noncharacter = (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe;
  return is_control || is_noncharacter;
}

}  // namespace

bool is_attribute(std::string_view text) {
  if (text.empty() || text.size() > kAttributeBytesMax || !is_utf8(text)) return false;
  for (size_t at = 0; at < text.size();) {
    if (is_refused(take_character(text, at))) return false;
  }
  return true;
}

std::optional<std::string> attribute(std::optional<std::string> text) {
  return text && is_attribute(*text) ? std::move(text) : std::nullopt;
}

std::optional<std::string> join_key(std::initializer_list<std::optional<std::string>> parts) {
  std::string out;
  for (const auto& part : parts) {
    if (!part) return std::nullopt;
    if (!out.empty()) out += '/';
    out += *part;
  }
  return out;
}

std::string event_type(std::string_view source, std::string_view provider_type) {
  return std::string(source).append(".").append(is_attribute(provider_type) ? provider_type : kUnrecognised);
}

bool is_unrecognised(std::string_view source, std::string_view type) {
  return type.size() == source.size() + 1 + kUnrecognised.size() && type.starts_with(source) &&
         type[source.size()] == '.' && type.ends_with(kUnrecognised);
}

}  // namespace vf
