// Signatures: verifies requests that are signed with the secrets of one listener, and signs calls of such a listener.
// Thread safe: replace() may be called while requests are served.
//
// Two kinds never stand for one another. A delivery of events is signed as Standard Webhooks say: that signature covers
// the body. Every other call is signed with keys derived from the same secrets, and its signature covers, in the place
// of the body,
//
//   METHOD " " path-and-query "\n" caller "\n" body
//
// where the caller is the value of the header vf-caller, as sent: who asked the hub for the call; empty: the hub
// itself.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "concurrency/replaceable.h"
#include "crypto/standard_webhooks.h"
#include "http/message.h"

namespace vf::api {

/// A call to sign. Method and target have no line break.
struct CallToSign {
  std::string_view id;  // of the call; appears in logs of proxies
  std::string_view method, target, caller, body;
};
/// Returns the headers that sign a call. `signer` has the listener's secrets.
std::vector<std::pair<std::string, std::string>> sign_call(const crypto::WebhookSigner& signer, const CallToSign& call,
                                                           Instant now);

class Signatures {
 public:
  explicit Signatures(crypto::WebhookSigner signer) { replace(std::move(signer)); }

  /// Takes the secrets of this signer in place of all earlier ones, for the requests that arrive from now on.
  void replace(crypto::WebhookSigner signer);
  /// Verifies a delivery. Error `unauthorized`: the signature is missing, repeated or wrong, or its time is too far
  /// from `now`.
  Result<void> verify(const http::Request& request, Instant now) const {
    return signers_.get()->deliveries.verify(signature_of(request, request.body), now);
  }
  /// Verifies a call, and returns who asked the hub for it: "token ops from 10.0.0.7"; empty: the hub itself. Errors as
  /// of verify().
  Result<std::string> verify_call(const http::Request& request, Instant now) const;

 private:
  struct Signers {
    crypto::WebhookSigner deliveries, calls;
  };

  /// `signed_text`: the text of which the request's headers have the signature.
  static crypto::WebhookSigner::Signed signature_of(const http::Request& request, std::string_view signed_text) {
    // unique() has no value for a repeated header, so a request that repeats one is refused.
    const auto header = [&request](std::string_view name) { return request.headers.unique(name).value_or(""); };
    return {header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"), signed_text};
  }

  concurrency::Replaceable<const Signers> signers_;
};

}  // namespace vf::api
