// Document: the configuration as written, before roles and secrets: the file, the overrides and the defaults laid over
// each other, every value with its key and origin. Internal to src/config; values, pure functions but for the file.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "config/key.h"
#include "config/load.h"
#include "config/problem.h"

namespace vf::config {

inline const std::string kDefaultOrigin = "default";

struct Entry {
  const Key* key = nullptr;
  std::string name;                // what '*' stands for in the key's path
  std::vector<std::string> items;  // as written; one, unless the key is a list
  std::string origin;
};

struct Document {
  std::map<std::string, Entry> entries;         // by concrete path
  std::map<std::string, std::string> sections;  // "targets.stage" → where it is named
  std::vector<Problem> problems;

  const Entry* find(const std::string& path) const;
  void set_default(const std::string& path, const KeyMatch& match, const std::string& yaml);
};

/// What `vf up` runs without a file: two environments with their targets, Kick, and Sumsub when it is simulated.
std::string defaults_for_up(bool simulated);

/// Reads the layers of `params`, then fills in every default of the sections that exist.
Document read_document(const LoadParams& params);

/// Absolute. Empty when it names a variable that is not set.
std::filesystem::path data_dir_of(const Document& document, const LoadParams& params);

}  // namespace vf::config
