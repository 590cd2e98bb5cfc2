// Problem: one thing that is wrong with the configuration, said so that it can be mended without the docs. A value.
#pragma once

#include <string>

namespace vf::config {

struct Problem {
  std::string origin;   // "vf.yaml:12", "--set", "default"
  std::string key;      // "targets.stage.url"; empty when the whole file is meant
  std::string what;     // what is wrong and how to mend it
  bool unread = false;  // the value could not be had: a variable is not set, or a file cannot be read

  /// "vf.yaml:12: targets.stage.url: must be …"
  std::string text() const { return origin + ": " + (key.empty() ? "" : key + ": ") + what; }
};

}  // namespace vf::config
