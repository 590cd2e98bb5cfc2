// Loading: makes the checked settings of one role from a file, overrides and defaults, or reports all problems in them.
// Reads files and, through a function, environment variables; keeps no state. Thread safe.
#pragma once

#include <expected>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/effective.h"
#include "config/problem.h"
#include "config/resolve.h"
#include "settings/role.h"
#include "settings/settings.h"

namespace vf::settings {

/// Says what is wrong with a configured source, as "key: what", where key is a key under sources.<name>; nullopt: the
/// source is valid.
using SourceCheck = std::function<std::optional<std::string>(const std::string& name, const GenericSource& source)>;

struct LoadParams {
  std::optional<std::filesystem::path> file;
  std::vector<std::string> sets;  // "key=value"; each replaces the value in the file
  Role role = Role::up;
  // The only environment that the roles api, worker and migrate_env need; for migrate_env, empty means all
  // environments.
  std::string environment;
  bool simulated = false;  // for `vf up --sim`: without a file, the source Sumsub is configured too
  std::filesystem::path working_dir = std::filesystem::current_path();
  config::Lookup lookup = config::process_environment;
  // Called for the roles up and ingest, for each generic source that is not off.
  SourceCheck check_source = {};
};

struct Loaded {
  Settings settings;  // only the members that the role needs are filled
  std::vector<config::Problem> warnings;
  config::Effective effective;  // what `settings` was made of
};

/// Loads the settings. Without a file, Role::up and Role::migrate_env get defaults_for_up() (settings/document.h),
/// every other role only the table's defaults. On failure returns all problems: first those of the file's structure, in
/// the order of the file, then those of the values.
std::expected<Loaded, std::vector<config::Problem>> load(const LoadParams& params);

/// Returns the settings that these values make.
Settings settings_of(const config::Effective& effective, const LoadParams& params);

}  // namespace vf::settings
