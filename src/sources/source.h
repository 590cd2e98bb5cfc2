// Source: the interface that each provider's folder implements: verifies a delivery and maps it to an event. Its only
// state is its set of keys. verify() runs on several network threads at once and must not block.
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

/// The delivery is verified and is an event, to be committed.
struct Delivery {
  Event event;
  std::optional<std::string> body_key = {};  // SHA-256 of the body; set where the source has a replay guard
  Millis replay_guard{0};                    // equal bodies within this span are one event
};
/// The request is verified, but is no event: a handshake or notice to which the provider expects an answer.
struct Handshake {
  http::Response answer;
};
/// The request is not verified. `reason` is a fixed short text for the log and a metric's label; it never quotes the
/// request.
struct Refusal {
  std::string_view reason;   // "missing header", "bad signature", "too old", "from the future", "malformed header"
  bool unknown_key = false;  // the signature is well-formed, but no key verifies it: refresh_keys() may help
};
using Verification = std::variant<Delivery, Handshake, Refusal>;

class Source {
 public:
  virtual ~Source() = default;
  /// Returns the configured name; deliveries arrive at /webhooks/<name>.
  virtual const std::string& name() const = 0;
  virtual Verification verify(const http::Request& request, Instant now) const = 0;
  /// Fetches the provider's keys, at a limited rate. Returns true when a fetch is under way: `done` is then called
  /// once, from any thread, and says whether the set of keys changed, so that the caller can verify again. Returns
  /// false when this source cannot fetch now; `done` is then not called.
  virtual bool refresh_keys(Instant /*now*/, std::function<void(bool changed)> /*done*/) { return false; }
};

}  // namespace vf::sources
