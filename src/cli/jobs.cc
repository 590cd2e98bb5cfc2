// vf jobs list|run: the jobs of the hub and of its environments.
#include <fmt/format.h>

#include "cli/admin_client.h"
#include "cli/families.h"
#include "cli/runs.h"
#include "cli/text_table.h"
#include "http/query.h"

namespace vf::cli {
namespace {

struct Wanted {
  std::string name, environment;

  std::string query() const {
    return environment.empty() ? std::string{} : "?environment=" + http::percent_encoded(environment);
  }
};

std::string jobs_table(const Json& answer) {
  TextTable table({"JOB", "SCHEDULE", "LAST", "OUTCOME", "NEXT", "LATE", "FAILING SINCE", "ERROR"});
  for (const auto& job : answer["jobs"].items()) {
    const auto last = job["last"], failing = job["failing"];
    table.add({job["name"].shown(), job["schedule"].shown(), last["ended"].shown(), last["outcome"].shown(),
               job["next"].shown(), job["late"].is_true() ? "late" : "-",
               failing.is_null() ? "-" : fmt::format("{} ({} runs)", failing["since"].shown(), failing["runs"].shown()),
               last["error"].shown()});
  }
  return table.text();
}

int run_job(const Session& session, const Wanted& wanted) {
  auto client = AdminClient::connect(session);
  if (!client) return kWrongUsage;
  const auto id = start_run(*client, {.job = wanted.name, .environment = wanted.environment});
  if (!id) return session.fail(id.error());
  if (session.json) {
    session.out() << Json::object().set("id", *id).set("job", wanted.name).dump() << "\n";
  } else {
    session.out() << "asked for run " << *id << "\n";
  }
  return kDone;
}

}  // namespace

void add_jobs(const Command& root) {
  const Command family = root.add_group("jobs", "Work that is done again and again");
  auto wanted = std::make_shared<Wanted>();
  const Command list = family.add({"list", "Jobs with their schedules and last runs", [wanted](Session& session) {
                                     return print_page(session, "jobs" + wanted->query(), "jobs", jobs_table);
                                   }});
  list.option("--env", wanted->environment, "Those of this environment, instead of the hub's");
  const Command run = family.add({"run", "Have a job run now, beside its schedule",
                                  [wanted](Session& session) { return run_job(session, *wanted); }});
  run.option("name", wanted->name, "The job's name").required();
  run.option("--env", wanted->environment, "A job of this environment, instead of the hub's");
}

}  // namespace vf::cli
