// vf dead list|retry|drop|put: dead letters of the targets and of the raw log.
#include "cli/admin_client.h"
#include "cli/families.h"
#include "cli/text_table.h"

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

std::string path(const Wanted& wanted) {
  return "dead/" + percent_encode(wanted.target) + "/" + percent_encode(wanted.event);
}

void add_for_letter(const Command& family, CommandParams params, Wanted& wanted) {
  const Command command = family.add(std::move(params));
  command.option("target", wanted.target, "The target's name; raw-log is the raw log").required();
  command.option("event", wanted.event, "The event's id").required();
}

}  // namespace

void add_dead(const Command& root) {
  const Command family = root.add_group("dead", "Dead letters: events that a target or the raw log refused for good");
  auto wanted = std::make_shared<Wanted>();
  const auto list = [wanted](Session& session) {
    std::string path = "dead?limit=1000";
    if (!wanted->target.empty()) path += "&target=" + percent_encode(wanted->target);
    if (wanted->waiting) path += "&waiting=true";
    return print_list(session, path, "dead", dead_table);
  };
  const Command listing = family.add({"list", "Dead letters with their reasons", list});
  listing.option("--target", wanted->target, "Of this target alone; raw-log is the raw log");
  listing.flag("--waiting", wanted->waiting, "Events that wait for another attempt, instead of dead letters");
  add_for_letter(family,
                 {"retry", "Try a dead letter again",
                  [wanted](Session& session) { return operate(session, "POST", path(*wanted) + "/retry"); }},
                 *wanted);
  add_for_letter(family,
                 {"drop", "Delete a dead letter",
                  [wanted](Session& session) { return operate(session, "DELETE", path(*wanted)); }},
                 *wanted);
  add_for_letter(family,
                 {"put", "Set an event aside that waits: it is not tried again, and becomes a dead letter at once",
                  [wanted](Session& session) { return operate(session, "PUT", path(*wanted)); }},
                 *wanted);
}

}  // namespace vf::cli
