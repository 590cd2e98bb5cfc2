// vf dead list|retry|drop|put: dead letters of the targets and of the raw log.
#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

#include "cli/admin_client.h"
#include "cli/families.h"
#include "cli/runs.h"
#include "cli/text_table.h"
#include "http/query.h"

namespace vf::cli {
namespace {

std::string dead_table(const Json& answer) {
  TextTable table({"TARGET", "EVENT", "ATTEMPTS", "REASON"});
  for (const auto& letter : answer["dead"].items()) {
    table.add(
        {letter["target"].shown(), letter["event_id"].shown(), letter["attempts"].shown(), letter["reason"].shown()});
  }
  return table.text();
}

struct Wanted {
  std::string target, event;
  bool waiting = false;
};

/// Which dead letters a bulk operation is about.
struct Bulk {
  std::string reason, type, before;
  bool all = false, dry_run = false, yes = false;
};

/// What differs between the two bulk operations.
struct Words {
  const char *job, *verb, *done;
  const char *method, *suffix;  // of the request for one letter
};
constexpr Words kRetry{"dead-retry", "retry", "retried", "POST", "/retry"};
constexpr Words kDrop{"dead-drop", "delete", "dropped", "DELETE", ""};

std::string path(const Wanted& wanted) {
  return "dead/" + http::percent_encoded(wanted.target) + "/" + http::percent_encoded(wanted.event);
}

void add_for_letter(const Command& family, CommandParams params, Wanted& wanted) {
  const Command command = family.add(std::move(params));
  command.option("target", wanted.target, "The target's name; raw-log is the raw log").required();
  command.option("event", wanted.event, "The event's id").required();
}

Result<Json> run_bulk(const Session& session, AdminClient& client, const Words& words, const Json& parameters) {
  VF_ASSIGN(const auto id, start_run(client, {.job = words.job, .parameters = parameters}));
  VF_ASSIGN(auto run, watch_run(session, client, id));
  if (run["state"].text() == "done") return run;
  const auto reason = run["error"].is_null() ? std::string{} : ": " + run["error"].text();
  return unavailable(
      fmt::format("the run {} is {}{}; `vf runs show {}` has its counts", id, run["state"].text(), reason, id));
}

// Returns whether the person at the terminal agrees.
Result<bool> confirm(const Session& session, AdminClient& client, const Words& words, Json parameters) {
  VF_ASSIGN(const auto counted, run_bulk(session, client, words, parameters.set("dry_run", true)));
  session.err() << fmt::format("{} {} dead letters? [y/N] ", words.verb, counted["counts"]["found"].shown());
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "yes";
}

int operate_on_many(const Session& session, const Words& words, const Wanted& wanted, const Bulk& bulk) {
  Json parameters = Json::object();
  const auto add = [&parameters](const char* name, const std::string& value) {
    if (!value.empty()) parameters.set(name, value);
  };
  add("target", wanted.target);
  add("reason", bulk.reason);
  add("type", bulk.type);
  add("before", bulk.before);
  if (bulk.all) parameters.set("all", true);
  if (parameters.fields().empty()) {
    return session.misuse(
        "which dead letters? Give TARGET EVENT, a filter (--target, --reason, --type, --before), or --all");
  }
  auto client = AdminClient::connect(session);
  if (!client) return kWrongUsage;
  if (!bulk.dry_run && !bulk.yes && ::isatty(STDIN_FILENO) == 1) {
    const auto agreed = confirm(session, *client, words, parameters);
    if (!agreed) return session.fail(agreed.error());
    if (!*agreed) return kFailed;
  }
  if (bulk.dry_run) parameters.set("dry_run", true);
  const auto run = run_bulk(session, *client, words, parameters);
  if (!run) return session.fail(run.error());
  if (session.json) {
    session.out() << run->dump() << "\n";
  } else if (bulk.dry_run) {
    session.out() << fmt::format("would {} {}\n", words.verb, (*run)["counts"]["found"].shown());
  } else {
    const auto skipped = (*run)["counts"]["skipped"].shown();
    const bool all = skipped == "0" || skipped == "-";
    session.out() << fmt::format("{} {}{}\n", words.done, (*run)["counts"][words.done].shown(),
                                 all ? "" : fmt::format("; {} were no longer dead", skipped));
  }
  return kDone;
}

struct Many {
  Wanted one;          // of a single letter
  Wanted filter = {};  // its target alone counts
  Bulk bulk;
};

// Adds a command for one letter, or for all that match a filter.
void add_for_many(const Command& family, CommandParams params, const Words& words) {
  auto many = std::make_shared<Many>();
  params.run = [many, &words](Session& session) {
    if (many->one.target.empty()) return operate_on_many(session, words, many->filter, many->bulk);
    if (many->one.event.empty()) {
      return session.misuse("the event's id is missing; for all dead letters of a target give --target " +
                            many->one.target);
    }
    return operate(session, words.method, path(many->one) + words.suffix);
  };
  const Command command = family.add(std::move(params));
  command.option("target", many->one.target, "Of one dead letter: the target's name; raw-log is the raw log");
  command.option("event", many->one.event, "Of one dead letter: the event's id");
  command.option("--target", many->filter.target, "All of this target");
  command.option("--reason", many->bulk.reason, "All whose reason contains this text");
  command.option("--type", many->bulk.type, "All whose event has this type, which may end in *");
  command.option("--before", many->bulk.before, "All whose event was received before this time");
  command.flag("--all", many->bulk.all, "Every dead letter of every target");
  command.flag("--dry-run", many->bulk.dry_run, "Count the dead letters, and change nothing");
  command.flag("--yes", many->bulk.yes, "Do not ask on a terminal");
}

}  // namespace

void add_dead(const Command& root) {
  const Command family = root.add_group("dead", "Dead letters: events that a target or the raw log refused for good");
  auto wanted = std::make_shared<Wanted>();
  const auto list = [wanted](Session& session) {
    std::string path = "dead?limit=1000";
    if (!wanted->target.empty()) path += "&target=" + http::percent_encoded(wanted->target);
    if (wanted->waiting) path += "&waiting=true";
    return print_list(session, path, "dead", dead_table);
  };
  const Command listing = family.add({"list", "Dead letters with their reasons", list});
  listing.option("--target", wanted->target, "Of this target alone; raw-log is the raw log");
  listing.flag("--waiting", wanted->waiting, "Events that wait for another attempt, instead of dead letters");
  add_for_many(family, {"retry", "Try dead letters again: one, or all that match a filter", {}}, kRetry);
  add_for_many(family, {"drop", "Delete dead letters: one, or all that match a filter", {}}, kDrop);
  add_for_letter(family,
                 {"put", "Set an event aside that waits: it is not tried again, and becomes a dead letter at once",
                  [wanted](Session& session) { return operate(session, "PUT", path(*wanted)); }},
                 *wanted);
}

}  // namespace vf::cli
