// Named schemes: finds a scheme by its name, in a table with a description of each. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sources/generic/protocol.h"
#include "sources/generic/scheme.h"

namespace vf::sources::generic {

/// The name of the scheme that the configuration alone describes.
inline constexpr std::string_view kHmac = "hmac";

struct NamedScheme {
  Scheme scheme;
  Protocol protocol = plain_protocol;
};

/// Returns the scheme `name` ("standard-webhooks", "github", …). Scheme "hmac" takes its whole description from
/// `configured`; in a named scheme `configured` may set only the places of attributes (id, type, time, …).
/// Error `invalid`: the message names what is wrong and lists the alternatives.
Result<NamedScheme> find_scheme(std::string_view name, const Description& configured);

/// Returns the names of all schemes in the order of the documentation, "hmac" last.
std::vector<std::string_view> scheme_names();

}  // namespace vf::sources::generic
