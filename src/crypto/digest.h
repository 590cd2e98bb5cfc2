// Digests, HMAC and comparison in constant time. Hides OpenSSL. Thread safe, but for one Sha256.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace vf::crypto {

enum class Hash { sha1, sha256, sha512 };

/// Raw bytes (20, 32 or 64).
std::string digest(Hash hash, std::string_view bytes);
inline std::string sha256(std::string_view bytes) { return digest(Hash::sha256, bytes); }

/// SHA-256 of a text that comes in pieces. One thread.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  Sha256& update(std::string_view bytes);
  std::array<uint8_t, 32> finish();  // once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// HMAC (RFC 2104) that prepares its key once. Thread safe; immutable.
class Hmac {
 public:
  Hmac(Hash hash, std::string_view key);
  ~Hmac();
  Hmac(Hmac&&) noexcept;
  Hmac& operator=(Hmac&&) noexcept;
  /// Over the concatenation of the three parts (give "" for none): signed bytes are mostly prefix, separator, body.
  std::string sign(std::string_view a, std::string_view b = {}, std::string_view c = {}) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Takes the same time wherever the first difference is. Texts of different lengths are unequal.
bool equal_in_constant_time(std::string_view a, std::string_view b);

/// `count` bytes from the system's secure source.
std::string random_bytes(size_t count);

}  // namespace vf::crypto
