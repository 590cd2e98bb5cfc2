// vf config print|keys
#include "cli/families.h"
#include "settings/describe.h"

namespace vf::cli {
namespace {

int print(Session& session) {
  const settings::LoadParams params = session.load_params(settings::Role::up);
  session.out() << (session.json ? settings::print_json(params) : settings::print_yaml(params));
  auto loaded = settings::load(params);
  if (loaded) return kDone;
  std::erase_if(loaded.error(), &config::Problem::unread);  // secrets may be on another machine
  return loaded.error().empty() ? kDone : session.reject(loaded.error());
}

int keys(Session& session, bool markdown) {
  session.out() << (session.json ? settings::keys_json()
                    : markdown   ? settings::keys_markdown()
                                 : settings::keys_text());
  return kDone;
}

}  // namespace

void add_config(const Command& root) {
  const Command family = root.add_group("config", "What is configured, and what can be");
  family.add({"print", "The values in force and where each comes from, secrets hidden", print});
  auto markdown = std::make_shared<bool>(false);
  family.add({"keys", "Every key with its meaning", [markdown](Session& session) { return keys(session, *markdown); }})
      .flag("--markdown", *markdown, "As docs/configuration.md");
}

}  // namespace vf::cli
