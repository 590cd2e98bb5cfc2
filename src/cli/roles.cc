// vf up, vf ingest, vf api, vf worker: the commands that run until a signal stops them.
#include <fmt/format.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>

#include "app/process.h"
#include "cli/families.h"
#include "concurrency/task_thread.h"
#include "platform/open_files.h"
#include "platform/signals.h"
#include "settings/first_start.h"

namespace vf::cli {
namespace {

constexpr std::chrono::seconds kStopTimeout{10};
static_assert(app::kDrainAtMost < kStopTimeout);

void announce(const Session& session, const settings::Settings& config, const app::Addresses& addresses) {
  if (session.json) return;  // the log has the addresses; standard output stays machine-readable
  auto& out = session.out();
  out << "\nvf is ready\n";
  if (!addresses.webhooks.empty()) out << fmt::format("  webhooks     {}/webhooks/<source>\n", addresses.webhooks);
  for (const auto& [name, url] : addresses.environments) {
    out << fmt::format("  {:<12} {}/internal/events   tables: {}\n", name, url,
                       config.environments.at(name).store.shown());
  }
  if (!addresses.simulated_kick.empty()) out << fmt::format("  fake Kick    API at {}\n", addresses.simulated_kick);
  const auto token = config.data_dir / "admin-token";  // not there if admin.token names another place
  out << fmt::format("  admin        {}/{}\n\n", addresses.admin,
                     std::filesystem::exists(token) ? "   (token: " + token.string() + ")" : "");
  out.flush();
}

// Waits for the signal that stops the process, then calls `on_stop`, and returns when no reload is under way. Reloads
// have a thread of their own, because they may wait for a store: signals are taken all the same.
void wait_for_stop(app::Process& process, bool in_terminal, const std::function<void()>& on_stop) {
  std::atomic<bool> is_stopping = false;
  std::optional<concurrency::TaskThread> reloads;
  if (!in_terminal) reloads.emplace("reload", 1);
  platform::wait_for_stop([&] {
    concurrency::TaskThread::Task reload = [&] {
      if (!is_stopping) process.reload();
    };
    (void)reloads->post(reload);  // refused: one waits already, and will read the same
  });
  is_stopping = true;
  on_stop();
  if (reloads) reloads->drain();
}

int run_role(Session& session, app::ProcessParams params) {
  // A terminal that is closed ends what was started in it to try it out. A service reads its configuration again.
  const bool in_terminal = params.load.role == settings::Role::up;
  platform::block_signals(in_terminal ? platform::Hangup::stops : platform::Hangup::calls);
  platform::allow_many_open_files();
  bool stopped = false;
  params.pause = [&stopped](Millis span) { return !(stopped = stopped || platform::stop_came_within(span)); };
  app::Process process(std::move(params));
  const auto addresses = process.start();
  if (!addresses && stopped) {
    process.log().info("stopped before it was ready");
    return kDone;
  }
  if (!addresses) {
    process.drain();  // first, so that the error is the last line
    return session.fail(addresses.error());
  }
  process.log().info("ready", {{"webhooks", addresses->webhooks}, {"admin", addresses->admin}});
  announce(session, process.config(), *addresses);
  wait_for_stop(process, in_terminal, [&process] {
    const Millis delay = process.drain_delay();
    platform::end_within(delay + kStopTimeout);
    process.log().info("stopping", {{"drain_delay_ms", delay.count()}});
    process.become_unready(delay);
  });
  process.drain();
  process.log().info("stopped");
  return kDone;
}

// All problems at once, also those that only show when values are read. Problems of defaults are left out: they are
// secrets that a complete first start makes.
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
  auto loaded = session.load_whole(params);
  if (!loaded) return kWrongUsage;
  return run_role(session, {.load = std::move(params), .loaded = std::move(*loaded)});
}

int one_role(Session& session, settings::Role role, const std::string& environment) {
  platform::keep_hangup();
  auto params = session.load_params(role, environment);
  auto loaded = session.load_whole(params);
  if (!loaded) return kWrongUsage;
  const auto& data_dir = loaded->settings.data_dir;
  if (std::error_code error; std::filesystem::create_directories(data_dir, error)) {
    std::filesystem::permissions(data_dir, std::filesystem::perms::owner_all, error);
  } else if (error) {
    return session.misuse("data_dir: " + data_dir.string() + " cannot be made: " + error.message());
  }
  return run_role(session, {.load = std::move(params), .loaded = std::move(*loaded)});
}

void add_role(const Command& root, settings::Role role, const std::string& name, const std::string& description) {
  auto environment = std::make_shared<std::string>();
  const Command command = root.add(
      {name, description, [role, environment](Session& session) { return one_role(session, role, *environment); }});
  if (role != settings::Role::ingest) command.option("--env", *environment, "The environment").required();
}

}  // namespace

void add_roles(const Command& root) {
  auto simulated = std::make_shared<bool>(false);
  root.add({"up", "Everything in one process: ingest, environments, admin",
            [simulated](Session& session) { return up(session, *simulated); }})
      .flag("--sim", *simulated, "Play Kick and Sumsub too, and point the sources at them");
  add_role(root, settings::Role::ingest, "ingest",
           "The shared tier: receives, verifies and stores webhooks, delivers them");
  add_role(root, settings::Role::api, "api", "One environment: its receiver and its tables");
  add_role(root, settings::Role::worker, "worker",
           "One environment: its retention and the retry of quarantined events");
}

}  // namespace vf::cli
