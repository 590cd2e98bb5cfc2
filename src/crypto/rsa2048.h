// Rsa2048: verifies RSA PKCS#1 v1.5 signatures with SHA-256 (RFC 8017, 8.2.2) by one public key with a modulus of 2048
// bits and the exponent 65537. It uses AVX-512 IFMA and takes about a third of the time of OpenSSL 3.0, which has no
// such code for this size. All inputs are public, so the time may depend on them. Immutable, thread safe.
//
// A number has 40 digits of 52 bits, the least significant first. Multiplication is Montgomery's; it takes one digit of
// a factor at a time, and its products are almost reduced (below twice the modulus): S. Gueron, V. Krasnov, "Software
// Implementation of Modular Exponentiation, Using Advanced Vector Instructions Architectures", WAIFI 2012.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace vf::crypto {

class Rsa2048 {
 public:
  static constexpr size_t kBytes = 256;
  using Number = std::array<uint8_t, kBytes>;  // big-endian

  /// Returns whether this processor has the AVX-512 instructions needed.
  static bool is_supported();
  /// `modulus` must be odd, with its highest bit set, and is_supported() must be true.
  explicit Rsa2048(const Number& modulus);

  /// Returns signature^65537 mod the modulus; nullopt when the signature is not smaller than the modulus.
  std::optional<Number> power(const Number& signature) const;
  /// Returns whether `signature` is this key's signature of a message with this SHA-256 digest.
  bool verify(std::span<const uint8_t, 32> digest, std::string_view signature) const;

 private:
  static constexpr size_t kDigits = 40;
  struct alignas(64) Digits {
    std::array<uint64_t, kDigits> at{};
  };
  static Digits digits_of(const Number& number);
  static Number number_of(const Digits& digits);
  bool is_below_modulus(const Digits& digits) const;
  void subtract_modulus(Digits& digits) const;
  Digits multiply(const Digits& a, const Digits& b) const;
  Digits radix_squared() const;

  Digits modulus_;
  uint64_t inverse_ = 0;  // -1 / modulus mod 2^52
  Digits radix_squared_;  // 2^(2 * 2080) mod the modulus: brings a number into Montgomery's form
};

}  // namespace vf::crypto
