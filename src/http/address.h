// Addresses: which peers a client may connect to. Pure function.
#pragma once

#include <string_view>

namespace vf::http {

/// Whether a target may have this IP address. Public addresses and loopback are always allowed, private and other
/// special-purpose ones only with `allow_private`, multicast and reserved ones never.
bool is_allowed_address(std::string_view ip, bool allow_private);

}  // namespace vf::http
