// Identity of events: the same message of a provider always gets the same event id, on any replica, on any day.
// The id is a UUID of version 8 (RFC 9562 section 5.8). Its first 48 bits are a time in milliseconds, taken from the
// message id or from a body field that is the same in all attempts (zero if neither has a time); the other bits are
// from the SHA-256 of the length-prefixed source and the message id. The id never depends on the time of receipt or on
// a header that a retry may change. Pure functions.
#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"
#include "base/uuid.h"

namespace vf {

/// Returns the time inside a ULID, a UUIDv7 or a KSUID; nullopt for other texts.
std::optional<Instant> time_inside(std::string_view message_id);

/// Returns the event id. `happened` gives the first 48 bits when there is no time inside the message id. It must be the
/// time in a body field that is the same in all attempts; pass nullopt when there is none.
Uuid event_id(std::string_view source, std::string_view message_id, std::optional<Instant> happened);

}  // namespace vf
