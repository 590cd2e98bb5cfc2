#include "app/reloads.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace vf::app {
namespace {

obs::Counter& count(const obs::Services& services, const std::string& result) {
  return services.metrics.counter("vf_config_reloads_total", "Reloads of the configuration, by result.",
                                  {{"result", result}});
}

std::string list(const std::vector<std::string>& keys) { return fmt::format("{}", fmt::join(keys, ", ")); }

}  // namespace

bool Change::concerns(std::string_view prefix) const {
  return std::ranges::any_of(keys, [prefix](const std::string& key) { return key.starts_with(prefix); });
}

Reloads::Reloads(settings::Running& running, obs::Services services)
    : running_(running),
      services_(services),
      applied_(count(services, "applied")),
      refused_(count(services, "refused")) {
  services_.metrics.gauge("vf_config_loaded_timestamp_seconds", "When the configuration in force was read.", {},
                          [this] { return static_cast<double>(unix_millis(running_.loaded_at())) / 1000.0; });
  services_.metrics.gauge("vf_config_needs_restart",
                          "Keys and sections of the configuration whose new value needs a restart.", {},
                          [this] { return static_cast<double>(running_.pending()); });
}

void Reloads::reload() {
  auto next = running_.read_again();
  if (!next) return refuse(std::move(next.error()));
  apply(std::move(*next));
}

Result<std::vector<PutIntoForce>> Reloads::prepare(const Change& change) const {
  std::vector<PutIntoForce> prepared;
  for (const Prepare& part : parts_) {
    VF_ASSIGN(auto put_into_force, part(change));
    prepared.push_back(std::move(put_into_force));
  }
  return prepared;
}

void Reloads::apply(settings::Running::Next next) {
  auto prepared = prepare({next.settings, next.changed});
  if (!prepared) return refuse({{.origin = "configuration", .key = "", .what = prepared.error().message}});
  for (const config::Problem& warning : next.warnings) {
    services_.log.warn("configuration warning", {{"warning", warning.text()}});
  }
  const std::string changed = list(next.changed);
  const std::string pending = list(next.pending);
  const obs::Level level = next.settings->log.level;
  services_.log.set_level(std::min(level, running_.settings()->log.level));  // a new level hides no line about it
  running_.put_into_force(std::move(next), services_.clock.now());
  for (PutIntoForce& put_into_force : *prepared) put_into_force();
  applied_.add();
  services_.log.info("configuration reloaded", {{"changed", changed}});
  if (!pending.empty()) services_.log.warn("new values that need a restart", {{"keys", pending}});
  services_.log.set_level(level);
}

void Reloads::refuse(std::vector<config::Problem> problems) {
  for (const config::Problem& problem : problems) {
    services_.log.error("configuration refused", {{"problem", problem.text()}});
  }
  services_.log.error("the configuration read before stays in force", {{"problems", problems.size()}});
  refused_.add();
  running_.refuse(std::move(problems), services_.clock.now());
}

}  // namespace vf::app
