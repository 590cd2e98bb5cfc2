// Document: a configuration as written, before variables and files are resolved. It merges the configuration file, the
// overrides and the defaults, and keeps the key and the origin of every value. A value; reading it reads one file.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/problem.h"
#include "config/table.h"

namespace vf::config {

inline const std::string kDefaultOrigin = "default";

struct Entry {
  const Key* key = nullptr;
  std::string name;                // what '*' stands for in the key's path, such as "stage"
  std::vector<std::string> items;  // the values as written; exactly one, unless the key is a list
  std::string origin;              // where the value was set: "vf.yaml:12", "--set", "default"
};

struct Document {
  const Table* table = nullptr;
  std::map<std::string, Entry> entries;         // by path, such as "targets.stage.url"
  std::map<std::string, std::string> sections;  // named sections: "targets.stage" → where it is written
  std::vector<Problem> problems;

  const Entry* find(const std::string& path) const;
  std::string origin(const std::string& path) const;  // of a value; kDefaultOrigin when the key has none
  /// Gives the key at `path` the value in `yaml`, unless the key has a value already.
  void set_default(const std::string& path, const KeyMatch& match, const std::string& yaml);
};

struct Layers {
  std::optional<std::filesystem::path> file;
  std::string without_file;  // YAML that is read in place of a file when there is none; its values count as defaults
  std::vector<std::string> sets;  // "key=value"; each replaces the value in the file
};

/// Merges the layers, later ones over earlier ones, then fills in the table's defaults for every section that exists.
Document read_document(const Table& table, const Layers& layers);

}  // namespace vf::config
