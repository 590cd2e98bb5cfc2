// Effective: a configuration as it is in force, and how it takes over another one while the process runs: the keys
// whose row says `reload`, in the sections that exist in both or may come and go. Values and pure functions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/document.h"

namespace vf::config {

/// Resolved values by path ("targets.stage.url"). They may contain secrets: never log them.
using Values = std::map<std::string, Key::Items>;

struct Effective {
  Document document;  // the values as written
  Values values;      // the values that the process needs, with variables and files resolved
};

struct TakenOver {
  Effective effective;               // what is in force afterwards
  std::vector<std::string> changed;  // keys that have a new value
  std::vector<std::string>
      pending;  // keys whose new value needs a restart, and named sections that were added or removed
};

/// Compares by resolved values: a file or a variable that has another content counts as a change, another way to write
/// the same value does not.
TakenOver take_over(Effective running, const Effective& wanted);

/// Stores all values in `into`.
void store(Root& into, const Effective& effective);

}  // namespace vf::config
