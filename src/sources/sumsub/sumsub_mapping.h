// What a proved Sumsub delivery says: type, subject, time, identity and fact. Stands under SumsubSource. Pure.
#pragma once

#include <string_view>

#include "event/event.h"

namespace vf::sources::sumsub {

/// The event of a proved delivery; `now` stands for the time of a body that has none. All is read from the body, which
/// is signed; one without a usable `type`, or that is not JSON, is "<source>.unrecognised". `headers`, `received` and
/// `position` are left to the caller and the store.
Event map_delivery(std::string_view source, std::string_view body, Instant now);

}  // namespace vf::sources::sumsub
