// Document: a configuration as written, before variables and files are resolved: the file, the overrides and the
// defaults laid over each other, every value with its key and its origin. A value; reading it touches one file.
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
  std::string name;                // what '*' stands for in the key's path
  std::vector<std::string> items;  // as written; one, unless the key is a list
  std::string origin;
};

struct Document {
  const Table* table = nullptr;
  std::map<std::string, Entry> entries;         // by concrete path
  std::map<std::string, std::string> sections;  // named ones: "targets.stage" → where it is named
  std::vector<Problem> problems;

  const Entry* find(const std::string& path) const;
  std::string origin(const std::string& path) const;  // of a key; kDefaultOrigin when it has no value
  /// Gives a key that has no value this one.
  void set_default(const std::string& path, const KeyMatch& match, const std::string& yaml);
};

struct Layers {
  std::optional<std::filesystem::path> file;
  std::string without_file;       // YAML that counts as defaults when there is no file
  std::vector<std::string> sets;  // "key=value", over the file
};

/// Lays the layers over each other, then fills in the table's defaults for every section that exists.
Document read_document(const Table& table, const Layers& layers);

}  // namespace vf::config
