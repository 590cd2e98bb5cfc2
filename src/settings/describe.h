// What an operator reads about our settings: the effective values, and the documentation of every key.
#pragma once

#include <string>

#include "settings/load.h"

namespace vf::settings {

/// The effective configuration as YAML, each value with its origin in a comment. Reads no file but the configuration's
/// and no secret; wrong values are shown as they were written, and load() reports what is wrong.
std::string print_yaml(const LoadParams& params);
/// The same as one JSON object, without origins.
std::string print_json(const LoadParams& params);

/// Every key, for reading on a terminal.
std::string keys_text();
/// [{"key", "type", "default", "required", "secret", "roles", "doc", …}]
std::string keys_json();
/// docs/configuration.md.
std::string keys_markdown();

}  // namespace vf::settings
