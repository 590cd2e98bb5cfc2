// Table: all keys of a configuration, in the order of the documentation, with look-ups by path. It never changes, so
// any thread may read it. Documents and matches have pointers to its keys, so the table must outlive them.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/key.h"

namespace vf::config {

/// A path under which the operator names sections: "targets" has "targets.stage", "targets.production", …
struct NamedSections {
  struct Reserved {
    std::string name, why;
  };
  std::string parent;
  size_t count_max = 0;
  bool reload = false;  // sections come and go while the process runs
  std::vector<Reserved> reserved = {};
};

/// A key that was renamed: `from` is its former path, `to` its path now. Both may have a '*', which stands for the same
/// name.
struct Renamed {
  std::string from, to;
};

struct RoleName {
  Roles role = 0;
  std::string_view name;
};

/// Texts of the program that end the description of a problem with advice.
struct Hints {
  std::string unknown_key;     // "'vf config keys' lists all"
  std::string set_example;     // "admin.listen=127.0.0.1:9001"
  std::string generated_file;  // "the first start of 'vf up' creates it"
  std::string too_many;        // "remove some, or …"
};

/// A key and, as `name`, what '*' stands for in its path.
struct KeyMatch {
  const Key* key = nullptr;
  std::string name;
};

struct ConcreteKey {
  std::string path;  // with the name in place of '*'
  KeyMatch match;
};

class Table {
 public:
  struct Params {
    std::vector<Key> keys;
    std::vector<NamedSections> named;
    std::vector<Renamed> renamed;
    std::vector<RoleName> roles;
    Hints hints;
  };
  explicit Table(Params params);
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  const std::vector<Key>& keys() const { return params_.keys; }
  const std::vector<NamedSections>& named() const { return params_.named; }
  const std::vector<RoleName>& roles() const { return params_.roles; }
  const Hints& hints() const { return params_.hints; }

  /// Returns the key of a path with the section's name ("targets.stage.url"); nullopt when there is none.
  std::optional<KeyMatch> find(std::string_view path) const;
  /// Returns the present path of the renamed key whose former path is `path`; nullopt when no key was so renamed.
  std::optional<std::string> renamed(std::string_view path) const;
  /// Returns whether some key lies below `path` ("targets", "targets.stage", "").
  bool is_section(std::string_view path) const;
  /// Returns the named section that `path` is or lies in: "targets.stage" for "targets.stage.url".
  std::optional<std::string> named_section(std::string_view path) const;
  /// Returns whether the named section that `path` is or lies in may come and go while the process runs.
  bool may_come_and_go(std::string_view path) const;
  /// Returns the names that may follow a section's path, for suggestions; without the names that operators choose.
  std::vector<std::string> children(std::string_view section) const;
  /// Returns the keys of a named section ("targets.stage"); for "" the keys outside of named sections.
  std::vector<ConcreteKey> keys_within(std::string_view named_section) const;

 private:
  struct Overlay {
    std::string_view name, pattern_rest;
  };
  const NamedSections* named_sections(std::string_view path) const;
  std::optional<Overlay> overlay(std::string_view pattern, std::string_view path) const;

  Params params_;
  std::set<std::string, std::less<>> spelled_out_;  // the path of every key without '*', and the paths above it
};

}  // namespace vf::config
