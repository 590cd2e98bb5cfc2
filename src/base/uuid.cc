#include "base/uuid.h"

#include "base/bytes.h"

namespace vf {
namespace {

constexpr bool dash_before(size_t byte) { return byte == 4 || byte == 6 || byte == 8 || byte == 10; }

}  // namespace

void Uuid::append_to(std::string& out) const {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (dash_before(i)) out += '-';
    out += kHex[bytes[i] >> 4];
    out += kHex[bytes[i] & 15];
  }
}

std::string Uuid::to_string() const {
  std::string out;
  out.reserve(36);
  append_to(out);
  return out;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  Uuid id;
  size_t at = 0;
  for (size_t i = 0; i < id.bytes.size(); ++i) {
    if (dash_before(i) && text[at++] != '-') return std::nullopt;
    const auto byte = from_hex(text.substr(at, 2));
    if (!byte) return std::nullopt;
    id.bytes[i] = static_cast<uint8_t>((*byte)[0]);
    at += 2;
  }
  return id;
}

}  // namespace vf
