// Maps a verified Sumsub delivery to an event: type, subject, time, identity and fact. Used by SumsubSource. Pure.
#pragma once

#include <string_view>

#include "event/event.h"

namespace vf::sources::sumsub {

/// The event of a verified delivery; `now` is used when the body has no time. Everything comes from the body, which is
/// signed; a body that is not JSON, or has no usable `type`, becomes "<source>.unrecognised". The caller sets
/// `headers`, the store `received` and `position`.
Event map_delivery(std::string_view source, std::string_view body, Instant now);

}  // namespace vf::sources::sumsub
