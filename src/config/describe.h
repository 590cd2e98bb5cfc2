// What a person reads about the configuration: the effective values, and the documentation of every key, all from the
// one table. Secrets are never shown: "***", or the reference as written (file:PATH, ${NAME}). Pure functions.
#pragma once

#include <string>

#include "config/load.h"

namespace vf::config {

/// The effective configuration as YAML, each value with its origin in a comment. Asks for no secret and no file but
/// the configuration's; wrong values are shown as they were written, and load() says what is wrong.
std::string print_yaml(const LoadParams& params);
/// The same as one JSON object, without origins.
std::string print_json(const LoadParams& params);

/// "postgresql://user:***@host/db": a store's location as it may be shown. Paths stand as they are.
std::string without_password(std::string url);

/// Every key for reading on a terminal.
std::string keys_text();
/// [{"key", "type", "default", "required", "secret", "roles", "doc", …}]
std::string keys_json();
/// docs/configuration.md.
std::string keys_markdown();

}  // namespace vf::config
