// An environment's database on PostgreSQL. Schema: sql/env/postgres, in the schema `public` of a database that no other
// environment uses. Several processes may write to one database. Thread safety as store/environment_store.h says.
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
  std::string environment;        // its name, for the command that errors recommend
  std::span<const Table> tables;  // the projected tables; they must outlive the store
  size_t readers = 4;             // connections for reads; one more is for projections, and one for runs
  bool server_time = true;        // claims of runs expire by the server's clock, and write_run() ignores its `now`
};

/// Opens the store. Error `conflict`: the database's schema is older than this program's, or newer and incompatible
/// with it. Error `unavailable`: the server does not answer. When a connection of an open store is lost, the next call
/// opens it again.
Result<std::unique_ptr<EnvironmentStore>> open_environment(const EnvironmentParams& params);

/// Returns the names of the pending migrations. Changes nothing.
Result<std::vector<std::string>> pending_environment(const std::string& url, const std::string& environment);
/// Returns the names of the migrations that a newer vf has applied.
Result<std::vector<std::string>> newer_environment(const std::string& url, const std::string& environment);
/// Applies the pending migrations and grants vfapp its rights (roles.h). The URL must not lead through a pooler.
/// Returns the names of the migrations applied.
Result<std::vector<std::string>> migrate_environment(const std::string& url, const std::string& environment);

}  // namespace vf::store::postgres
