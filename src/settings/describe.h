// Describes the hub's settings for operators: prints the effective values, and the documentation of every key.
#pragma once

#include <string>

#include "settings/load.h"

namespace vf::settings {

/// Returns the effective configuration as YAML, with each value's origin in a comment. Reads only the configuration
/// file, and no secret. Wrong values are shown as written; load() reports what is wrong with them.
std::string print_yaml(const LoadParams& params);
/// Returns the effective configuration as one JSON object, without origins.
std::string print_json(const LoadParams& params);

/// Returns the documentation of every key as text for a terminal.
std::string keys_text();
/// Returns it as JSON: [{"key", "type", "default", "required", "secret", "reload", "roles", "doc", …}]
std::string keys_json();
/// Returns the content of docs/configuration.md.
std::string keys_markdown();

}  // namespace vf::settings
