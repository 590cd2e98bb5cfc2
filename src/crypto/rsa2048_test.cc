// Rsa2048 against OpenSSL: powers of many numbers under many keys, and what verification must refuse.
#include "crypto/rsa2048.h"

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <memory>
#include <string>

#include "base/random.h"
#include "crypto/digest.h"

namespace vf::crypto {
namespace {

struct FreeNumber {
  void operator()(BIGNUM* number) const { BN_free(number); }
};
struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using NumberPtr = std::unique_ptr<BIGNUM, FreeNumber>;
using Number = Rsa2048::Number;

struct Rsa2048Test : testing::Test {
  void SetUp() override {
    if (!Rsa2048::is_supported()) GTEST_SKIP() << "this processor has no AVX-512 IFMA: OpenSSL verifies";
  }

  SeededRandom random{7};
  std::unique_ptr<BN_CTX, decltype(&BN_CTX_free)> context{BN_CTX_new(), BN_CTX_free};

  Number any() {
    Number number;
    for (auto& byte : number) byte = static_cast<uint8_t>(random.next());
    return number;
  }
  /// Odd, of full length: for arithmetic it need not be a product of two primes.
  Number any_modulus() {
    Number modulus = any();
    modulus.front() |= 0x80;
    modulus.back() |= 1;
    return modulus;
  }
  static NumberPtr big(const Number& number) {
    return NumberPtr(BN_bin2bn(number.data(), static_cast<int>(number.size()), nullptr));
  }
  std::optional<Number> expected(const Number& number, const Number& modulus) {
    const auto base = big(number), m = big(modulus);
    if (BN_cmp(base.get(), m.get()) >= 0) return std::nullopt;
    const NumberPtr exponent(BN_new()), power(BN_new());
    BN_set_word(exponent.get(), 65537);
    BN_mod_exp(power.get(), base.get(), exponent.get(), m.get(), context.get());
    Number out;
    BN_bn2binpad(power.get(), out.data(), static_cast<int>(out.size()));
    return out;
  }
  void expect_same(const Number& number, const Number& modulus) {
    EXPECT_EQ(Rsa2048(modulus).power(number), expected(number, modulus));
  }
};

TEST_F(Rsa2048Test, PowersAreOpenSslsForManyNumbersAndModuli) {
  for (int key = 0; key < 40; ++key) {
    const Number modulus = any_modulus();
    for (int i = 0; i < 25; ++i) expect_same(any(), modulus);
  }
}

TEST_F(Rsa2048Test, PowersAreOpenSslsAtTheEdges) {
  Number zero{}, one{}, ones, top{}, sparse{};
  one.back() = 1;
  ones.fill(0xff);
  top.front() = 0x80;
  top.back() = 1;  // the smallest modulus
  sparse.front() = 0xff;
  sparse.back() = 1;
  Number almost = ones;  // all bits are one but the last
  almost.back() = 0xfe;
  for (Number modulus : {ones, top, sparse, any_modulus()}) {
    Number less = modulus;
    --less.back();  // the modulus is odd, so no borrow
    for (const Number& number : {zero, one, ones, top, sparse, almost, modulus, less}) expect_same(number, modulus);
  }
}

TEST_F(Rsa2048Test, PowersAreOpenSslsForLongRunsOfOnesAndZeros) {
  const auto runs = [this] {
    Number number;
    uint8_t fill = 0;
    for (size_t i = 0; i < number.size(); ++i) {
      if (random.below(12) == 0) fill = random.below(2) == 0 ? 0x00 : 0xff;
      number[i] = fill;
    }
    return number;
  };
  for (int i = 0; i < 500; ++i) {
    Number modulus = runs();
    modulus.front() |= 0x80;
    modulus.back() |= 1;
    expect_same(runs(), modulus);
  }
}

/// A key with its private half, which signs any message.
struct Signer {
  std::unique_ptr<EVP_PKEY, FreeKey> key{EVP_RSA_gen(2048)};

  Number modulus() const {
    BIGNUM* number = nullptr;
    EVP_PKEY_get_bn_param(key.get(), OSSL_PKEY_PARAM_RSA_N, &number);
    const NumberPtr owned(number);
    Number out;
    BN_bn2binpad(number, out.data(), static_cast<int>(out.size()));
    return out;
  }
  /// The number whose power is `message`.
  std::string sign_raw(const Number& message) const {
    const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(EVP_PKEY_CTX_new(key.get(), nullptr),
                                                                              EVP_PKEY_CTX_free);
    EVP_PKEY_sign_init(context.get());
    EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING);
    std::string out(256, '\0');
    size_t size = out.size();
    EXPECT_EQ(
        EVP_PKEY_sign(context.get(), reinterpret_cast<uint8_t*>(out.data()), &size, message.data(), message.size()), 1);
    return out;
  }
};

Number padded(std::span<const uint8_t, 32> digest) {
  constexpr uint8_t kInfo[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                               0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
  Number out;
  out.fill(0xff);
  out[0] = 0;
  out[1] = 1;
  out[256 - 32 - 20] = 0;
  std::copy(std::begin(kInfo), std::end(kInfo), out.end() - 32 - 19);
  std::copy(digest.begin(), digest.end(), out.end() - 32);
  return out;
}

TEST_F(Rsa2048Test, AcceptsOnlyTheExactPadding) {
  const Signer signer;
  const Rsa2048 key(signer.modulus());
  const auto digest = Sha256().update("message").finish();
  const Number good = padded(digest);
  EXPECT_TRUE(key.verify(digest, signer.sign_raw(good)));
  for (size_t i = 0; i < good.size(); ++i) {  // every byte matters, also of the padding
    Number bad = good;
    bad[i] ^= i == 0 ? 0x01 : 0x10;
    EXPECT_FALSE(key.verify(digest, signer.sign_raw(bad))) << i;
  }
}

TEST_F(Rsa2048Test, RefusesForgedNumbersAndWrongLengths) {
  const Signer signer;
  const Number modulus = signer.modulus();
  const Rsa2048 key(modulus);
  const auto digest = Sha256().update("message").finish();
  const std::string good = signer.sign_raw(padded(digest));
  EXPECT_FALSE(key.verify(digest, good.substr(1)));
  EXPECT_FALSE(key.verify(digest, good + '\0'));
  EXPECT_FALSE(key.verify(digest, ""));
  EXPECT_FALSE(key.verify(digest, std::string(256, '\0')));
  EXPECT_FALSE(key.verify(digest, std::string(modulus.begin(), modulus.end())));
  // The signature plus the modulus has the same power, but is refused because it is not below the modulus.
  const NumberPtr sum(BN_bin2bn(reinterpret_cast<const uint8_t*>(good.data()), 256, nullptr));
  BN_add(sum.get(), sum.get(), big(modulus).get());
  if (BN_num_bytes(sum.get()) == 256) {
    std::string same(256, '\0');
    BN_bn2binpad(sum.get(), reinterpret_cast<uint8_t*>(same.data()), 256);
    EXPECT_FALSE(key.verify(digest, same));
  }
}

}  // namespace
}  // namespace vf::crypto
