// Checks of addresses and hosts in configured values. No complaint quotes the value, because any part of it may be a
// password or a piece of one. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "config/problem.h"

namespace vf::config {

/// Accepts "host:port" and "[::1]:8080"; also a host without a port, unless `port_needed`.
Complaint check_host_and_port(std::string_view text, bool port_needed);

/// Accepts one or more "host" or "host:port", with commas between them.
Complaint check_hosts(std::string_view hosts);

/// Accepts what split_address() (base/address.h) accepts.
Complaint check_address(std::string_view text);

/// Accepts an address of check_address() with http or https and one host to which a request can be made.
Complaint check_http_address(std::string_view text);

/// Refuses a path that begins with '~', which only a shell replaces.
Complaint check_path(std::string_view path);

}  // namespace vf::config
