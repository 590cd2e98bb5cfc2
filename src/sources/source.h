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

/// What refresh_keys() brought. changed: the request may be verified now. unchanged: the keys are those that the
/// provider publishes. failed: the provider's keys are not known now, so the request can neither be accepted nor be
/// refused for good.
enum class KeyRefresh { changed, unchanged, failed };

class Source {
 public:
  virtual ~Source() = default;
  /// Returns the configured name; deliveries arrive at /webhooks/<name>.
  virtual const std::string& name() const = 0;
  virtual Verification verify(const http::Request& request, Instant now) const = 0;
  /// Fetches the provider's keys, at a limited rate. `done` is called once, from any thread, perhaps inside the call.
  virtual void refresh_keys(Instant /*now*/, std::function<void(KeyRefresh)> done) { done(KeyRefresh::unchanged); }
};

}  // namespace vf::sources
