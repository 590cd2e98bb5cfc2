// Makes requests signed as the fan-out signs them, for tests of this folder. Header only.
#pragma once

#include <string>
#include <vector>

#include "api/signatures.h"
#include "crypto/standard_webhooks.h"
#include "event/envelope.h"
#include "http/message.h"
#include "projections/tests/rows_test.h"

namespace vf::receive {

inline const Instant kNow = projections::at("2025-01-14T16:10:00.500Z");
inline const std::string kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
inline const std::string kOldSecret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

inline crypto::WebhookSigner signer(const std::vector<std::string>& secrets) {
  return std::move(crypto::WebhookSigner::create(secrets).value());
}

struct Signing {
  std::string secret = kSecret;
  Instant at = kNow;
};

/// A delivery to /internal/events, or a call of another path.
inline http::Request signed_request(std::string method, std::string path, std::string body,
                                    const Signing& signing = {}) {
  http::Request request;
  const auto key = signer({signing.secret});
  if (path == "/internal/events" || path.starts_with("/internal/events?")) {
    request.headers.add("webhook-id", "msg_1");
    request.headers.add("webhook-timestamp", std::to_string(unix_millis(signing.at) / 1000));
    request.headers.add("webhook-signature", key.sign("msg_1", signing.at, body));
  } else {
    const api::CallToSign call{.id = "call_1", .method = method, .target = path, .caller = "", .body = body};
    for (auto& [name, value] : api::sign_call(key, call, signing.at)) request.headers.add(name, value);
  }
  request.method = std::move(method);
  request.target = std::move(path);
  request.body = std::move(body);
  return request;
}

inline http::Request post_events(const std::vector<Event>& events) {
  return signed_request("POST", "/internal/events", write_batch(events));
}

inline Event follow(uint64_t number) {
  return projections::event_of("kick.channel.followed", projections::fixture("kick/channel.followed.json"),
                               projections::at("2025-01-14T16:08:06.123Z"), number);
}
inline Event poison(uint64_t number) {
  return projections::event_of("kick.channel.followed", "{}", projections::at("2025-01-14T16:08:06.123Z"), number);
}
inline Event unwanted(uint64_t number) {
  return projections::event_of("kick.drops.claim", "{}", projections::at("2025-01-14T16:08:06.123Z"), number);
}

}  // namespace vf::receive
