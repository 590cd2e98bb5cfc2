// Prints the effective configuration for operators. A secret is never shown: it is printed as "***", or as the
// reference that was written (file:PATH, ${NAME}); so are the secret parts of an address, and a whole address that
// cannot be read. Other wrong values are printed as written. Pure functions, except that they look up variables.
#pragma once

#include <string>

#include "config/document.h"
#include "config/resolve.h"

namespace vf::config {

/// Returns YAML, with each value's origin in a comment.
std::string print_yaml(const Document& document, const Lookup& lookup);
/// Returns one JSON object, without origins.
std::string print_json(const Document& document, const Lookup& lookup);

/// Returns `text` as a YAML scalar: as it is where that is unmistakable, else in quotes.
std::string yaml_scalar(const std::string& text);

}  // namespace vf::config
