#include "lake/row_binary.h"

#include <algorithm>

namespace vf::lake::row_binary {

void append_string(std::string& out, std::string_view value) {
  size_t length = value.size();
  for (; length >= 0x80; length >>= 7) out.push_back(static_cast<char>((length & 0x7f) | 0x80));
  out.push_back(static_cast<char>(length));
  out.append(value);
}

void append_uuid(std::string& out, Uuid value) {
  const auto& bytes = value.bytes;
  for (size_t i = 8; i-- > 0;) out.push_back(static_cast<char>(bytes[i]));
  for (size_t i = 16; i-- > 8;) out.push_back(static_cast<char>(bytes[i]));
}

void append_instant(std::string& out, Instant value) { append_int(out, unix_millis(value)); }

std::string_view Reader::take(uint64_t count) {
  if (!ok_ || count > rest_.size()) {
    ok_ = false;
    return {};
  }
  const std::string_view taken = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return taken;
}

std::string Reader::read_string() {
  uint64_t length = 0;
  for (unsigned shift = 0; shift < 63; shift += 7) {
    const auto byte = read_int<uint8_t>();
    length |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return std::string(take(length));
  }
  ok_ = false;
  return {};
}

Uuid Reader::read_uuid() {
  Uuid id;
  const std::string_view bytes = take(16);
  for (size_t i = 0; i < bytes.size(); ++i) id.bytes[(i / 8) * 8 + 7 - i % 8] = static_cast<uint8_t>(bytes[i]);
  return id;
}

}  // namespace vf::lake::row_binary
