// vf up, vf ingest, vf api, vf worker: the commands that run until they are told to stop.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>

#include "app/process.h"
#include "cli/families.h"
#include "config/url.h"
#include "platform/open_files.h"
#include "platform/signals.h"
#include "settings/first_start.h"

namespace vf::cli {
namespace {

constexpr std::chrono::seconds kStopPatience{10};
static_assert(app::kDrainAtMost < kStopPatience);

void announce(const Session& session, const settings::Settings& config, const app::Addresses& addresses) {
  if (session.json) return;  // the log tells; standard output stays machine-readable
  auto& out = session.out();
  out << "\nvf is ready\n";
  if (!addresses.webhooks.empty()) out << fmt::format("  webhooks     {}/webhooks/<source>\n", addresses.webhooks);
  for (const auto& [name, url] : addresses.environments) {
    out << fmt::format("  {:<12} {}/internal/events   tables: {}\n", name, url,
                       config::without_password(config.environments.at(name).store.location));
  }
  if (!addresses.simulated_kick.empty())
    out << fmt::format("  simulated    Kick's API at {}\n", addresses.simulated_kick);
  const auto token = config.data_dir / "admin-token";  // not there when admin.token says another place
  out << fmt::format("  admin        {}/{}\n\n", addresses.admin,
                     std::filesystem::exists(token) ? "   (token: " + token.string() + ")" : "");
  out.flush();
}

int run_role(Session& session, app::ProcessParams params) {
  platform::block_stop_signals();
  platform::allow_many_open_files();
  app::Process process(std::move(params));
  const auto addresses = process.start();
  if (!addresses) return session.fail(addresses.error());
  process.log().info("ready", {{"webhooks", addresses->webhooks}, {"admin", addresses->admin}});
  announce(session, process.config(), *addresses);
  platform::wait_for_stop(kStopPatience);
  process.log().info("stopping");
  process.drain();
  process.log().info("stopped");
  return kDone;
}

// Everything that is wrong at once: also what only shows when values are read. Not the secrets that a first start would
// have made.
std::vector<config::Problem> all_problems(const settings::LoadParams& params, std::vector<config::Problem> first) {
  auto loaded = settings::load(params);
  if (loaded) return first;
  auto& problems = loaded.error();
  std::erase_if(problems, [](const config::Problem& problem) { return problem.origin == "default"; });
  return problems.empty() ? first : problems;
}

int up(Session& session, bool simulated) {
  auto params = session.load_params(settings::Role::up);
  params.simulated = simulated;
  if (auto made = settings::first_start(params); !made) return session.reject(all_problems(params, made.error()));
  auto config = session.load(params);
  if (!config) return kWrongUsage;
  return run_role(
      session, {.config = std::move(*config), .role = settings::Role::up, .environment = {}, .simulated = simulated});
}

int one_role(Session& session, settings::Role role, const std::string& environment) {
  auto config = session.load(session.load_params(role, environment));
  if (!config) return kWrongUsage;
  if (std::error_code error; std::filesystem::create_directories(config->data_dir, error)) {
    std::filesystem::permissions(config->data_dir, std::filesystem::perms::owner_all, error);
  } else if (error) {
    return session.misuse("data_dir: " + config->data_dir.string() + " cannot be made: " + error.message());
  }
  return run_role(session,
                  {.config = std::move(*config), .role = role, .environment = environment, .simulated = false});
}

struct Words {
  const char *name, *description;
};

void add_environment_role(CLI::App& root, Session& session, settings::Role role, const Words& words) {
  auto environment = std::make_shared<std::string>();
  CLI::App& command = add_command(root, session, {words.name, words.description, [role, environment](Session& s) {
                                                    return one_role(s, role, *environment);
                                                  }});
  command.add_option("--env", *environment, "The environment")->required();
}

}  // namespace

void add_roles(CLI::App& root, Session& session) {
  auto simulated = std::make_shared<bool>(false);
  CLI::App& all = add_command(root, session,
                              {"up", "Everything in one process: ingest, environments, admin",
                               [simulated](Session& s) { return up(s, *simulated); }});
  all.add_flag("--sim", *simulated, "Play Kick and Sumsub too, and point the sources at them");
  add_command(root, session, {"ingest", "The shared tier: receive, prove, keep, fan out", [](Session& s) {
                                return one_role(s, settings::Role::ingest, {});
                              }});
  add_environment_role(root, session, settings::Role::api, {"api", "One environment: its receiver and its tables"});
  add_environment_role(root, session, settings::Role::worker,
                       {"worker", "One environment: retention, and another try for quarantined events"});
}

}  // namespace vf::cli
