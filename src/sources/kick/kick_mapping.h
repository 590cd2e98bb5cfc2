// Maps a verified Kick delivery to an event: type, subject, time, identity and fact. Used by KickSource. Pure
// functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "event/event.h"

namespace vf::sources::kick {

/// The headers of a delivery, as received. Only message_id and timestamp are covered by the signature.
struct KickHeaders {
  std::string_view message_id, timestamp, signature, type, version, subscription_id;
};

/// The header's time; Kick sometimes sends the date twice ("2026-04-26T2026-04-26T11:27:44Z"), which is repaired.
std::optional<Instant> sent_time(const KickHeaders& headers);

/// The event of a verified delivery. The type header is unsigned: it is accepted when the body has the shape of that
/// type, else the event is "<source>.unrecognised"; a type that the table does not know becomes "<source>.<type>". The
/// store sets `received` and `position`.
Event map_delivery(std::string_view source, const KickHeaders& headers, std::string_view body);

}  // namespace vf::sources::kick
