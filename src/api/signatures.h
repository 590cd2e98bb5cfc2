// Signatures: verifies requests that are signed as Standard Webhooks say, with the secrets of one listener. Thread
// safe: replace() may be called while requests are served.
#pragma once

#include <memory>
#include <utility>

#include "base/result.h"
#include "base/time.h"
#include "concurrency/replaceable.h"
#include "crypto/standard_webhooks.h"
#include "http/message.h"

namespace vf::api {

class Signatures {
 public:
  explicit Signatures(crypto::WebhookSigner signer) { replace(std::move(signer)); }

  /// Takes the secrets of this signer in place of all earlier ones, for the requests that arrive from now on.
  void replace(crypto::WebhookSigner signer) {
    signer_.replace(std::make_shared<const crypto::WebhookSigner>(std::move(signer)));
  }
  /// Error `unauthorized`: the signature is missing, repeated or wrong, or its time is too far from `now`.
  Result<void> verify(const http::Request& request, Instant now) const {
    // unique() has no value for a repeated header, so a request that repeats one is refused.
    const auto header = [&request](std::string_view name) { return request.headers.unique(name).value_or(""); };
    return signer_.get()->verify(
        {header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"), request.body}, now);
  }

 private:
  concurrency::Replaceable<const crypto::WebhookSigner> signer_;
};

}  // namespace vf::api
