// Key: a row of a table of configuration keys. Parsing, checks, defaults, the documentation and the printed
// configuration all follow from it. A value; see table.h.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.h"

namespace vf::config {

/// The base class of the settings that a table's keys fill. This folder only passes a reference to it on, and does not
/// know the members.
struct Root {};

/// A set of roles, one bit for each. src/settings defines what each bit means; the table has the roles' names.
using Roles = uint32_t;

/// Says how a key's value is described and handled. It follows from the C++ type of the value (value_readers.h).
struct Type {
  std::string_view name;                               // the name in the documentation: "duration or none"
  bool hidden = false;                                 // the value is never shown
  bool from_file = false;                              // `file:PATH` stands for the content of that file
  bool is_word = false;                                // the value is one of the key's words
  bool is_map = false;                                 // a list of items "name: value", written as a map
  std::string (*shown)(const std::string&) = nullptr;  // masks what is secret in a value; null: it is shown as it is
  std::string (*bound)(int64_t) = nullptr;             // writes min or max as text; null: the type has no bounds
};

/// What stands between name and value in an item of a key whose type is a map.
inline constexpr std::string_view kMapSeparator = ": ";

/// The `max` of a key without an upper bound. Bounds have the unit of the value: ms, bytes or a count.
inline constexpr int64_t kUnbounded = std::numeric_limits<int64_t>::max();

/// The properties of a key that its row states, besides the path and the C++ member.
struct Row {
  std::string fallback = {};      // the default, as YAML; '*' in it stands for the section's name
  std::string fallback_doc = {};  // describes a default that depends on other keys
  bool required = false;          // the key must have a value when its section is present
  int64_t min = 0;
  int64_t max = kUnbounded;
  std::vector<std::string> words = {};  // the words that the value may be, for a store its schemes; empty: any value
  std::string (*generate)() = nullptr;  // makes the content of the default's `file:` at a first start; null: none
  bool default_file_optional = false;   // the default's `file:` may be missing: then the key has no value
  Complaint (*check)(std::string_view) = nullptr;
  Roles roles = 0;      // the roles that need the key; 0: those of its section
  bool reload = false;  // a new value takes effect while the process runs
  std::string doc = {};
  std::string example = {};
};

struct Key : Row {
  using Items = std::vector<std::string>;  // texts with variables and files resolved

  std::string path = {};  // "targets.*.url"; at most one '*', which stands for a section's name
  Type type{};
  bool list = false;  // the value is a list; a single value counts as a list of one
  /// Checks values without storing them.
  Complaint (*check_items)(const Items& items, const Row& rules) = nullptr;
  /// Checks values and stores them in the settings. `name` is what '*' stands for in the path.
  std::function<Complaint(Root& into, const std::string& name, const Items& items)> store = {};
};

}  // namespace vf::config
