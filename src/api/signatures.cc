#include "api/signatures.h"

#include "base/bytes.h"
#include "http/query.h"

namespace vf::api {
namespace {

constexpr std::string_view kPurpose = "vf call";  // keeps the keys of calls apart from those of deliveries
constexpr std::string_view kCaller = "vf-caller";
constexpr size_t kCallerBytesMax = 256;

// Cuts a caller that is too long, at the end of a character.
std::string_view shortened(std::string_view caller) {
  caller = caller.substr(0, kCallerBytesMax);
  while (!is_utf8(caller)) caller.remove_suffix(1);
  return caller;
}

std::string signed_text(const CallToSign& call) {
  std::string text;
  text.reserve(call.method.size() + call.target.size() + call.caller.size() + call.body.size() + 3);
  text.append(call.method).append(" ").append(call.target).append("\n");
  return text.append(call.caller).append("\n").append(call.body);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> sign_call(const crypto::WebhookSigner& signer, const CallToSign& call,
                                                           Instant now) {
  const std::string caller = http::percent_encoded(shortened(call.caller));
  CallToSign sent = call;
  sent.caller = caller;
  const auto signature = signer.derived(kPurpose).sign(call.id, now, signed_text(sent));
  std::vector<std::pair<std::string, std::string>> headers{
      {"webhook-id", std::string(call.id)},
      {"webhook-timestamp", std::to_string(unix_millis(now) / 1000)},
      {"webhook-signature", signature}};
  if (!caller.empty()) headers.emplace_back(kCaller, caller);
  return headers;
}

void Signatures::replace(crypto::WebhookSigner signer) {
  auto calls = signer.derived(kPurpose);
  signers_.replace(std::make_shared<const Signers>(std::move(signer), std::move(calls)));
}

Result<std::string> Signatures::verify_call(const http::Request& request, Instant now) const {
  const auto caller = request.headers.unique(kCaller);
  if (!caller && request.headers.has(kCaller)) return unauthorized("bad signature");
  const auto text = signed_text({.id = {},
                                 .method = request.method,
                                 .target = request.target,
                                 .caller = caller.value_or(""),
                                 .body = request.body});
  VF_TRY(signers_.get()->calls.verify(signature_of(request, text), now));
  return http::percent_decoded(caller.value_or(""));
}

}  // namespace vf::api
