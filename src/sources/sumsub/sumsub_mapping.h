// Sumsub mapping: maps a verified Sumsub delivery to an event: type, subject, time, identity and fact key. SumsubSource
// uses it. Pure function.
#pragma once

#include <string_view>

#include "event/event.h"

namespace vf::sources::sumsub {

/// Returns the event of a verified delivery. Its attributes come from the body, which is signed; `now` is its time when
/// the body has none. When the body is not JSON, or has no usable `type`, the event's type is "<source>.unrecognised".
/// The caller sets `headers`; the store sets `received` and `position`.
Event map_delivery(std::string_view source, std::string_view body, Instant now);

}  // namespace vf::sources::sumsub
