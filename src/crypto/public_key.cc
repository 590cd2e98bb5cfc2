#include "crypto/public_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <array>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "crypto/digest.h"
#include "crypto/rsa2048.h"

namespace vf::crypto {
namespace {

template <auto free_function>
struct Free {
  template <class T>
  void operator()(T* pointer) const {
    free_function(pointer);
  }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using ContextPtr = std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX_free>>;
using DigestContextPtr = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;
using BioPtr = std::unique_ptr<BIO, Free<BIO_free>>;

constexpr int kRsaBitsMin = 2048, kRsaBitsMax = 8192;
constexpr size_t kEd25519Bytes = 32;

const uint8_t* bytes_of(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }

BioPtr reader(std::string_view text) { return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

std::string written(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(size)};
}

// OpenSSL leaves errors in a queue of the thread. The next user of OpenSSL on this thread (TLS) would take them for its
// own.
Error refused(const char* what) {
  ERR_clear_error();
  return invalid(what);
}

bool is_usable_rsa(const EVP_PKEY* key) {
  const int bits = EVP_PKEY_get_bits(key);
  return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA && bits >= kRsaBitsMin && bits <= kRsaBitsMax;
}

std::array<uint8_t, 32> sha256_of(std::string_view prefix, std::string_view body) {
  return Sha256().update(prefix).update(body).finish();
}

ContextPtr verify_context(EVP_PKEY* key) {
  ContextPtr context(EVP_PKEY_CTX_new(key, nullptr));
  VF_INVARIANT(context && EVP_PKEY_verify_init(context.get()) == 1 &&
               EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1 &&
               EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256()) == 1);
  return context;
}

// Making a context costs as much as using it, and only one thread at a time may use it; so each thread keeps its last
// few contexts. A context owns its key, so an address found in the cache cannot belong to a newer key.
EVP_PKEY_CTX* cached_verify_context(EVP_PKEY* key) {
  constexpr size_t kKept = 4;
  thread_local std::array<std::pair<EVP_PKEY*, ContextPtr>, kKept> cache;
  thread_local size_t next = 0;
  for (const auto& [cached_key, context] : cache) {
    if (cached_key == key) return context.get();
  }
  auto& slot = cache[next++ % kKept];
  slot = {key, verify_context(key)};
  return slot.second.get();
}

bool rsa_fits(EVP_PKEY* key, const std::array<uint8_t, 32>& digest, std::string_view signature) {
  return EVP_PKEY_verify(cached_verify_context(key), bytes_of(signature), signature.size(), digest.data(),
                         digest.size()) == 1;
}

bool ed25519_fits(EVP_PKEY* key, const std::string& message, std::string_view signature) {
  const DigestContextPtr context(EVP_MD_CTX_new());
  return EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message), message.size()) == 1;
}

// Returns the same key as an Rsa2048, if the processor supports that and it takes this kind of key.
std::optional<Rsa2048> quick_form(EVP_PKEY* key) {
  using BignumPtr = std::unique_ptr<BIGNUM, Free<BN_free>>;
  const auto parameter = [key](const char* name) {
    BIGNUM* number = nullptr;
    EVP_PKEY_get_bn_param(key, name, &number);
    return BignumPtr(number);
  };
  if (!Rsa2048::is_supported() || EVP_PKEY_get_bits(key) != 2048) return std::nullopt;
  const auto modulus = parameter(OSSL_PKEY_PARAM_RSA_N), exponent = parameter(OSSL_PKEY_PARAM_RSA_E);
  if (!modulus || !exponent || !BN_is_odd(modulus.get()) || !BN_is_word(exponent.get(), RSA_F4)) return std::nullopt;
  Rsa2048::Number number;
  if (BN_bn2binpad(modulus.get(), number.data(), number.size()) != static_cast<int>(number.size())) return std::nullopt;
  return Rsa2048(number);
}

std::string fingerprint_of(EVP_PKEY* key) {
  uint8_t* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  VF_INVARIANT(size > 0);
  std::string out = to_hex(sha256({reinterpret_cast<char*>(der), static_cast<size_t>(size)}));
  OPENSSL_free(der);
  return out;
}

}  // namespace

struct PublicKey::State {
  KeyPtr key;
  std::string fingerprint;
  std::optional<Rsa2048> quick;
};

PublicKey::PublicKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}

Result<PublicKey> PublicKey::rsa_from_pem(std::string_view pem) {
  const BioPtr bio = reader(pem);
  KeyPtr key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  if (!key) return refused("not a public key in PEM form");
  if (!is_usable_rsa(key.get())) return invalid("not an RSA public key of 2048 to 8192 bits");
  std::string fingerprint = fingerprint_of(key.get());
  const auto quick = quick_form(key.get());
  return PublicKey(std::make_shared<const State>(std::move(key), std::move(fingerprint), quick));
}

Result<PublicKey> PublicKey::ed25519_from_bytes(std::string_view bytes) {
  if (bytes.size() != kEd25519Bytes) return invalid("an ed25519 public key is 32 bytes");
  KeyPtr key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(bytes), bytes.size()));
  if (!key) return refused("not an ed25519 public key");
  std::string fingerprint = fingerprint_of(key.get());
  return PublicKey(std::make_shared<const State>(std::move(key), std::move(fingerprint), std::nullopt));
}

bool PublicKey::verify(std::string_view prefix, std::string_view body, std::string_view signature) const {
  if (state_->quick) return state_->quick->verify(sha256_of(prefix, body), signature);
  EVP_PKEY* key = state_->key.get();
  const bool is_rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
  const bool fits = is_rsa ? rsa_fits(key, sha256_of(prefix, body), signature)
                           : ed25519_fits(key, std::string(prefix).append(body), signature);
  if (!fits) ERR_clear_error();
  return fits;
}

const std::string& PublicKey::fingerprint() const { return state_->fingerprint; }

struct PrivateKey::State {
  KeyPtr key;
};

PrivateKey::PrivateKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}

Result<PrivateKey> PrivateKey::rsa_from_pem(std::string_view pem) {
  const BioPtr bio = reader(pem);
  char no_password[] = "";  // without a password OpenSSL would ask for one on the terminal
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, no_password));
  if (!key) return refused("not a private key in PEM form");
  if (!is_usable_rsa(key.get())) return invalid("not an RSA private key of 2048 to 8192 bits");
  return PrivateKey(std::make_shared<const State>(std::move(key)));
}

PrivateKey PrivateKey::make_rsa(int bits) {
  KeyPtr key(EVP_RSA_gen(static_cast<unsigned>(bits)));
  VF_INVARIANT(key != nullptr);
  return PrivateKey(std::make_shared<const State>(std::move(key)));
}

Result<PrivateKey> PrivateKey::ed25519_from_seed(std::string_view seed) {
  if (seed.size() != kEd25519Bytes) return invalid("an ed25519 seed is 32 bytes");
  KeyPtr key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(seed), seed.size()));
  VF_INVARIANT(key != nullptr);
  return PrivateKey(std::make_shared<const State>(std::move(key)));
}

std::string PrivateKey::sign(std::string_view prefix, std::string_view body) const {
  EVP_PKEY* key = state_->key.get();
  const EVP_MD* hash = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA ? EVP_sha256() : nullptr;
  const std::string message = std::string(prefix).append(body);
  const DigestContextPtr context(EVP_MD_CTX_new());
  std::string out(static_cast<size_t>(EVP_PKEY_get_size(key)), '\0');
  size_t size = out.size();
  VF_INVARIANT(EVP_DigestSignInit(context.get(), nullptr, hash, nullptr, key) == 1 &&
               EVP_DigestSign(context.get(), reinterpret_cast<uint8_t*>(out.data()), &size, bytes_of(message),
                              message.size()) == 1);
  out.resize(size);
  return out;
}

std::string PrivateKey::to_pem() const {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  VF_INVARIANT(PEM_write_bio_PrivateKey(bio.get(), state_->key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return written(bio.get());
}

std::string PrivateKey::public_pem() const {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  VF_INVARIANT(PEM_write_bio_PUBKEY(bio.get(), state_->key.get()) == 1);
  return written(bio.get());
}

std::string PrivateKey::public_bytes() const {
  std::string out(kEd25519Bytes, '\0');
  size_t size = out.size();
  VF_INVARIANT(EVP_PKEY_get_raw_public_key(state_->key.get(), reinterpret_cast<uint8_t*>(out.data()), &size) == 1);
  return out;
}

}  // namespace vf::crypto
