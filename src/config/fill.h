// Filling: resolves and checks a document's values and stores them in the settings. Reads files and, through a
// function, environment variables; keeps no state. Thread safe.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "config/document.h"
#include "config/effective.h"
#include "config/resolve.h"

namespace vf::config {

struct FillParams {
  std::filesystem::path base;  // the directory of relative `file:` references
  Lookup lookup;
  /// Returns whether the value must be resolved and stored. Other values are only checked, unless they refer to a
  /// variable or a file.
  std::function<bool(const std::string& path, const Key& key)> is_needed;
  /// Returns whether this named section may lack its required keys, because it is off.
  std::function<bool(const std::string& section)> is_off;
};

struct Filled {
  Findings findings;  // the document's own problems come first
  Values values;      // the resolved values that were stored
};
Filled fill(Root& into, const Document& document, const FillParams& params);

}  // namespace vf::config
