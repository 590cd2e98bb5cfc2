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

/// Decodes "whsec_<base64>" ("v1,whsec_…" and bare base64 too) to the key's 24 to 64 bytes. The error never quotes it.
Result<std::string> decode_webhook_secret(std::string_view text);
/// A new secret: "whsec_" and the base64 of 32 random bytes.
std::string make_webhook_secret();

/// Signs with every secret it holds and verifies with any (there are several while one rotates).
class WebhookSigner {
 public:
  static Result<WebhookSigner> create(const std::vector<std::string>& secrets);  // whsec_… texts, at least one
  /// The value of webhook-signature: one "v1,<base64>" a secret, separated by spaces.
  std::string sign(std::string_view id, Instant timestamp, std::string_view body) const;
  /// ok, or `unauthorized` with a fixed reason: "missing header", "malformed header", "too old", "from the future",
  /// "bad signature". `timestamp` is the text of webhook-timestamp (Unix seconds).
  struct Signed {
    std::string_view id, timestamp, signature, body;
  };
  Result<void> verify(const Signed& request, Instant now, Millis tolerance = kStandardWebhooksTolerance) const;

 private:
  std::vector<Hmac> keys_;
};

}  // namespace vf::crypto
