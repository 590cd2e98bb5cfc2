// vf dead list|retry|drop|put: dead letters of the targets and of the raw log.
#include <fmt/format.h>

#include <utility>

#include "cli/admin_client.h"
#include "cli/bulk.h"
#include "cli/families.h"
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

/// Returns the line about a bulk operation that is done: "retried 480; 2 were no longer dead".
std::string outcome(const Json& counts, const char* done) {
  const int64_t skipped = counts["skipped"].integer();
  return fmt::format("{} {}{}", done, counts[done].shown(),
                     skipped == 0 ? "" : fmt::format("; {} were no longer dead", skipped));
}
std::string retried(const Json& counts) { return outcome(counts, "retried"); }
std::string dropped(const Json& counts) { return outcome(counts, "dropped"); }

/// What differs between the two bulk operations.
struct Words {
  BulkOperation bulk;
  const char *method, *suffix;  // of the request for one letter
};
constexpr Words kRetry{{"dead-retry", "retry", "dead letters", retried}, "POST", "/retry"};
constexpr Words kDrop{{"dead-drop", "delete", "dead letters", dropped}, "DELETE", ""};

std::string path(const Wanted& wanted) {
  return "dead/" + http::percent_encoded(wanted.target) + "/" + http::percent_encoded(wanted.event);
}

void add_for_letter(const Command& family, CommandParams params, Wanted& wanted) {
  const Command command = family.add(std::move(params));
  command.option("target", wanted.target, "The target's name; raw-log is the raw log").required();
  command.option("event", wanted.event, "The event's id").required();
}

int operate_on_many(const Session& session, const Words& words, const Wanted& wanted, const Bulk& bulk) {
  BulkRequest request{
      .operation = words.bulk,
      .bulk = bulk,
      .missing = "which dead letters? Give TARGET EVENT, a filter (--target, --reason, --type, --before), or --all"};
  if (!wanted.target.empty()) request.parameters.set("target", wanted.target);
  return operate_on_many(session, std::move(request));
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
    if (!many->filter.target.empty() || is_for_many(many->bulk)) return session.misuse(kOneOrMany);
    return operate(session, words.method, path(many->one) + words.suffix);
  };
  const Command command = family.add(std::move(params));
  command.option("target", many->one.target, "Of one dead letter: the target's name; raw-log is the raw log");
  command.option("event", many->one.event, "Of one dead letter: the event's id");
  command.option("--target", many->filter.target, "All of this target");
  command.option("--before", many->bulk.before, "All whose event was received before this time");
  add_bulk_options(command, many->bulk, words.bulk, "Every dead letter of every target");
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
