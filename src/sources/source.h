// Source: the interface that a provider's folder implements: verifies a delivery and maps it to an event. Pure, but for
// its keys. verify() runs on several network threads at once and must not block.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/result.h"
#include "base/time.h"
#include "event/event.h"
#include "http/message.h"

namespace vf::sources {

/// Verified: an event to commit.
struct Delivery {
  Event event;
  std::optional<std::string> body_key;  // SHA-256 of the body, where the message id is not covered by the signature
};
/// Verified, but not an event: a handshake or notice that the provider expects an answer to.
struct Handshake {
  http::Response answer;
};
/// Unverified. `reason` is a fixed short text for the log and the label of metrics; it never quotes the request.
struct Refusal {
  std::string_view reason;   // "missing header", "bad signature", "too old", "from the future", "malformed header"
  bool unknown_key = false;  // well-formed, but no key verifies it: refresh_keys may help
};
using Verification = std::variant<Delivery, Handshake, Refusal>;

class Source {
 public:
  virtual ~Source() = default;
  /// The configured name; the path is /webhooks/<name>.
  virtual const std::string& name() const = 0;
  virtual Verification verify(const http::Request& request, Instant now) const = 0;
  /// Fetches the provider's keys, at a limited rate. True: `done` is called once, from any thread, with whether the set
  /// of keys changed; the caller then verifies again. False: this source cannot fetch now, and `done` is not called.
  virtual bool refresh_keys(Instant /*now*/, std::function<void(bool changed)> /*done*/) { return false; }
};

}  // namespace vf::sources
