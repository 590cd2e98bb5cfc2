// Loading: from a file, overrides and defaults to a checked Config for one role, or to all that is wrong with it.
// Reads files and, through a function, environment variables; keeps nothing. Thread safe.
#pragma once

#include <expected>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/problem.h"
#include "config/role.h"

namespace vf::config {

/// An environment variable's value; nullopt when it is not set.
using Lookup = std::function<std::optional<std::string>(const std::string& name)>;
std::optional<std::string> process_environment(const std::string& name);

/// What is wrong with a configured source, as "key: what" with the key under sources.<name>; nullopt: nothing.
using SourceCheck = std::function<std::optional<std::string>(const std::string& name, const GenericSource& source)>;

struct LoadParams {
  std::optional<std::filesystem::path> file;
  std::vector<std::string> sets;  // "key=value": over the file
  Role role = Role::up;
  std::string environment;  // of the roles api, worker and migrate_env: the only one they need; migrate_env: empty: all
  bool simulated = false;   // up --sim without a file: Sumsub is there too
  std::filesystem::path working_dir = std::filesystem::current_path();
  Lookup lookup = process_environment;
  SourceCheck check_source = {};  // asked by the roles that receive webhooks, of sources that are not off
};

struct Loaded {
  Config config;  // only what the role needs is filled
  std::vector<Problem> warnings;
};

/// Without a file, Role::up gets two environments with their targets, Kick, and Sumsub when simulated; migrate_env gets
/// the same environments, every other role the bare defaults. On failure: all problems, in the order of the file, then
/// of the keys.
std::expected<Loaded, std::vector<Problem>> load(const LoadParams& params);

/// Where client commands find the admin API: admin.url, else admin.listen, by loopback when it listens everywhere.
std::string admin_url(const Admin& admin);

/// Makes what `vf up` may make for itself: data_dir (0700), and every secret whose default `file:` does not exist yet
/// (0600, each written whole or not at all). Returns the paths made. Never touches a file that exists.
std::expected<std::vector<std::filesystem::path>, std::vector<Problem>> first_start(const LoadParams& params);

}  // namespace vf::config
