// URLs in configured values: their hosts, and how they are shown. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "config/problem.h"

namespace vf::config {

/// What follows "scheme://" up to the path, without "user:password@". `url` contains "://".
std::string_view authority(std::string_view url);

/// Starts with http:// or https://?
bool is_http(std::string_view text);

/// "host:port", "[::1]:8080"; without a port only if none is needed.
Complaint check_host_and_port(std::string_view text, bool port_needed);

/// One or more "host" or "host:port", with commas between.
Complaint check_hosts(std::string_view hosts);

/// "postgresql://user:***@host/db": a URL as it may be shown. A text that is no URL is returned as it is.
std::string without_password(std::string url);

}  // namespace vf::config
