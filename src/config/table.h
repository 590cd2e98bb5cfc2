// Table: all keys of a configuration, in the order of the docs, and look-ups by path. Built once;
// never changes, so any thread may read it. Keys are referred to by address: the table outlives what is made with it.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/key.h"

namespace vf::config {

/// A parent whose sections the operator names: "targets" has "targets.stage", "targets.production", …
struct NamedSections {
  struct Reserved {
    std::string name, why;
  };
  std::string parent;
  size_t count_max = 0;
  std::vector<Reserved> reserved = {};
};

/// A key that has another name now: `to` is a key's path, `from` is none any more. Both may have a '*', for the same
/// name.
struct Renamed {
  std::string from, to;
};

struct RoleName {
  Roles role = 0;
  std::string_view name;
};

/// How the program that has the table helps with a problem, as the end of a sentence.
struct Hints {
  std::string unknown_key;     // "'vf config keys' lists all"
  std::string set_example;     // "admin.listen=127.0.0.1:9001"
  std::string generated_file;  // "the first start of 'vf up' creates it"
  std::string too_many;        // "remove some, or …"
};

/// A key, and what '*' stands for in its path.
struct KeyMatch {
  const Key* key = nullptr;
  std::string name;
};

struct ConcreteKey {
  std::string path;  // without '*'
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

  /// The key of a concrete path ("targets.stage.url").
  std::optional<KeyMatch> find(std::string_view path) const;
  /// The path that the key of `path` has now; nullopt: it was not renamed.
  std::optional<std::string> renamed(std::string_view path) const;
  /// Is `path` ("targets", "targets.stage") above some key? "" is.
  bool is_section(std::string_view path) const;
  /// The named section that `path` is or lies in: "targets.stage" for "targets.stage.url".
  std::optional<std::string> named_section(std::string_view path) const;
  /// The names that may follow a section's path, for suggestions; without the names that operators choose.
  std::vector<std::string> children(std::string_view section) const;
  /// The keys of a named section ("targets.stage"), or with "" those outside of named sections.
  std::vector<ConcreteKey> keys_within(std::string_view named_section) const;

 private:
  struct Overlay {
    std::string_view name, pattern_rest;
  };
  std::optional<Overlay> overlay(std::string_view pattern, std::string_view path) const;

  Params params_;
  std::set<std::string, std::less<>> spelled_out_;  // every path without '*', with those above it
};

}  // namespace vf::config
