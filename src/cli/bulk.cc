#include "cli/bulk.h"

#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

#include "cli/runs.h"

namespace vf::cli {
namespace {

Result<Json> run_to_its_end(const Session& session, AdminClient& client, const BulkRequest& request,
                            const Json& parameters) {
  VF_ASSIGN(
      const auto id,
      start_run(client, {.job = request.operation.job, .environment = request.environment, .parameters = parameters}));
  const WatchedRun watched{.id = id, .environment = request.environment};
  VF_ASSIGN(auto run, watch_run(session, client, watched));
  if (run["state"].text() == "done") return run;
  const auto reason = run["error"].is_null() ? std::string{} : ": " + run["error"].text();
  return unavailable(
      fmt::format("the run {} is {}{}; `{}` has its counts", id, run["state"].text(), reason, watched.command()));
}

// Returns whether the person at the terminal agrees.
Result<bool> confirm(const Session& session, AdminClient& client, const BulkRequest& request) {
  Json parameters = request.parameters;
  VF_ASSIGN(const auto counted, run_to_its_end(session, client, request, parameters.set("dry_run", true)));
  session.err() << fmt::format("{} {} {}? [y/N] ", request.operation.verb, counted["counts"]["found"].shown(),
                               request.operation.things);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "yes";
}

void add_filters(const Bulk& bulk, Json& parameters) {
  const auto add = [&parameters](const char* name, const std::string& value) {
    if (!value.empty()) parameters.set(name, value);
  };
  add("reason", bulk.reason);
  add("type", bulk.type);
  add("before", bulk.before);
  if (bulk.all) parameters.set("all", true);
}

}  // namespace

bool is_for_many(const Bulk& bulk) {
  return bulk.all || bulk.dry_run || !(bulk.reason.empty() && bulk.type.empty() && bulk.before.empty());
}

void add_bulk_options(const Command& command, Bulk& bulk, const BulkOperation& operation, const std::string& all) {
  command.option("--reason", bulk.reason, "All whose reason contains this text");
  command.option("--type", bulk.type, "All whose event has this type, which may end in *");
  command.flag("--all", bulk.all, all);
  command.flag("--dry-run", bulk.dry_run, fmt::format("Count the {}, and change nothing", operation.things));
  command.flag("--yes", bulk.yes, "Do not ask on a terminal");
}

int operate_on_many(const Session& session, BulkRequest request) {
  const Bulk& bulk = request.bulk;
  add_filters(bulk, request.parameters);
  if (request.parameters.fields().empty()) return session.misuse(request.missing);
  auto client = AdminClient::connect(session);
  if (!client) return kWrongUsage;
  if (!bulk.dry_run && !bulk.yes && ::isatty(STDIN_FILENO) == 1) {
    const auto agreed = confirm(session, *client, request);
    if (!agreed) return session.fail(agreed.error());
    if (!*agreed) return kFailed;
  }
  if (bulk.dry_run) request.parameters.set("dry_run", true);
  const auto run = run_to_its_end(session, *client, request, request.parameters);
  if (!run) return session.fail(run.error());
  const Json counts = (*run)["counts"];
  if (session.json) {
    session.out() << run->dump() << "\n";
  } else if (bulk.dry_run) {
    session.out() << fmt::format("would {} {}\n", request.operation.verb, counts["found"].shown());
  } else {
    session.out() << request.operation.outcome(counts) << "\n";
  }
  return kDone;
}

}  // namespace vf::cli
