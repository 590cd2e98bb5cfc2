// Addresses: decides which IP addresses a client may connect to. A pure function.
#pragma once

#include <string_view>

namespace vf::http {

/// Returns whether a client may connect to this IP address. Public addresses and loopback are always allowed, private
/// and other special-purpose addresses only with `allow_private`, multicast and reserved addresses never.
bool is_allowed_address(std::string_view ip, bool allow_private);

}  // namespace vf::http
