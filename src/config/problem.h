// Problem: one mistake in a configuration, described so that an operator can correct it without the documentation. A
// value.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace vf::config {

struct Problem {
  std::string origin;   // "vf.yaml:12", "--set", "default"
  std::string key;      // "targets.stage.url"; empty: the problem concerns the whole file
  std::string what;     // what is wrong and how to correct it
  bool unread = false;  // the value could not be read: a variable is not set, or a file cannot be read

  /// Returns "vf.yaml:12: targets.stage.url: must be …".
  std::string text() const { return origin + ": " + (key.empty() ? "" : key + ": ") + what; }
};

struct Findings {
  std::vector<Problem> problems, warnings;
};

/// Says what is wrong with one value; nullopt: the value is valid.
using Complaint = std::optional<std::string>;

}  // namespace vf::config
