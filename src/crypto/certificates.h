// Certificates: checks those that a configuration gives to trust. Hides OpenSSL. A pure function; thread safe.
#pragma once

#include <string_view>

#include "base/result.h"

namespace vf::crypto {

/// Checks that `pem` is one or more "-----BEGIN CERTIFICATE-----…", each of which can be read. Error `invalid`: the
/// message quotes nothing.
Result<void> check_certificates(std::string_view pem);

}  // namespace vf::crypto
