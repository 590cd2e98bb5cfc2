// Key: a row of the one table of configuration keys, from which come parsing, type checks, defaults, `config keys`,
// `config print` and docs/configuration.md. The table is built once and never changes: any thread may read it.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/role.h"

namespace vf::config {

enum class Type {
  text,
  path,
  file_text,
  secret,
  boolean,
  integer,
  duration,
  duration_or_none,
  size,
  listen,
  url,
  store,
  word
};

/// What `vf up` may make when a default `file:` does not exist yet.
enum class Generate { none, webhook_secret, token };

/// What is wrong with a value, or nullopt.
using Complaint = std::optional<std::string>;

/// What a row says beside its path and its C++ member.
struct Row {
  std::string fallback = {};      // the default as one would write it; '*' stands for the section's name
  std::string fallback_doc = {};  // how a default is found that depends on other keys
  bool required = false;          // when its section is present
  int64_t min = 0;                // ms, bytes or a count
  int64_t max = std::numeric_limits<int64_t>::max();
  std::vector<std::string> words = {};  // the only ones allowed
  Generate generate = Generate::none;
  bool default_file_optional = false;  // the default `file:` may be missing: then the key has no value
  Complaint (*check)(std::string_view) = nullptr;
  Roles roles = 0;  // who needs it; 0: as its section
  std::string doc = {};
  std::string example = {};
};

struct Key : Row {
  std::string path = {};  // "targets.*.url"; at most one '*', which stands for a name
  Type type{};
  bool list = false;  // a single value may stand for a list of one
  /// Reads values (environment variables and files already put in) into the config. `name` is what '*' stands for.
  std::function<Complaint(Config& into, const std::string& name, const std::vector<std::string>& items)> store = {};

  bool hidden() const { return type == Type::secret; }
  bool from_file() const { return type == Type::secret || type == Type::file_text; }
};

/// All keys in the order of the docs.
const std::vector<Key>& all_keys();

/// The key that a concrete path ("targets.stage.url") is, and what '*' stands for in it.
struct KeyMatch {
  const Key* key = nullptr;
  std::string name;
};
std::optional<KeyMatch> find_key(std::string_view path);

/// Is `path` ("targets", "targets.stage") above some key? "" is.
bool is_section(std::string_view path);

/// Is `path` a section that exists only when it is named: "sources.kick", "targets.stage"?
bool is_named_section(std::string_view path);

/// The names that may follow a section's path, for suggestions; names that people choose are not among them.
std::vector<std::string> children(std::string_view section);

/// The concrete paths of the keys in an always present section (prefix "") or in a named one ("targets.stage").
struct ConcreteKey {
  std::string path;
  KeyMatch match;
};
std::vector<ConcreteKey> keys_within(std::string_view named_section);

}  // namespace vf::config
