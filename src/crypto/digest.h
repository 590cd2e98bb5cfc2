// Digests, HMAC, comparison in constant time, and random bytes. Hides OpenSSL. Thread safe, except that a Sha256
// belongs to one thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace vf::crypto {

enum class Hash { sha1, sha256, sha512 };

/// Returns the digest as raw bytes: 20 (SHA-1), 32 (SHA-256) or 64 (SHA-512).
std::string digest(Hash hash, std::string_view bytes);
inline std::string sha256(std::string_view bytes) { return digest(Hash::sha256, bytes); }

/// Computes the SHA-256 of a text that comes in pieces. Used by one thread.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  Sha256& update(std::string_view bytes);
  std::array<uint8_t, 32> finish();  // may be called only once

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
  /// Returns the HMAC (raw bytes) of `a`, `b` and `c` joined. Three parts, because signed bytes are mostly a prefix, a
  /// separator and a body.
  std::string sign(std::string_view a, std::string_view b = {}, std::string_view c = {}) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Compares in the same time wherever the first difference is. Texts of different lengths are unequal.
bool equal_in_constant_time(std::string_view a, std::string_view b);

/// Returns `count` bytes from the system's secure source of random numbers.
std::string random_bytes(size_t count);

}  // namespace vf::crypto
