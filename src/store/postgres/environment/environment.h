// An environment's database on PostgreSQL. Schema: sql/env/postgres, in the schema `public` of a database that no other
// environment uses. Several processes may apply to one database. Thread safety as store/environment_store.h says.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/environment_store.h"

namespace vf::store::postgres {

struct EnvironmentParams {
  std::string url;
  std::string environment;        // its name, for the command that errors advise
  std::span<const Table> tables;  // the projected ones, which must outlive the store
  size_t readers = 4;             // connections for reads; one more writes
};

/// Error `conflict` when the database's schema is older than this program's, or newer and not made to run with it;
/// `unavailable` when it does not answer. Once open, a lost connection is made anew by the next call.
Result<std::unique_ptr<EnvironmentStore>> open_environment(const EnvironmentParams& params);

/// Names of the migrations that the database still lacks. Changes nothing.
Result<std::vector<std::string>> pending_environment(const std::string& url, const std::string& environment);
/// Names of the migrations that a newer vf has applied.
Result<std::vector<std::string>> newer_environment(const std::string& url, const std::string& environment);
/// Applies what is pending, and grants vfapp its rights (roles.h). On a connection that must not go through a pooler.
/// Names of those applied now.
Result<std::vector<std::string>> migrate_environment(const std::string& url, const std::string& environment);

}  // namespace vf::store::postgres
