// vf doctor: checks that everything is in place to run, and says how to fix what is not. Changes nothing.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "app/sources.h"
#include "app/stores.h"
#include "base/time.h"
#include "cli/families.h"
#include "cli/json.h"
#include "cli/text_table.h"
#include "cli/type_filters.h"
#include "fanout/target_client.h"
#include "fanout/target_mode.h"
#include "http/client.h"
#include "platform/open_files.h"

namespace vf::cli {
namespace {

namespace fs = std::filesystem;

constexpr uintmax_t kFreeBytesLeast = 1ull << 30;
// Open files besides connections: databases with their logs, one socket a request in flight, the lake's parts.
constexpr std::chrono::minutes kClockOff{1};
constexpr std::chrono::milliseconds kTimeout{3'000};
constexpr std::chrono::days kTypesSeenWithin{7};

enum class Grade { ok, warning, problem };
std::string_view to_string(Grade grade) {
  return grade == Grade::ok ? "ok" : grade == Grade::warning ? "warning" : "PROBLEM";
}

struct Finding {
  std::string what;
  Grade grade = Grade::ok;
  std::string detail;  // what was found, and how to fix it
};
using Findings = std::vector<Finding>;

void check_files(const settings::Settings& config, Findings& out) {
  std::error_code error;
  if (!fs::is_directory(config.data_dir, error)) {
    out.push_back({"data_dir", Grade::warning, config.data_dir.string() + " does not exist yet: `vf up` makes it"});
    return;
  }
  const auto space = fs::space(config.data_dir, error);
  const bool room = !error && space.available >= kFreeBytesLeast;
  out.push_back({"disk", room ? Grade::ok : Grade::problem,
                 fmt::format("{} MiB free under {}{}", space.available >> 20, config.data_dir.string(),
                             room ? "" : ": under 1 GiB, webhooks get 503 when it is full")});
  for (const auto& entry : fs::directory_iterator(config.data_dir, error)) {
    const auto name = entry.path().filename().string();
    const bool secret = name.ends_with(".secret") || name.ends_with("-token") || name.ends_with("-private.pem");
    // The hub narrows the files of its databases when it opens them, unless they belong to another user.
    const bool database = name.ends_with(".db") || name.ends_with(".db-wal") || name.ends_with(".db-shm");
    struct stat status{};
    if ((!secret && !database) || stat(entry.path().c_str(), &status) != 0 || (status.st_mode & 077) == 0) continue;
    out.push_back({(secret ? "secret " : "database ") + name, Grade::warning,
                   "others can read it: chmod 600 " + entry.path().string()});
  }
}

void check_open_files(const settings::Settings& config, Findings& out) {
  const auto most = platform::open_files_max();
  if (!most) return;
  const auto connections = config.ingest.webhooks.connections_max;
  const bool enough = *most / 2 >= connections;
  const auto detail =
      fmt::format("{} may be open here, half of them by webhooks; ingest.connections is {}", *most, connections);
  out.push_back({"open files", enough ? Grade::ok : Grade::warning,
                 enough ? detail
                        : fmt::format("{}: raise the limit to {} (ulimit -Hn, LimitNOFILE=), or lower "
                                      "ingest.connections",
                                      detail, 2 * connections)});
}

void check_lake(const settings::Settings& config, Findings& out) {
  const auto usable = app::check_lake(config.ingest);
  out.push_back({"lake", usable ? Grade::ok : Grade::problem, usable ? *usable : usable.error().message});
}

void check_stores(const settings::Settings& config, Findings& out) {
  const auto add = [&out](std::string what, const Result<std::string>& found) {
    out.push_back({std::move(what), found ? Grade::ok : Grade::problem, found ? *found : found.error().message});
  };
  const auto warn_of_obstacle = [&out](const std::string& what, const settings::StoreUrl& store) {
    auto obstacle = app::obstacle_to_restart(store);
    if (!obstacle.empty()) out.push_back({what, Grade::warning, std::move(obstacle)});
  };
  const auto store = app::check_outbox(config.ingest.store);
  add("store", store);
  warn_of_obstacle("store", config.ingest.store);
  if (const auto risks = app::outbox_risks(config.ingest.store)) {
    for (const auto& risk : *risks) out.push_back({"store", Grade::warning, risk});
  } else if (store) {
    add("store", risks.error());
  }
  for (const auto& [name, environment] : config.environments) {
    add("environment " + name, app::check_environment(environment.store, name));
    warn_of_obstacle("environment " + name, environment.store);
  }
}

void check_sources(const settings::Settings& config, Findings& out) {
  sources::KeyFetcher fetcher;
  const auto sources = app::make_sources(config, fetcher);
  if (!sources) {
    out.push_back({"sources", Grade::problem, sources.error().message});
    return;
  }
  for (const auto& [name, receiving] : *sources) {
    out.push_back({"source " + name, Grade::ok,
                   receiving.fan_out ? "keys and secrets are usable" : "dry-run: kept raw, never delivered"});
  }
}

// A receiver that answers an unsigned delivery with 401 is alive and checks signatures. The status decides, whatever
// follows it.
void check_target(const fanout::Target& target, Findings& out) {
  auto client = http::Client::create(fanout::client_params(target));
  http::Outgoing request{.url = target.url.reveal(), .body = "[]", .timeout = kTimeout};
  fanout::add_headers(target, request);
  const auto response = client->call(std::move(request));
  const std::string shown = target.url.shown();
  if (!response) {
    out.push_back({"target " + target.name, Grade::problem,
                   fmt::format("{}: {}; its backlog waits until it answers", shown, response.error().message)});
    return;
  }
  const bool guarded = response->status == 401;
  out.push_back(
      {"target " + target.name, guarded ? Grade::ok : Grade::warning,
       guarded ? shown + " answers"
               : fmt::format("{} answered an unsigned request with {}: 401 is expected", shown, response->status)});
}

// A filter that matches nothing loses events in silence: the target's cursor passes them. Reads a bounded number of the
// newest events (store/types_seen.h).
void check_type_filters(const settings::Settings& config, Findings& out) {
  if (std::ranges::all_of(config.targets, [](const auto& entry) { return entry.second.target.types.empty(); })) return;
  const auto seen = app::types_seen(config.ingest.store, {.from = SystemClock().now() - kTypesSeenWithin});
  if (!seen) {
    out.push_back({"target types", Grade::warning, "the types received could not be read: " + seen.error().message});
    return;
  }
  for (const auto& [name, configured] : config.targets) {
    if (configured.target.types.empty()) continue;
    auto unmatched = unmatched_patterns(configured.target, *seen);
    if (unmatched.empty()) {
      out.push_back({"target " + name + " types", Grade::ok,
                     seen->types.empty() ? "no event came in the last seven days to compare the filter with"
                                         : "every pattern matches a type that came in the last seven days"});
    }
    for (auto& sentence : unmatched) out.push_back({"target " + name + " types", Grade::warning, std::move(sentence)});
  }
}

// A store that cannot be read is reported by check_stores().
void check_ordered_modes(const settings::Settings& config, Findings& out) {
  const auto orders = app::read_orders(config.ingest.store);
  if (!orders) return;
  for (const auto& [name, configured] : config.targets) {
    const auto& target = configured.target;
    const auto ordered = fanout::mode_against_configuration(*orders, target);
    if (!ordered) continue;
    const char* action = target.mode == fanout::Mode::paused ? "pause" : "resume";
    out.push_back(
        {"target " + name + " mode", Grade::warning,
         fmt::format("{}, as an operator ordered; the file's mode {} has no effect: `vf targets {} {}` puts it "
                     "into force",
                     fanout::to_string(*ordered), fanout::to_string(target.mode), action, name)});
  }
}

void check_running(const settings::Settings& config, Findings& out) {
  auto client = http::Client::create({.allow_private = true});
  const auto url = settings::admin_url(config.admin);
  const auto response = client->call({.method = "GET", .url = url.reveal() + "/readyz", .timeout = kTimeout});
  if (!response) {
    out.push_back({"hub", Grade::warning,
                   fmt::format("nothing answers at {}: it is not running, or admin.listen is another", url.shown())});
    return;
  }
  if (response->cut) {
    out.push_back(
        {"hub", Grade::problem, fmt::format("{}/readyz answered, but {}", url.shown(), response->cut->reason)});
    return;
  }
  const Json checks = Json::parse(response->body).value_or(Json())["checks"];
  if (checks.is_null()) {
    out.push_back({"hub", Grade::problem, "another program listens at " + url.shown()});
    return;
  }
  for (const auto& [name, check] : checks.fields()) {
    if (name.ends_with(" clock")) continue;  // check_store_clocks() reports it
    out.push_back({"running: " + name, check["ok"].is_true() ? Grade::ok : Grade::problem, check["reason"].text()});
  }
}

void check_clock(Findings& out) {
  // 2026-01-01: a machine without a battery wakes up in 1970, and every signature would be from the future.
  constexpr int64_t kNotBefore = 1'767'225'600'000;
  const Instant now = SystemClock().now();
  const bool sane = unix_millis(now) > kNotBefore - std::chrono::milliseconds(kClockOff).count();
  out.push_back({"clock", sane ? Grade::ok : Grade::problem,
                 to_rfc3339(now) + (sane ? "" : ": set it (timedatectl set-ntp true)")});
}

void check_clock_of(const std::string& store, const settings::StoreUrl& url, Findings& out) {
  using Difference = watch::ClockDifference;
  const auto ask = app::ask_time(url);
  if (!ask) return;
  auto difference = watch::compare_clocks(SystemClock(), ask);
  if (!difference) return;  // check_stores() reports a store that does not answer
  const Grade grade = difference->grade == Difference::Grade::ok        ? Grade::ok
                      : difference->grade == Difference::Grade::warning ? Grade::warning
                                                                        : Grade::problem;
  out.push_back({store + " clock", grade, std::move(difference->detail)});
}

void check_store_clocks(const settings::Settings& config, Findings& out) {
  check_clock_of("store", config.ingest.store, out);
  for (const auto& [name, environment] : config.environments) {
    check_clock_of("environment " + name, environment.store, out);
  }
}

Findings examine(const settings::Loaded& loaded) {
  const auto& config = loaded.settings;
  Findings findings{{"configuration", Grade::ok, "complete"}};
  for (const auto& warning : loaded.warnings) findings.push_back({"configuration", Grade::warning, warning.text()});
  check_clock(findings);
  check_files(config, findings);
  check_open_files(config, findings);
  check_stores(config, findings);
  check_store_clocks(config, findings);
  check_lake(config, findings);
  check_sources(config, findings);
  check_running(config, findings);
  for (const auto& [name, configured] : config.targets) check_target(configured.target, findings);
  check_ordered_modes(config, findings);
  check_type_filters(config, findings);
  return findings;
}

bool all_fine(const Findings& findings) {
  return std::ranges::none_of(findings, [](const Finding& finding) { return finding.grade == Grade::problem; });
}

std::string json_of(const Findings& findings) {
  Json all = Json::array();
  for (const auto& finding : findings) {
    all.add(
        Json::object().set("check", finding.what).set("grade", to_string(finding.grade)).set("detail", finding.detail));
  }
  return Json::object().set("ok", all_fine(findings)).set("checks", all).dump() + "\n";
}

std::string table_of(const Findings& findings) {
  TextTable table({"CHECK", "", "DETAIL"});
  for (const auto& finding : findings) table.add({finding.what, std::string(to_string(finding.grade)), finding.detail});
  return table.text();
}

// Reports the problems of a configuration that cannot be loaded; nothing else can be checked then.
int reject(const Session& session, const std::vector<config::Problem>& problems) {
  Findings findings;
  for (const auto& problem : problems) findings.push_back({"configuration", Grade::problem, problem.text()});
  if (session.json) session.out() << json_of(findings);
  return session.reject(problems);
}

int doctor(Session& session) {
  const auto loaded = settings::load(session.load_params(settings::Role::up));
  if (!loaded) return reject(session, loaded.error());
  const auto findings = examine(*loaded);
  session.out() << (session.json ? json_of(findings) : table_of(findings));
  return all_fine(findings) ? kDone : kFailed;
}

}  // namespace

void add_doctor(const Command& root) {
  root.add({"doctor", "Check configuration, clock, stores, keys and targets; say how to fix each", doctor});
}

}  // namespace vf::cli
