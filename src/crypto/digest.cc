// This file uses the plain SHA structs of OpenSSL, which can be copied by assignment, as cached HMAC pads need. The
// one-shot and EVP functions of OpenSSL 3 fetch and allocate in every call (0.3 µs and more). The plain structs are
// deprecated in OpenSSL 3, but not removed.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/digest.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <variant>

namespace vf::crypto {
namespace {

struct Sha1 {
  static constexpr size_t kSize = SHA_DIGEST_LENGTH, kBlock = SHA_CBLOCK;
  SHA_CTX context;
  Sha1() { SHA1_Init(&context); }
  void update(std::string_view bytes) { SHA1_Update(&context, bytes.data(), bytes.size()); }
  void finish(uint8_t* out) { SHA1_Final(out, &context); }
};

struct Sha2x256 {
  static constexpr size_t kSize = SHA256_DIGEST_LENGTH, kBlock = SHA256_CBLOCK;
  SHA256_CTX context;
  Sha2x256() { SHA256_Init(&context); }
  void update(std::string_view bytes) { SHA256_Update(&context, bytes.data(), bytes.size()); }
  void finish(uint8_t* out) { SHA256_Final(out, &context); }
};

struct Sha2x512 {
  static constexpr size_t kSize = SHA512_DIGEST_LENGTH, kBlock = SHA512_CBLOCK;
  SHA512_CTX context;
  Sha2x512() { SHA512_Init(&context); }
  void update(std::string_view bytes) { SHA512_Update(&context, bytes.data(), bytes.size()); }
  void finish(uint8_t* out) { SHA512_Final(out, &context); }
};

template <class Sha>
std::string finished(Sha& sha) {
  std::string out(Sha::kSize, '\0');
  sha.finish(reinterpret_cast<uint8_t*>(out.data()));
  return out;
}

template <class Sha>
std::string digest_with(std::string_view bytes) {
  Sha sha;
  sha.update(bytes);
  return finished(sha);
}

// The states of the inner and the outer hash of RFC 2104 after their first block, from which every message starts.
template <class Sha>
struct Pads {
  Sha inner, outer;

  explicit Pads(std::string_view key) {
    std::string block = key.size() > Sha::kBlock ? digest_with<Sha>(key) : std::string(key);
    block.resize(Sha::kBlock, '\0');
    for (char& c : block) c = static_cast<char>(c ^ 0x36);
    inner.update(block);
    for (char& c : block) c = static_cast<char>(c ^ 0x36 ^ 0x5c);
    outer.update(block);
    OPENSSL_cleanse(block.data(), block.size());
  }

  std::string sign(std::string_view a, std::string_view b, std::string_view c) const {
    Sha first = inner;
    first.update(a);
    first.update(b);
    first.update(c);
    Sha second = outer;
    second.update(finished(first));
    return finished(second);
  }
};

using AnyPads = std::variant<Pads<Sha1>, Pads<Sha2x256>, Pads<Sha2x512>>;

AnyPads make_pads(Hash hash, std::string_view key) {
  switch (hash) {
    case Hash::sha1:
      return Pads<Sha1>(key);
    case Hash::sha256:
      return Pads<Sha2x256>(key);
    case Hash::sha512:
      return Pads<Sha2x512>(key);
  }
  broken_invariant("hash is one of three", __FILE__, __LINE__);
}

}  // namespace

std::string digest(Hash hash, std::string_view bytes) {
  switch (hash) {
    case Hash::sha1:
      return digest_with<Sha1>(bytes);
    case Hash::sha256:
      return digest_with<Sha2x256>(bytes);
    case Hash::sha512:
      return digest_with<Sha2x512>(bytes);
  }
  broken_invariant("hash is one of three", __FILE__, __LINE__);
}

struct Sha256::State : Sha2x256 {};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;

Sha256& Sha256::update(std::string_view bytes) {
  state_->update(bytes);
  return *this;
}

std::array<uint8_t, 32> Sha256::finish() {
  std::array<uint8_t, 32> out{};
  state_->finish(out.data());
  return out;
}

struct Hmac::State {
  AnyPads pads;
};

Hmac::Hmac(Hash hash, std::string_view key) : state_(std::make_unique<State>(State{make_pads(hash, key)})) {}
Hmac::~Hmac() = default;
Hmac::Hmac(Hmac&&) noexcept = default;
Hmac& Hmac::operator=(Hmac&&) noexcept = default;

std::string Hmac::sign(std::string_view a, std::string_view b, std::string_view c) const {
  return std::visit([&](const auto& pads) { return pads.sign(a, b, c); }, state_->pads);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string random_bytes(size_t count) {
  std::string out(count, '\0');
  // Without random bytes, secrets made here could be guessed.
  VF_INVARIANT(count <= INT32_MAX && RAND_bytes(reinterpret_cast<uint8_t*>(out.data()), static_cast<int>(count)) == 1);
  return out;
}

}  // namespace vf::crypto
