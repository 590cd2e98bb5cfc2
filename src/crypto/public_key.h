// Public-key signatures: RSA PKCS#1 v1.5 with SHA-256, and ed25519. Hides OpenSSL. Keys are immutable and thread safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace vf::crypto {

/// A public key, which verifies signatures. Parsing a key takes 300 µs and verifying a signature 20 µs, so parse once.
class PublicKey {
 public:
  /// Reads "-----BEGIN PUBLIC KEY-----…" with an RSA key of 2048 to 8192 bits. The newline at the end may be missing.
  static Result<PublicKey> rsa_from_pem(std::string_view pem);
  /// Takes the 32 raw bytes of the key.
  static Result<PublicKey> ed25519_from_bytes(std::string_view bytes);

  /// Returns whether `signature` (raw bytes) is this key's signature of `prefix` followed by `body`.
  bool verify(std::string_view prefix, std::string_view body, std::string_view signature) const;
  /// Returns the SHA-256 of the key's DER form, in hex; it identifies the key in logs.
  const std::string& fingerprint() const;

 private:
  struct State;
  explicit PublicKey(std::shared_ptr<const State> state);
  std::shared_ptr<const State> state_;
};

/// A private key, which signs: for the fake providers, for tests and for the form v1a of Standard Webhooks.
class PrivateKey {
 public:
  static Result<PrivateKey> rsa_from_pem(std::string_view pem);
  static PrivateKey make_rsa(int bits);
  /// `seed` has 32 bytes.
  static Result<PrivateKey> ed25519_from_seed(std::string_view seed);
  std::string sign(std::string_view prefix, std::string_view body) const;  // raw bytes
  std::string to_pem() const;
  std::string public_pem() const;
  std::string public_bytes() const;  // only of an ed25519 key: its 32 raw bytes

 private:
  struct State;
  explicit PrivateKey(std::shared_ptr<const State> state);
  std::shared_ptr<const State> state_;
};

}  // namespace vf::crypto
