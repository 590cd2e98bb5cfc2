// Identity of events: the same provider message always gets the same id, on any replica, on any day.
// A UUID of version 8 (RFC 9562 section 5.8): 48 bits of milliseconds taken from the message id or from a body field
// that is constant across attempts (else zero), then SHA-256 over (length-prefixed source, message id). Never from a
// header that a retry may change, never from the time of receipt. Pure functions.
#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"
#include "base/uuid.h"

namespace vf {

/// The time inside a ULID, a UUIDv7 or a KSUID; nullopt for other texts.
std::optional<Instant> time_inside(std::string_view message_id);

/// The event id. `happened` is used for the leading 48 bits when the message id carries no time. Pass only the time of
/// a body field that every attempt repeats, else nullopt.
Uuid event_id(std::string_view source, std::string_view message_id, std::optional<Instant> happened);

}  // namespace vf
