// The text of an event's body, as commands print it for a person. Pure functions.
#pragma once

#include <string>

#include "cli/json.h"

namespace vf::cli {

/// Returns the body of `event`, which has the member data or data_base64 as an envelope has, with a line feed at its
/// end: JSON, indented; else the text, if it is one, or base64. Empty when it has neither member.
std::string body_text(const Json& event);

}  // namespace vf::cli
