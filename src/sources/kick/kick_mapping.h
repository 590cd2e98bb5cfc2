// Kick mapping: maps a verified Kick delivery to an event: type, subject, time, identity and fact key. KickSource uses
// it. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "event/event.h"

namespace vf::sources::kick {

/// The headers of a delivery, as received. The signature covers only message_id and timestamp.
struct KickHeaders {
  std::string_view message_id, timestamp, signature, type, version, subscription_id;
};

/// Returns the time in the timestamp header; nullopt when it cannot be read. Kick sometimes sends the date twice
/// ("2026-04-26T2026-04-26T11:27:44Z"), which is repaired.
std::optional<Instant> sent_time(const KickHeaders& headers);

/// Returns the event of a verified delivery. The type header is unsigned: it is accepted when the body has the keys of
/// that type, else the event's type is "<source>.unrecognised". A type that the table of types does not know becomes
/// "<source>.<type>", unless it is one of the hub's own polls. The store sets `received` and `position`.
Event map_delivery(std::string_view source, const KickHeaders& headers, std::string_view body);

}  // namespace vf::sources::kick
