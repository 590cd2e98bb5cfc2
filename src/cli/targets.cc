// vf targets list|pause|resume|mode and vf dead list|retry|drop: operating the fan-out.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/admin_client.h"
#include "cli/families.h"
#include "cli/text_table.h"

namespace vf::cli {
namespace {

using nlohmann::json;

std::string text(const json& value) {
  return value.is_null() ? "-" : value.is_string() ? value.get<std::string>() : value.dump();
}

std::string age(const json& seconds) {
  if (!seconds.is_number()) return "-";
  const double s = seconds.get<double>();
  if (s < 60) return fmt::format("{:.1f}s", s);
  return s < 3600 ? fmt::format("{:.1f}m", s / 60) : fmt::format("{:.1f}h", s / 3600);
}

/// Gets `path` and prints it: as JSON, or as the table that `rows` makes of it.
int print(Session& session, const std::string& path, const std::function<TextTable(const json&)>& rows) {
  auto client = AdminClient::connect(session);
  if (!client) return kWrongUsage;
  auto answer = client->get(path);
  if (!answer) return session.fail(answer.error());
  session.out() << (session.json ? answer->dump() + "\n" : rows(*answer).text());
  return kDone;
}

int operate(Session& session, const std::string& method, const std::string& path, const std::string& body = {}) {
  auto client = AdminClient::connect(session);
  if (!client) return kWrongUsage;
  auto answer = client->call(method, path, body);
  if (!answer) return session.fail(answer.error());
  session.out() << (session.json ? answer->dump() : "done") << "\n";
  return kDone;
}

// Of a target that another process works on, this one knows no more than who that is.
std::string last_error(const json& target) {
  const json& holder = target["worked_by"];
  if (!holder.is_string()) return text(target["last_error"]);
  const bool somebody = holder != "nobody at the moment";
  return "worked by " + holder.get<std::string>() + (somebody ? ": ask there" : "");
}

TextTable targets_table(const json& answer) {
  TextTable table({"TARGET", "MODE", "STATE", "DELIVERED", "WAITING", "OLDEST", "DEAD", "LAST ERROR"});
  for (const auto& target : answer["targets"]) {
    table.add({text(target["name"]), text(target["mode"]), text(target["state"]), text(target["delivered"]),
               text(target["backlog"]) + (target["backlog_more"].get<bool>() ? "+" : ""),
               age(target["oldest_age_seconds"]), text(target["dead"]), last_error(target)});
  }
  return table;
}

TextTable dead_table(const json& answer) {
  TextTable table({"TARGET", "EVENT", "ATTEMPTS", "REASON"});
  for (const auto& letter : answer["dead"]) {
    table.add({text(letter["target"]), text(letter["event_id"]), text(letter["attempts"]), text(letter["reason"])});
  }
  return table;
}

struct Named {
  std::string target, word;
};

std::string target_path(const Named& named, const char* action) {
  return "targets/" + percent_encode(named.target) + "/" + action;
}

CLI::App& add_target_command(CLI::App& family, Session& session, CommandParams params,
                             const std::shared_ptr<Named>& named) {
  CLI::App& command = add_command(family, session, std::move(params));
  command.add_option("target", named->target, "The target's name")->required();
  return command;
}

}  // namespace

void add_targets(CLI::App& root, Session& session) {
  CLI::App& family = add_group(root, "targets", "Where events are delivered to: how it goes, stop and go");
  add_command(family, session, {"list", "Targets with mode, state, backlog and last error", [](Session& s) {
                                  return print(s, "targets", targets_table);
                                }});
  auto named = std::make_shared<Named>();
  add_target_command(family, session,
                     {"pause", "Keep the backlog, send nothing",
                      [named](Session& s) { return operate(s, "POST", target_path(*named, "pause")); }},
                     named);
  add_target_command(family, session,
                     {"resume", "Back to the configured mode; ends detachment",
                      [named](Session& s) { return operate(s, "POST", target_path(*named, "resume")); }},
                     named);
  CLI::App& mode =
      add_target_command(family, session,
                         {"mode", "Set the mode, kept across restarts",
                          [named](Session& s) {
                            return operate(s, "PUT", target_path(*named, "mode"), json{{"mode", named->word}}.dump());
                          }},
                         named);
  mode.add_option("mode", named->word, "live, dry-run or paused")
      ->required()
      ->check(CLI::IsMember({"live", "dry-run", "paused"}));
}

void add_dead(CLI::App& root, Session& session) {
  CLI::App& family = add_group(root, "dead", "Dead letters: events that a target, or the raw log, refused for good");
  auto named = std::make_shared<Named>();
  CLI::App& list = add_command(
      family, session, {"list", "Dead letters with their reasons", [named](Session& s) {
                          const auto filter = named->target.empty() ? "" : "&target=" + percent_encode(named->target);
                          return print(s, "dead?limit=1000" + filter, dead_table);
                        }});
  list.add_option("--target", named->target, "Of this target alone; raw-log is the raw log");
  const auto path = [named] { return "dead/" + percent_encode(named->target) + "/" + percent_encode(named->word); };
  CLI::App& retry = add_target_command(
      family, session,
      {"retry", "Try a dead letter again", [path](Session& s) { return operate(s, "POST", path() + "/retry"); }},
      named);
  CLI::App& drop = add_target_command(
      family, session, {"drop", "Give a dead letter up", [path](Session& s) { return operate(s, "DELETE", path()); }},
      named);
  for (auto* command : {&retry, &drop}) command->add_option("event", named->word, "The event's id")->required();
}

}  // namespace vf::cli
