// vf config print|keys
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/admin_client.h"
#include "cli/families.h"
#include "config/print.h"
#include "settings/describe.h"

namespace vf::cli {
namespace {

using Notes = std::map<std::string, std::string>;  // by key

int print_file(Session& session) {
  const settings::LoadParams params = session.load_params(settings::Role::up);
  session.out() << (session.json ? settings::print_json(params) : settings::print_yaml(params));
  auto loaded = settings::load(params);
  if (loaded) return kDone;
  std::erase_if(loaded.error(), &config::Problem::unread);  // secrets may be on another machine
  return loaded.error().empty() ? kDone : session.reject(loaded.error());
}

std::string yaml_value(const Json& value) {
  if (value.is_text()) return config::yaml_scalar(value.text());
  std::string out;
  for (const Json& item : value.items()) out += (out.empty() ? "[" : ", ") + yaml_value(item);
  return out.empty() ? value.dump() : out + "]";
}

void write_yaml(std::string& out, const Json& section, const std::string& path, const Notes& notes) {
  constexpr size_t kCommentColumn = 56;
  for (const auto& [name, value] : section.fields()) {
    const std::string key = path.empty() ? name : path + "." + name;
    std::string line = std::string(2 * static_cast<size_t>(std::ranges::count(key, '.')), ' ') + name + ":";
    if (!value.is_object()) line += " " + yaml_value(value);
    if (const auto note = notes.find(key); note != notes.end()) {
      line.resize(std::max(line.size() + 2, kCommentColumn), ' ');
      line += "# " + note->second;
    }
    out += line + "\n";
    if (value.is_object()) write_yaml(out, value, key, notes);
  }
}

// What is in force in a running hub, as YAML; comments say what the file has that needs a restart or was refused.
std::string running_text(const Json& answer) {
  Notes notes;
  std::string added;
  for (const Json& key : answer["needs_restart"].items()) {
    const Json wanted = key["configured"];
    if (key["running"].is_null() && wanted.is_object()) {
      added += fmt::format("# {} was added; it needs a restart\n", key["key"].text());
    } else {
      notes[key["key"].text()] =
          wanted.is_null() ? "was removed from the file; needs a restart" : "needs a restart for " + yaml_value(wanted);
    }
  }
  std::string out = fmt::format("# read at {}\n", answer["loaded_at"].text());
  if (const Json refused = answer["refused"]; !refused.is_null()) {
    out += fmt::format("# refused at {}, nothing was changed:\n", refused["at"].text());
    for (const Json& problem : refused["problems"].items()) out += "#   " + problem.text() + "\n";
  }
  write_yaml(out, answer["config"], "", notes);
  return out + added;
}

int print(Session& session, bool running) {
  return running ? print_answer(session, "config", {"loaded_at", "config"}, running_text) : print_file(session);
}

int keys(Session& session, bool markdown) {
  if (session.json) {
    const Json keys = Json::parse(settings::keys_json()).value_or(Json::array());
    session.out() << Json::object().set("keys", keys).set("next", Json()).dump() << "\n";
  } else {
    session.out() << (markdown ? settings::keys_markdown() : settings::keys_text());
  }
  return kDone;
}

}  // namespace

void add_config(const Command& root) {
  const Command family = root.add_group("config", "What is configured, and what can be");
  auto running = std::make_shared<bool>(false);
  family
      .add({"print", "The values in force and where each comes from, secrets hidden",
            [running](Session& session) { return print(session, *running); }})
      .flag("--running", *running, "Those in force in the running hub, and what needs a restart");
  auto markdown = std::make_shared<bool>(false);
  family.add({"keys", "Every key with its meaning", [markdown](Session& session) { return keys(session, *markdown); }})
      .flag("--markdown", *markdown, "As docs/configuration.md");
}

}  // namespace vf::cli
