// vf config print|keys
#include <CLI/CLI.hpp>

#include "cli/families.h"
#include "config/describe.h"

namespace vf::cli {
namespace {

int print(Session& session) {
  const config::LoadParams params = session.load_params(config::Role::up);
  session.out() << (session.json ? config::print_json(params) : config::print_yaml(params));
  auto loaded = config::load(params);
  if (loaded) return kDone;
  std::erase_if(loaded.error(), &config::Problem::unread);  // secrets may be on another machine
  return loaded.error().empty() ? kDone : session.reject(loaded.error());
}

int keys(Session& session, bool markdown) {
  session.out() << (session.json ? config::keys_json() : markdown ? config::keys_markdown() : config::keys_text());
  return kDone;
}

}  // namespace

void add_config(CLI::App& root, Session& session) {
  CLI::App& family = add_group(root, "config", "What is configured, and what can be");
  add_command(family, session, {"print", "The values in force and where each comes from, secrets hidden", print});
  auto markdown = std::make_shared<bool>(false);
  CLI::App& command = add_command(
      family, session, {"keys", "Every key with its meaning", [markdown](Session& s) { return keys(s, *markdown); }});
  command.add_flag("--markdown", *markdown, "As docs/configuration.md");
}

}  // namespace vf::cli
