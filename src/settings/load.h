// Loading: from a file, overrides and defaults to the checked settings of one role, or to all that is wrong with them.
// Reads files and, through a function, environment variables; keeps nothing. Thread safe.
#pragma once

#include <expected>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/problem.h"
#include "config/resolve.h"
#include "settings/role.h"
#include "settings/settings.h"

namespace vf::settings {

/// What is wrong with a configured source, as "key: what" with the key under sources.<name>; nullopt: nothing.
using SourceCheck = std::function<std::optional<std::string>(const std::string& name, const GenericSource& source)>;

struct LoadParams {
  std::optional<std::filesystem::path> file;
  std::vector<std::string> sets;  // "key=value": over the file
  Role role = Role::up;
  std::string environment;  // of the roles api, worker and migrate_env: the only one they need; migrate_env: empty: all
  bool simulated = false;   // up --sim without a file: Sumsub is configured too
  std::filesystem::path working_dir = std::filesystem::current_path();
  config::Lookup lookup = config::process_environment;
  SourceCheck check_source = {};  // called for the roles that receive webhooks, for each source that is not off
};

struct Loaded {
  Settings settings;  // only what the role needs is filled
  std::vector<config::Problem> warnings;
};

/// Without a file, Role::up gets two environments with their targets, Kick, and Sumsub when simulated; migrate_env gets
/// the same environments, every other role the bare defaults. On failure: all problems, in the order of the file, then
/// of the keys.
std::expected<Loaded, std::vector<config::Problem>> load(const LoadParams& params);

}  // namespace vf::settings
