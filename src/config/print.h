// The effective configuration as an operator reads it. Secrets are never shown: "***", or the reference as written
// (file:PATH, ${NAME}). Wrong values are shown as they were written. Pure functions, but for the lookup of variables.
#pragma once

#include <string>

#include "config/document.h"
#include "config/resolve.h"

namespace vf::config {

/// YAML, each value with its origin in a comment.
std::string print_yaml(const Document& document, const Lookup& lookup);
/// One JSON object, without origins.
std::string print_json(const Document& document, const Lookup& lookup);

}  // namespace vf::config
