#include "crypto/rsa2048.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "base/result.h"

namespace vf::crypto {
namespace {

constexpr unsigned kDigitBits = 52;
constexpr uint64_t kDigitMask = (uint64_t{1} << kDigitBits) - 1;
constexpr size_t kVectors = 5;  // the vectors of one number, of eight digits each

// The DER of DigestInfo for SHA-256, by RFC 8017, 9.2, note 1.
constexpr std::array<uint8_t, 19> kDigestInfo = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                                 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};

// Returns the encoded message of EMSA-PKCS1-v1_5: 00 01 FF … FF 00, DigestInfo, digest. verify() compares all its
// bytes, so that an attacker cannot hide bytes in the padding.
Rsa2048::Number encoded(std::span<const uint8_t, 32> digest) {
  Rsa2048::Number out;
  out.fill(0xff);
  out[0] = 0x00;
  out[1] = 0x01;
  auto at = out.end() - 32;
  std::ranges::copy(digest, at);
  at -= static_cast<std::ptrdiff_t>(kDigestInfo.size());
  std::ranges::copy(kDigestInfo, at);
  *(at - 1) = 0x00;
  return out;
}

// By Newton's method: an odd number is its own inverse mod 8, and each step doubles the number of correct bits.
uint64_t negative_inverse(uint64_t odd) {
  uint64_t inverse = odd;
  for (int bits = 3; bits < 64; bits *= 2) inverse *= 2 - odd * inverse;
  return (~inverse + 1) & kDigitMask;
}

}  // namespace

bool Rsa2048::is_supported() {
#if defined(__x86_64__)
  static const bool supported = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512ifma");
  return supported;
#else
  return false;
#endif
}

Rsa2048::Rsa2048(const Number& modulus) : modulus_(digits_of(modulus)), inverse_(negative_inverse(modulus_.at[0])) {
  VF_INVARIANT(is_supported() && (modulus.front() & 0x80) != 0 && (modulus.back() & 1) != 0);
  radix_squared_ = radix_squared();
}

Rsa2048::Digits Rsa2048::digits_of(const Number& number) {
  std::array<uint8_t, kBytes + 8> little{};  // eight bytes more, because eight bytes are read at the last digit
  std::ranges::reverse_copy(number, little.begin());
  Digits digits;
  for (size_t i = 0; i < kDigits; ++i) {
    const size_t bit = i * kDigitBits;
    uint64_t word = 0;
    std::memcpy(&word, &little[bit / 8], sizeof word);
    digits.at[i] = word >> (bit % 8) & kDigitMask;
  }
  return digits;
}

// `digits` must be below the modulus.
Rsa2048::Number Rsa2048::number_of(const Digits& digits) {
  Number number;
  for (size_t i = 0; i < kBytes; ++i) {
    const size_t bit = i * 8, digit = bit / kDigitBits, shift = bit % kDigitBits;
    uint64_t word = digits.at[digit] >> shift;
    if (shift > kDigitBits - 8 && digit + 1 < kDigits) word |= digits.at[digit + 1] << (kDigitBits - shift);
    number[kBytes - 1 - i] = static_cast<uint8_t>(word);
  }
  return number;
}

bool Rsa2048::is_below_modulus(const Digits& digits) const {
  return std::ranges::lexicographical_compare(digits.at.rbegin(), digits.at.rend(), modulus_.at.rbegin(),
                                              modulus_.at.rend());
}

void Rsa2048::subtract_modulus(Digits& digits) const {
  uint64_t borrow = 0;
  for (size_t i = 0; i < kDigits; ++i) {
    const uint64_t difference = digits.at[i] - modulus_.at[i] - borrow;
    borrow = difference >> 63;
    digits.at[i] = difference & kDigitMask;
  }
}

std::optional<Rsa2048::Number> Rsa2048::power(const Number& signature) const {
  const Digits once = digits_of(signature);
  if (!is_below_modulus(once)) return std::nullopt;
  Digits power = multiply(once, radix_squared_);
  for (int i = 0; i < 16; ++i) power = multiply(power, power);
  power = multiply(power, once);  // the factor `once` is not in Montgomery's form, so the product is not either
  // The power is almost reduced: it is below twice the modulus, which fits into the digits.
  if (!is_below_modulus(power)) subtract_modulus(power);
  return number_of(power);
}

bool Rsa2048::verify(std::span<const uint8_t, 32> digest, std::string_view signature) const {
  if (signature.size() != kBytes) return false;
  Number number;
  std::ranges::copy(signature, number.begin());
  const auto message = power(number);
  return message && *message == encoded(digest);
}

// Computes 2^4160 mod the modulus by doubling: slow, but done once for each key.
Rsa2048::Digits Rsa2048::radix_squared() const {
  Digits value;
  value.at[0] = 1;
  for (size_t bit = 0; bit < 2 * kDigits * kDigitBits; ++bit) {
    uint64_t carry = 0;
    for (uint64_t& digit : value.at) {
      const uint64_t doubled = 2 * digit + carry;
      carry = doubled >> kDigitBits;
      digit = doubled & kDigitMask;
    }
    if (!is_below_modulus(value)) subtract_modulus(value);
  }
  return value;
}

#if defined(__x86_64__)

// Returns a * b / 2^2080 mod the modulus. The product is below twice the modulus when both factors are.
//
// Digit i of b is multiplied with all of a, and a multiple of the modulus is added that makes the least digit 0; then
// everything moves down by a digit. The least digit, on which the next multiple depends, is kept in `least` with its
// carry, by scalar instructions; its place in the vectors is not used. A place sums at most 4 * 40 products of less
// than 2^52 each, which does not overflow 64 bits; so carries are handled only at the end.
__attribute__((target("avx512f,avx512ifma"))) Rsa2048::Digits Rsa2048::multiply(const Digits& a,
                                                                                const Digits& b) const {
  using Wide = unsigned __int128;
  __m512i sum[kVectors], a_digits[kVectors], m_digits[kVectors];
  for (size_t v = 0; v < kVectors; ++v) {
    sum[v] = _mm512_setzero_si512();
    a_digits[v] = _mm512_load_si512(&a.at[v * 8]);
    m_digits[v] = _mm512_load_si512(&modulus_.at[v * 8]);
  }
  uint64_t least = 0;
  for (size_t i = 0; i < kDigits; ++i) {
    const __m512i b_digit = _mm512_set1_epi64(static_cast<int64_t>(b.at[i]));
    Wide product = Wide{a.at[0]} * b.at[i] + least;
    const uint64_t multiple = static_cast<uint64_t>(product) * inverse_ & kDigitMask;
    product += Wide{modulus_.at[0]} * multiple;
    least = static_cast<uint64_t>(product >> kDigitBits);
    const __m512i multiple_digit = _mm512_set1_epi64(static_cast<int64_t>(multiple));
    for (size_t v = 0; v < kVectors; ++v) {
      sum[v] = _mm512_madd52lo_epu64(sum[v], a_digits[v], b_digit);
      sum[v] = _mm512_madd52lo_epu64(sum[v], m_digits[v], multiple_digit);
    }
    for (size_t v = 0; v + 1 < kVectors; ++v) sum[v] = _mm512_alignr_epi64(sum[v + 1], sum[v], 1);
    sum[kVectors - 1] = _mm512_alignr_epi64(_mm512_setzero_si512(), sum[kVectors - 1], 1);
    least += static_cast<uint64_t>(_mm_cvtsi128_si64(_mm512_castsi512_si128(sum[0])));
    for (size_t v = 0; v < kVectors; ++v) {
      sum[v] = _mm512_madd52hi_epu64(sum[v], a_digits[v], b_digit);
      sum[v] = _mm512_madd52hi_epu64(sum[v], m_digits[v], multiple_digit);
    }
  }
  Digits result;
  for (size_t v = 0; v < kVectors; ++v) _mm512_store_si512(&result.at[v * 8], sum[v]);
  result.at[0] = least;
  uint64_t carry = 0;
  for (uint64_t& digit : result.at) {
    const uint64_t whole = digit + carry;
    carry = whole >> kDigitBits;
    digit = whole & kDigitMask;
  }
  return result;
}

#else

Rsa2048::Digits Rsa2048::multiply(const Digits&, const Digits&) const { VF_INVARIANT(false); }

#endif

}  // namespace vf::crypto
