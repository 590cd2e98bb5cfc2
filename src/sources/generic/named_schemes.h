// The named schemes: one table of descriptions, a row each. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sources/generic/protocol.h"
#include "sources/generic/scheme.h"

namespace vf::sources::generic {

/// The scheme that is described by the configuration alone.
inline constexpr std::string_view kHmac = "hmac";

struct NamedScheme {
  Scheme scheme;
  Protocol protocol = plain_protocol;
};

/// "standard-webhooks", "github", …, or "hmac", which takes its whole description from the configuration. In a named
/// scheme the configuration can override only the places of attributes (id, type, time, …).
/// Error `invalid` names what is wrong and lists the alternatives.
Result<NamedScheme> find_scheme(std::string_view name, const Description& configured);

/// In the order of the documentation, "hmac" last.
std::vector<std::string_view> scheme_names();

}  // namespace vf::sources::generic
