// Signer: turns payloads into the requests that Kick and Sumsub would send, with their headers and signatures.
// Immutable; thread safe.
#pragma once

#include <string>

#include "crypto/digest.h"
#include "crypto/public_key.h"
#include "fake_providers/payload.h"
#include "http/client.h"

namespace vf::fake_providers {

class Signer {
 public:
  struct Params {
    std::string kick_url{};    // http://127.0.0.1:8080/webhooks/kick
    std::string sumsub_url{};  // http://127.0.0.1:8080/webhooks/sumsub
    std::string sumsub_secret{};
    crypto::Hash sumsub_hash = crypto::Hash::sha256;
    std::string kick_key_pem{};  // RSA, private
  };
  /// Error `invalid`: kick_key_pem is not a private RSA key.
  static Result<Signer> create(Params params);

  /// Returns the signed request. `sent` is the time of sending, which Kick signs in whole seconds.
  http::Outgoing sign(const Payload& payload, Instant sent) const;

 private:
  Signer(Params params, crypto::PrivateKey key);
  http::Outgoing sign_kick(const Payload& payload, Instant sent) const;
  http::Outgoing sign_sumsub(const Payload& payload) const;

  Params params_;
  crypto::PrivateKey key_;
  crypto::Hmac hmac_;
};

}  // namespace vf::fake_providers
