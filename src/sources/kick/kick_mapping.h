// What a proved Kick delivery says: type, subject, time, identity and fact. Stands under KickSource. Pure functions.
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

/// The event of a proved delivery. The unsigned type is believed when the body has the shape that it promises, else the
/// event is "<source>.unrecognised"; a type that is not known yet promises nothing and is kept as "<source>.<type>".
/// `received` and `position` are left to the store.
Event map_delivery(std::string_view source, const KickHeaders& headers, std::string_view body);

}  // namespace vf::sources::kick
