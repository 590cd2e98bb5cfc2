// Uuid: a UUID (RFC 9562) as sixteen bytes, which sort in the same order as the UUID's text.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace vf {

struct Uuid {
  std::array<uint8_t, 16> bytes{};

  auto operator<=>(const Uuid&) const = default;

  /// Returns the canonical lower-case form, 36 characters.
  std::string to_string() const;
  /// Appends the canonical form to `out`.
  void append_to(std::string& out) const;
  /// Reads the canonical form, in either case; returns nullopt for any other text.
  static std::optional<Uuid> parse(std::string_view text);
};

}  // namespace vf

template <>
struct std::hash<vf::Uuid> {
  size_t operator()(const vf::Uuid& id) const noexcept {
    uint64_t a = 0;
    uint64_t b = 0;
    std::memcpy(&a, id.bytes.data(), 8);
    std::memcpy(&b, id.bytes.data() + 8, 8);
    return a ^ (b * 0x9e3779b97f4a7c15ull);
  }
};
