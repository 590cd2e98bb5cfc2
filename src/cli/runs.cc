// vf runs list|show|stop: runs of jobs, such as those of long operations that a person started, of the hub and of its
// environments.
#include "cli/runs.h"

#include <fmt/format.h>

#include <thread>

#include "cli/families.h"
#include "cli/progress.h"
#include "cli/text_table.h"
#include "http/query.h"

namespace vf::cli {
namespace {

struct Wanted {
  std::string id, job, environment;
  bool all = false;

  std::string query() const {
    return environment.empty() ? std::string{} : "?environment=" + http::percent_encoded(environment);
  }
};

/// The fields of a run without which there is nothing to show.
constexpr AdminClient::Fields kRunFields{"id", "job", "state"};

std::string done_of(const Json& run) {
  return run["of"].is_null() ? run["done"].shown() : run["done"].shown() + "/" + run["of"].shown();
}

std::string runs_table(const Json& answer) {
  TextTable table({"ID", "JOB", "STATE", "STARTED", "ENDED", "DONE", "ASKED BY"});
  for (const auto& run : answer["runs"].items()) {
    table.add({run["id"].shown(), run["job"].shown(), run["state"].shown(), run["started"].shown(),
               run["ended"].shown(), done_of(run), run["asked_by"].shown()});
  }
  return table.text();
}

std::string run_text(const Json& run) {
  TextTable table({"run", run["id"].shown()});
  for (const char* name : {"job", "state", "due", "asked", "asked_by", "started", "ended", "holder", "error"}) {
    if (!run[name].is_null()) table.add({name, run[name].shown()});
  }
  table.add({"done", done_of(run)});
  if (!run["rate"].is_null()) table.add({"rate", fmt::format("{:.1f}/s", run["rate"].number().value_or(0))});
  if (!run["eta_seconds"].is_null()) table.add({"left", run["eta_seconds"].shown() + " s"});
  if (!run["parameters"].fields().empty()) table.add({"parameters", run["parameters"].dump()});
  if (!run["counts"].fields().empty()) table.add({"counts", counts_text(run["counts"])});
  if (run["stop_wanted"].is_true()) table.add({"stop", "asked for"});
  return table.text();
}

bool has_ended(const Json& run) {
  const auto state = run["state"].text();
  return state != "waiting" && state != "running";
}

}  // namespace

std::string counts_text(const Json& counts) {
  std::string text;
  for (const auto& [name, count] : counts.fields()) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, count.shown());
  }
  return text;
}

Result<std::string> start_run(AdminClient& client, const RunRequest& request) {
  std::string path = "jobs/" + http::percent_encoded(request.job) + "/run";
  if (!request.environment.empty()) path += "?environment=" + http::percent_encoded(request.environment);
  VF_ASSIGN(const auto answer, client.call("POST", path, request.parameters.dump()));
  if (!answer["id"].text().empty()) return answer["id"].text();
  return unavailable(
      fmt::format("the hub took the request for a run of {0}, but its answer broke off: see "
                  "`vf runs list --job {0}{1}`",
                  request.job, request.environment.empty() ? "" : " --env " + request.environment));
}

std::string WatchedRun::path() const {
  return "runs/" + http::percent_encoded(id) +
         (environment.empty() ? "" : "?environment=" + http::percent_encoded(environment));
}

std::string WatchedRun::command() const {
  return "vf runs show " + id + (environment.empty() ? "" : " --env " + environment);
}

Result<Json> watch_run(const Session& session, AdminClient& client, const WatchedRun& watched,
                       const WatchTimes& times) {
  using Clock = std::chrono::steady_clock;
  session.err() << "run " << watched.id << '\n' << std::flush;
  Progress progress(session.terminal(), progress_on_terminal());
  auto answered_at = Clock::now();
  while (true) {
    auto run = client.get(watched.path(), kRunFields);
    if (run) answered_at = Clock::now();
    if (!run && run.error().code != Code::unavailable) return run;
    if (!run && Clock::now() - answered_at > times.unanswered_at_most) {
      progress.end();
      return unavailable(fmt::format("{}; run {} goes on once a hub runs: see `{}`", run.error().message, watched.id,
                                     watched.command()));
    }
    if (run && has_ended(*run)) {
      progress.end();
      return run;
    }
    if (run) {
      Progress::State state{.done = (*run)["done"].integer(), .detail = counts_text((*run)["counts"])};
      if (!(*run)["of"].is_null()) state.of = (*run)["of"].integer();
      state.rate = (*run)["rate"].number();
      state.eta_seconds = (*run)["eta_seconds"].number();
      progress.update(state, Clock::now());
    }
    std::this_thread::sleep_for(times.poll);
  }
}

namespace {

int list_runs(const Session& session, const Wanted& wanted) {
  std::string path = "runs?limit=1000";
  if (!wanted.all) path += "&asked_for=true";
  if (!wanted.job.empty()) path += "&job=" + http::percent_encoded(wanted.job);
  if (!wanted.environment.empty()) path += "&environment=" + http::percent_encoded(wanted.environment);
  return print_list(session, path, "runs", runs_table);
}

// Adds a command about one run.
void add_for_run(const Command& family, CommandParams params, Wanted& wanted) {
  const Command command = family.add(std::move(params));
  command.option("id", wanted.id, "The run's id").required();
  command.option("--env", wanted.environment, "A run of this environment, instead of the hub's");
}

}  // namespace

void add_runs(const Command& root) {
  const Command family = root.add_group("runs", "Runs of jobs, such as bulk retries");
  auto wanted = std::make_shared<Wanted>();
  const Command list = family.add({"list", "Runs that a person asked for, newest first",
                                   [wanted](Session& session) { return list_runs(session, *wanted); }});
  list.option("--job", wanted->job, "Of this job alone");
  list.option("--env", wanted->environment, "Those of this environment, instead of the hub's");
  list.flag("--all", wanted->all, "Scheduled runs too");
  const auto path = [wanted](const char* action) {
    return "runs/" + http::percent_encoded(wanted->id) + action + wanted->query();
  };
  add_for_run(family,
              {"show", "One run: its progress, counts and error",
               [path](Session& session) { return print_answer(session, path(""), kRunFields, run_text); }},
              *wanted);
  add_for_run(family,
              {"stop", "End a run; what it has done stays done",
               [path](Session& session) { return operate(session, "POST", path("/stop")); }},
              *wanted);
}

}  // namespace vf::cli
