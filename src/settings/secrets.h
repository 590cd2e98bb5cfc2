// Secrets in the table of keys: how a first start generates one, and how configured ones (and certificates) are
// checked. Thread safe.
#pragma once

#include <string>
#include <string_view>

#include "config/problem.h"

namespace vf::settings {

/// Returns 32 random bytes in hex.
std::string generate_token();

config::Complaint check_webhook_secret(std::string_view text);
config::Complaint check_certificates(std::string_view text);

}  // namespace vf::settings
