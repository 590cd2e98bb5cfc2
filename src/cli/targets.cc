// vf targets list|pause|resume|dismiss|mode: shows and operates the targets.
#include <fmt/format.h>

#include "cli/admin_client.h"
#include "cli/families.h"
#include "cli/text_table.h"
#include "http/query.h"

namespace vf::cli {
namespace {

std::string age(const Json& seconds) {
  const auto number = seconds.number();
  if (!number) return "-";
  const double s = *number;
  if (s < 60) return fmt::format("{:.1f}s", s);
  return s < 3600 ? fmt::format("{:.1f}m", s / 60) : fmt::format("{:.1f}h", s / 3600);
}

// When another process works on the target, the process that was asked knows its name but not the last error.
std::string last_error(const Json& target) {
  const Json holder = target["worked_by"];
  if (!holder.is_text()) return target["last_error"].shown();
  const bool held = holder.text() != "no process at the moment";
  return "worked by " + holder.text() + (held ? ": ask there" : "");
}

// An order of an operator wins over the file, whose mode then has no effect.
std::string mode(const Json& target) {
  const Json mode = target["mode"], configured = target["configured_mode"];
  const bool is_ordered = configured.is_text() && mode.text() != configured.text() && mode.text() != "detached";
  return is_ordered ? fmt::format("{} (file: {})", mode.shown(), configured.shown()) : mode.shown();
}

std::string targets_table(const Json& answer) {
  TextTable table(
      {"TARGET", "MODE", "STATE", "DELIVERED", "BACKLOG", "OLDEST", "WAITING", "DEAD", "ALARM", "LAST ERROR"});
  for (const auto& target : answer["targets"].items()) {
    table.add({target["name"].shown(), mode(target), target["state"].shown(), target["delivered"].shown(),
               target["backlog"].shown() + (target["backlog_more"].is_true() ? "+" : ""), age(target["oldest_seconds"]),
               target["waiting"].shown(), target["dead"].shown(), target["alarm"].shown(), last_error(target)});
  }
  return table.text();
}

struct Wanted {
  std::string target, mode;
};

std::string path(const Wanted& wanted, const char* action) {
  return "targets/" + http::percent_encoded(wanted.target) + "/" + action;
}

Command add_for_target(const Command& family, CommandParams params, Wanted& wanted) {
  const Command command = family.add(std::move(params));
  command.option("target", wanted.target, "The target's name").required();
  return command;
}

}  // namespace

void add_targets(const Command& root) {
  const Command family = root.add_group("targets", "Receivers of events: their state; stop and start delivery");
  family.add({"list", "Targets with mode, state, backlog and last error",
              [](Session& session) { return print_page(session, "targets", "targets", targets_table); }});
  auto wanted = std::make_shared<Wanted>();
  add_for_target(family,
                 {"pause", "Keep the backlog, send nothing",
                  [wanted](Session& session) { return operate(session, "POST", path(*wanted, "pause")); }},
                 *wanted);
  add_for_target(family,
                 {"resume", "Back to the configured mode, or to live if that is paused; ends detachment",
                  [wanted](Session& session) { return operate(session, "POST", path(*wanted, "resume")); }},
                 *wanted);
  add_for_target(family,
                 {"dismiss", "End the alarm about a target that is no longer configured",
                  [wanted](Session& session) { return operate(session, "POST", path(*wanted, "dismiss")); }},
                 *wanted);
  const auto set_mode = [wanted](Session& session) {
    return operate(session, "PUT", path(*wanted, "mode"), Json::object().set("mode", wanted->mode).dump());
  };
  add_for_target(
      family, {"mode", "Set the mode; it wins over the configured one, also after a restart, until `resume`", set_mode},
      *wanted)
      .option("mode", wanted->mode, "live, dry-run or paused")
      .required()
      .one_of({"live", "dry-run", "paused"});
}

}  // namespace vf::cli
