// Public-key signatures: RSA PKCS#1 v1.5 with SHA-256, and ed25519. Hides OpenSSL. Keys are immutable and thread safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace vf::crypto {

/// A public key that verifies. Parsing takes 300 µs, verifying 20 µs: parse once.
class PublicKey {
 public:
  /// "-----BEGIN PUBLIC KEY-----…", RSA of 2048 to 8192 bits. Newlines at the end may be missing.
  static Result<PublicKey> rsa_from_pem(std::string_view pem);
  /// 32 raw bytes.
  static Result<PublicKey> ed25519_from_bytes(std::string_view bytes);

  /// Whether `signature` (raw bytes) is this key's signature of `prefix` followed by `body`.
  bool verify(std::string_view prefix, std::string_view body, std::string_view signature) const;
  /// SHA-256 of the DER form, in hex: identifies a key in logs.
  const std::string& fingerprint() const;

 private:
  struct State;
  explicit PublicKey(std::shared_ptr<const State> state);
  std::shared_ptr<const State> state_;
};

/// A private key that signs: for the fake providers, tests and the Standard Webhooks v1a form.
class PrivateKey {
 public:
  static Result<PrivateKey> rsa_from_pem(std::string_view pem);
  static PrivateKey make_rsa(int bits);
  /// 32 bytes of seed.
  static Result<PrivateKey> ed25519_from_seed(std::string_view seed);
  std::string sign(std::string_view prefix, std::string_view body) const;  // raw bytes
  std::string to_pem() const;
  std::string public_pem() const;
  std::string public_bytes() const;  // of an ed25519 key: 32

 private:
  struct State;
  explicit PrivateKey(std::shared_ptr<const State> state);
  std::shared_ptr<const State> state_;
};

}  // namespace vf::crypto
