// Filling: a document's values resolved, checked and put into the settings. Reads files and, through a function,
// environment variables; keeps nothing. Thread safe.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "config/document.h"
#include "config/resolve.h"

namespace vf::config {

struct FillParams {
  std::filesystem::path base;  // where relative `file:` references are
  Lookup lookup;
  /// Must this value be resolved? Every other value is checked as far as that needs no variable and no file.
  std::function<bool(const std::string& path, const Key& key)> is_needed;
  /// Is this named section complete without its required keys?
  std::function<bool(const std::string& section)> is_off;
};

/// The document's own problems come first.
Findings fill(Root& into, const Document& document, const FillParams& params);

}  // namespace vf::config
