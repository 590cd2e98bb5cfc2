// Source: what a provider's folder implements. Proves a delivery and says what it means; pure but for its keys.
// verify() runs on network threads, several at once, and must not block.
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

/// Authentic: an event to keep.
struct Delivery {
  Event event;
  std::optional<std::string> body_key;  // SHA-256 of the body, where the message id is not covered by the signature
};
/// Authentic, but a handshake or notice that the provider wants answered and that is no event.
struct Handshake {
  http::Response answer;
};
/// Not proved. `reason` is a fixed short text for the log and the metrics' label; never quotes the request.
struct Refusal {
  std::string_view reason;   // "missing header", "bad signature", "too old", "from the future", "malformed header"
  bool unknown_key = false;  // well-formed, but no key fits: worth fetching the provider's keys (see refresh_keys)
};
using Verification = std::variant<Delivery, Handshake, Refusal>;

class Source {
 public:
  virtual ~Source() = default;
  /// The configured name; the path is /webhooks/<name>.
  virtual const std::string& name() const = 0;
  virtual Verification verify(const http::Request& request, Instant now) const = 0;
  /// True when this source can fetch keys and may do so now (rate limited inside). When it returns true, `done` is
  /// called once, from any thread, with whether the set of keys changed; the caller then proves again.
  virtual bool refresh_keys(Instant /*now*/, std::function<void(bool changed)> /*done*/) { return false; }
};

}  // namespace vf::sources
