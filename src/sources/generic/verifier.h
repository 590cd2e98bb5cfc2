// Verifier: verifies that a request was signed as its scheme says, by any of the keys. Immutable, thread safe.
// The cheap checks (headers, their form, the time) come before the signature.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "crypto/digest.h"
#include "crypto/public_key.h"
#include "http/message.h"
#include "sources/generic/scheme.h"

namespace vf::sources::generic {

/// More signatures in one request are refused: no rotation needs more, and each may cost a verification.
inline constexpr size_t kSignaturesMax = 8;
/// How far a signed time may lie ahead of our clock where the tolerance is longer: clocks differ by seconds, and a
/// delivery from further ahead would stay fresh after the ledger has forgotten it.
inline constexpr Millis kAheadMax = std::chrono::minutes{10};

/// A secret, prepared for one of the scheme's methods.
struct VerifyingKey {
  size_t method;
  std::variant<crypto::Hmac, crypto::PublicKey> key;
};

class Verifier {
 public:
  /// `secrets`: at least one, each in one of the scheme's key forms. Error `invalid` names the secret by its index
  /// ("secrets[1]: …") and never quotes it.
  static Result<Verifier> create(const Scheme& scheme, const std::vector<std::string>& secrets);

  /// The time that was signed (nullopt where the scheme signs none), or the reason of a Refusal.
  /// `tolerance` is how far that time may lie from now; nullopt: not checked.
  std::expected<std::optional<Instant>, std::string_view> verify(const Scheme& scheme, const http::Request& request,
                                                                 Instant now, std::optional<Millis> tolerance) const;

 private:
  std::vector<VerifyingKey> keys_;
};

}  // namespace vf::sources::generic
