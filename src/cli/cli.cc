#include "cli/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/families.h"
#include "config/suggest.h"

namespace vf::cli {
namespace {

void add_global_flags(CLI::App& root, Session& session) {
  root.set_version_flag("--version", std::string("vf ") + kVersion, "Print the version");
  root.add_option("--config", session.config_file, "Configuration file")->envname("VF_CONFIG")->type_name("FILE");
  root.add_option("--set", session.sets, "Override a configuration key for this run; repeatable")
      ->type_name("KEY=VALUE")
      ->type_size(1)
      ->allow_extra_args(false);
  root.add_flag("--json", session.json, "Answer in JSON");
}

// The innermost command that the arguments reached, and how one writes it.
struct Reached {
  const CLI::App* app;
  std::string path;
};
Reached reached(const CLI::App& root) {
  Reached out{&root, "vf"};
  for (auto inner = root.get_subcommands(); !inner.empty(); inner = out.app->get_subcommands()) {
    out.app = inner.front();
    out.path += " " + out.app->get_name();
  }
  return out;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(sub->get_name());
  return names;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* at = &app; at; at = at->get_parent()) {
    for (const CLI::Option* option : at->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

// CLI11 says "a subcommand is required" for a mistyped one too; this says which word it did not know.
std::string usage_error(const CLI::App& root, const CLI::ParseError& error) {
  const Reached at = reached(root);
  const std::vector<std::string> names = command_names(*at.app);
  const std::vector<std::string> left = root.remaining(true);
  std::string what = error.what();
  if (!left.empty()) {
    const bool option = left.front().starts_with('-');
    const std::string meant = config::nearest(left.front(), option ? option_names(*at.app) : names);
    what = (option ? "unknown option " : names.empty() ? "unexpected argument " : "unknown command ") + left.front();
    if (!meant.empty()) what += "; did you mean " + meant + "?";
  } else if (!names.empty() && dynamic_cast<const CLI::RequiredError*>(&error)) {
    what = "a command is missing";
  }
  std::ranges::replace(what, '\n', ' ');
  return what + "; see " + at.path + " --help";
}

}  // namespace

CLI::App& add_group(CLI::App& parent, const std::string& name, const std::string& description) {
  CLI::App* group = parent.add_subcommand(name, description);
  group->require_subcommand(1);
  return *group;
}

CLI::App& add_command(CLI::App& parent, Session& session, CommandParams params) {
  CLI::App* command = parent.add_subcommand(params.name, params.description);
  command->callback([&session, run = std::move(params.command)] { session.command = run; });
  return *command;
}

int run(const std::vector<std::string>& arguments, Streams streams) {
  Session session{.streams = streams, .config_file = {}, .sets = {}};
  CLI::App root("Verifluence's event hub: receives, proves, keeps, fans out, projects", "vf");
  root.require_subcommand(1);
  root.fallthrough();  // global flags may follow the command
  root.footer(
      "--config, --set and --json may stand anywhere. Exit codes: 0 done, 1 no or failed, 2 wrong usage or "
      "configuration.");
  add_global_flags(root, session);
#define VF_ADD_FAMILY(name) add_##name(root, session);
  VF_COMMAND_FAMILIES(VF_ADD_FAMILY)
#undef VF_ADD_FAMILY
  try {
    root.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    const Reached at = reached(root);
    const size_t name = at.path.rfind(' ');
    streams.out << at.app->help(name == std::string::npos ? "" : at.path.substr(0, name));
    return kDone;
  } catch (const CLI::CallForVersion& version) {
    streams.out << version.what() << "\n";
    return kDone;
  } catch (const CLI::ParseError& error) {
    return session.misuse(usage_error(root, error));
  }
  return session.command(session);
}

}  // namespace vf::cli
