// Standard Webhooks signatures, v1 (HMAC-SHA256): signs and verifies internal events.
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md. Thread safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "crypto/digest.h"

namespace vf::crypto {

inline constexpr std::chrono::minutes kStandardWebhooksTolerance{5};

/// Decodes "whsec_<base64>", "v1,whsec_<base64>" or bare base64 to the key's bytes, 24 to 64 of them. The error never
/// quotes the secret.
Result<std::string> decode_webhook_secret(std::string_view text);
/// Returns a new secret: "whsec_" and the base64 of 32 random bytes.
std::string make_webhook_secret();

/// Signs with every one of its secrets, and accepts a signature by any of them. It has several while a secret is
/// rotated.
class WebhookSigner {
 public:
  static Result<WebhookSigner> create(const std::vector<std::string>& secrets);  // at least one secret, as "whsec_…"
  /// Returns a signer with keys made from these and `purpose`: signatures of the one are never valid for the other.
  WebhookSigner derived(std::string_view purpose) const;
  /// Returns the value of the header webhook-signature: "v1,<base64>" for each secret, separated by spaces.
  std::string sign(std::string_view id, Instant timestamp, std::string_view body) const;
  /// A request to verify. `timestamp` is the text of the header webhook-timestamp (Unix seconds).
  struct Signed {
    std::string_view id, timestamp, signature, body;
  };
  /// Error `unauthorized`: the message is "missing header", "malformed header", "too old", "from the future" or "bad
  /// signature".
  Result<void> verify(const Signed& request, Instant now, Millis tolerance = kStandardWebhooksTolerance) const;

 private:
  std::vector<Hmac> keys_;
};

}  // namespace vf::crypto
