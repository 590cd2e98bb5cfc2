// Bulk operations: what the commands share that change everything that matches a filter, by a run that they watch to
// its end. One thread.
#pragma once

#include <string>

#include "cli/admin_client.h"
#include "cli/command.h"
#include "cli/json.h"
#include "cli/session.h"

namespace vf::cli {

/// The options of a bulk operation that do not depend on what it is about.
struct Bulk {
  std::string reason, type, before;
  bool all = false, dry_run = false, yes = false;
};

struct BulkOperation {
  const char *job, *verb;                      // the verb stands in questions: "retry", "delete"
  const char* things;                          // "dead letters"
  std::string (*outcome)(const Json& counts);  // one line, printed when the run is done
};

inline constexpr const char* kOneOrMany = "give one event, or options for many (a filter, --all, --dry-run), not both";

/// Returns whether the options name many, or are for many: a command for one refuses them.
bool is_for_many(const Bulk& bulk);

/// Adds --reason, --type, --all, --dry-run and --yes. `all`: the description of --all. What
/// --before means, each command says itself.
void add_bulk_options(const Command& command, Bulk& bulk, const BulkOperation& operation, const std::string& all);

/// Runs the operation, after a question on a terminal. `parameters`: further filters of the run. `environment`: whose
/// run it is; empty: the hub's. `missing`: the message when no filter is given. Returns the exit code.
struct BulkRequest {
  const BulkOperation& operation;
  const Bulk& bulk;
  Json parameters = Json::object();
  std::string environment = {};
  std::string missing;
};
int operate_on_many(const Session& session, BulkRequest request);

}  // namespace vf::cli
