// vf runs list|show|stop: runs of jobs, such as those of long operations that a person started.
#include "cli/runs.h"

#include <fmt/format.h>

#include <thread>

#include "cli/families.h"
#include "cli/progress.h"
#include "cli/text_table.h"

namespace vf::cli {
namespace {

constexpr std::chrono::milliseconds kPoll{200};
constexpr std::chrono::seconds kUnansweredAtMost{60};  // a hub that restarts is back before

struct Wanted {
  std::string id, job;
  bool all = false;
};

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

Result<std::string> start_run(AdminClient& client, const std::string& job, const Json& parameters) {
  VF_ASSIGN(const auto answer, client.call("POST", "jobs/" + percent_encode(job) + "/run", parameters.dump()));
  return answer["id"].text();
}

Result<Json> watch_run(const Session& session, AdminClient& client, const std::string& id) {
  using Clock = std::chrono::steady_clock;
  session.err() << "run " << id << '\n' << std::flush;
  Progress progress(session.err(), progress_on_terminal());
  auto answered_at = Clock::now();
  while (true) {
    auto run = client.get("runs/" + percent_encode(id));
    if (run) answered_at = Clock::now();
    if (!run && run.error().code != Code::unavailable) return run;
    if (!run && Clock::now() - answered_at > kUnansweredAtMost) {
      return unavailable(
          fmt::format("{}; run {} goes on once a hub runs: see `vf runs show {}`", run.error().message, id, id));
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
    std::this_thread::sleep_for(kPoll);
  }
}

void add_runs(const Command& root) {
  const Command family = root.add_group("runs", "Runs of jobs, such as bulk retries");
  auto wanted = std::make_shared<Wanted>();
  const Command list = family.add({"list", "Runs that a person asked for, newest first", [wanted](Session& session) {
                                     std::string path = "runs?limit=1000";
                                     if (!wanted->all) path += "&asked_for=true";
                                     if (!wanted->job.empty()) path += "&job=" + percent_encode(wanted->job);
                                     return print_list(session, path, "runs", runs_table);
                                   }});
  list.option("--job", wanted->job, "Of this job alone");
  list.flag("--all", wanted->all, "Scheduled runs too");
  const Command show = family.add({"show", "One run: its progress, counts and error", [wanted](Session& session) {
                                     return print_answer(session, "runs/" + percent_encode(wanted->id), run_text);
                                   }});
  show.option("id", wanted->id, "The run's id").required();
  const Command stop = family.add({"stop", "End a run; what it has done stays done", [wanted](Session& session) {
                                     return operate(session, "POST", "runs/" + percent_encode(wanted->id) + "/stop");
                                   }});
  stop.option("id", wanted->id, "The run's id").required();
}

}  // namespace vf::cli
