// Verifier: verifies that a request was signed as its scheme says, with any of the keys. Immutable, thread safe.
// It makes the cheap checks (headers, their form, the time) before it verifies the signature.
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

/// A request with more signatures than this is refused: no rotation needs more, and each may cost a verification.
inline constexpr size_t kSignaturesMax = 8;
/// How far a signed time may lie ahead of our clock when the tolerance is longer than this. Clocks differ by seconds; a
/// delivery with a time further ahead could still be accepted after the ledger has purged its id.
inline constexpr Millis kAheadMax = std::chrono::minutes{10};

/// A secret, prepared for one of the scheme's methods.
struct VerifyingKey {
  size_t method;
  std::variant<crypto::Hmac, crypto::PublicKey> key;
};

class Verifier {
 public:
  /// `secrets` has at least one secret, each in one of the scheme's key forms. Error `invalid`: the message names the
  /// faulty secret by its index ("secrets[1]: …") and never quotes it.
  static Result<Verifier> create(const Scheme& scheme, const std::vector<std::string>& secrets);

  /// Returns the time that was signed (nullopt when the scheme signs none), or the reason of a Refusal.
  /// `tolerance` is how far that time may lie from `now`; nullopt: not checked.
  std::expected<std::optional<Instant>, std::string_view> verify(const Scheme& scheme, const http::Request& request,
                                                                 Instant now, std::optional<Millis> tolerance) const;

 private:
  std::vector<VerifyingKey> keys_;
};

}  // namespace vf::sources::generic
