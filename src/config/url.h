// URLs in configured values: their hosts, and how they are shown. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "config/problem.h"

namespace vf::config {

/// Returns the part of `url` from "scheme://" to the path, without "user:password@". `url` must contain "://".
std::string_view authority(std::string_view url);

/// Returns whether `text` starts with http:// or https://.
bool is_http(std::string_view text);

/// Accepts "host:port" and "[::1]:8080"; also a host without a port, unless `port_needed`.
Complaint check_host_and_port(std::string_view text, bool port_needed);

/// Accepts one or more "host" or "host:port", with commas between them.
Complaint check_hosts(std::string_view hosts);

/// Replaces the password of a URL, so that it may be shown: "postgresql://user:***@host/db". Returns a text that is no
/// URL unchanged.
std::string without_password(std::string url);

}  // namespace vf::config
