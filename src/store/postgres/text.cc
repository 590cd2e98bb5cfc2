#include "store/postgres/text.h"

#include "base/bytes.h"

namespace vf::store::postgres {
namespace {

constexpr std::string_view kMark = "\xEF\xB7\x90";  // U+FDD0

/// Returns whether the text is ASCII without NUL, as most texts are. The loop has no early exit, so that the compiler
/// can vectorize it.
bool is_plain(std::string_view bytes) {
  bool plain = true;
  for (const char byte : bytes) plain &= static_cast<signed char>(byte) > 0;
  return plain;
}

bool needs_no_escape(std::string_view bytes) {
  if (is_plain(bytes)) return true;
  return bytes.find('\0') == std::string_view::npos && bytes.find(kMark) == std::string_view::npos && is_utf8(bytes);
}

size_t sequence_bytes(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xE0) return 2;
  return lead < 0xF0 ? 3 : 4;
}

}  // namespace

void append_text(std::string& out, std::string_view bytes) {
  if (needs_no_escape(bytes)) {
    out += bytes;
    return;
  }
  while (!bytes.empty()) {
    const std::string_view character = bytes.substr(0, sequence_bytes(static_cast<unsigned char>(bytes[0])));
    if (needs_no_escape(character)) {
      out += character;
      bytes.remove_prefix(character.size());
    } else {
      out += kMark;
      out += to_hex(bytes.substr(0, 1));
      bytes.remove_prefix(1);
    }
  }
}

std::string from_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (true) {
    const size_t mark = text.find(kMark);
    out += text.substr(0, mark);
    if (mark == std::string_view::npos) return out;
    text.remove_prefix(mark + kMark.size());
    const auto byte = from_hex(text.substr(0, 2));
    if (byte && byte->size() == 1) {
      out += *byte;
      text.remove_prefix(2);
    } else {
      out += kMark;  // append_text() has not written this mark
    }
  }
}

}  // namespace vf::store::postgres
