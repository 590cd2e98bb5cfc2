// Key: a row of a table of configuration keys. Parsing, checks, defaults, the docs and the print of what is in force
// all come from it. A value; see table.h.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.h"

namespace vf::config {

/// The base of the settings that a table's keys fill. The engine passes a reference on and does not know the members.
struct Root {};

/// A set of roles, a bit each. The settings give the bits their meaning, and the table their names.
using Roles = uint32_t;

/// How a key's value is described and handled; follows from the C++ type of the value (value_readers.h).
struct Type {
  std::string_view name;                    // for the docs: "duration or none"
  bool hidden = false;                      // never shown
  bool from_file = false;                   // `file:PATH` stands for the content of that file
  bool is_word = false;                     // one of the key's words
  std::string (*bound)(int64_t) = nullptr;  // writes a bound of the value; null: the type has none
};

/// Bounds have the value's unit: ms, bytes or a count.
inline constexpr int64_t kUnbounded = std::numeric_limits<int64_t>::max();

/// What a row says beside its path and the C++ member that it fills.
struct Row {
  std::string fallback = {};      // the default as one would write it; '*' stands for the section's name
  std::string fallback_doc = {};  // describes a default that depends on other keys
  bool required = false;          // when its section is present
  int64_t min = 0;
  int64_t max = kUnbounded;
  std::vector<std::string> words = {};  // the only ones allowed
  std::string (*generate)() = nullptr;  // content for the file of a default `file:`, where a first start may create it
  bool default_file_optional = false;   // the file of a default `file:` may be missing: then the key has no value
  Complaint (*check)(std::string_view) = nullptr;
  Roles roles = 0;  // which need the key; 0: as its section
  std::string doc = {};
  std::string example = {};
};

struct Key : Row {
  using Items = std::vector<std::string>;  // with variables and files resolved

  std::string path = {};  // "targets.*.url"; at most one '*', which stands for a name
  Type type{};
  bool list = false;  // a single value may stand for a list of one
  /// Checks values and drops them.
  Complaint (*check_items)(const Items& items, const Row& rules) = nullptr;
  /// Checks values and puts them into the settings. `name` is what '*' stands for.
  std::function<Complaint(Root& into, const std::string& name, const Items& items)> store = {};
};

}  // namespace vf::config
