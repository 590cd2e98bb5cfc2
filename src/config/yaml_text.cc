#include "config/yaml_text.h"

#include <algorithm>
#include <string>

#include "base/bytes.h"

namespace vf::config {
namespace {

// Returns how many bytes the character at the beginning of `text` has; 0 if it is invalid or excluded.
size_t character_bytes(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) return first == '\t' || first == '\n' || first == '\r' || (first >= ' ' && first != 0x7f) ? 1 : 0;
  const size_t size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  const std::string_view character = text.substr(0, size);
  if (character.size() < size || !is_utf8(character)) return 0;
  const bool is_c1 = first == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0 && character != "\xc2\x85";
  const bool is_noncharacter = character == "\xef\xbf\xbe" || character == "\xef\xbf\xbf";
  return is_c1 || is_noncharacter ? 0 : size;
}

}  // namespace

std::optional<int> unfit_line(std::string_view text) {
  int line = 1;
  while (!text.empty()) {
    const size_t size = character_bytes(text);
    if (size == 0) return line;
    if (text.front() == '\n' || (text.front() == '\r' && !text.substr(1).starts_with('\n'))) ++line;
    text.remove_prefix(size);
  }
  return std::nullopt;
}

std::optional<int> indented_by_tab(std::string_view text, int line) {
  for (int at = 1; !text.empty() && at <= line + 1; ++at) {
    const std::string_view one = text.substr(0, text.find_first_of("\r\n"));
    const size_t first = one.find_first_not_of(" \t");
    if (at >= line && first != one.npos && one.substr(0, first).find('\t') != one.npos) return at;
    text.remove_prefix(one.size());
    text.remove_prefix(text.starts_with("\r\n") ? 2 : std::min<size_t>(1, text.size()));
  }
  return std::nullopt;
}

bool colon_follows(std::string_view text, size_t from) {
  for (text.remove_prefix(std::min(from, text.size())); !text.empty();) {
    if (text.front() == '#') {
      text.remove_prefix(std::min(text.find_first_of("\r\n"), text.size()));
    } else if (std::string_view(" \t\r\n").contains(text.front())) {
      text.remove_prefix(1);
    } else {
      return text.front() == ':';
    }
  }
  return false;
}

}  // namespace vf::config
