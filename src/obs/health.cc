#include "obs/health.h"

#include <nlohmann/json.hpp>

namespace vf::obs {

void Health::require(std::string name, Check check) {
  const std::lock_guard lock(mutex_);
  checks_.push_back({std::move(name), std::move(check), true});
}

void Health::report(std::string name, Check check) {
  const std::lock_guard lock(mutex_);
  checks_.push_back({std::move(name), std::move(check), false});
}

// Returns a copy, so that checks run without the lock: a slow check must not delay other callers.
std::vector<Health::Named> Health::checks() const {
  const std::lock_guard lock(mutex_);
  return checks_;
}

std::vector<Health::State> Health::states() const {
  std::vector<State> states;
  for (const Named& named : checks()) {
    auto finding = named.check();
    states.push_back({named.name, finding.healthy ? std::string{} : std::move(finding.reason)});
  }
  return states;
}

Health::Answer Health::ready() const {
  Answer answer;
  auto shown = nlohmann::ordered_json::object();
  for (const Named& named : checks()) {
    const Finding finding = named.check();
    shown[named.name] = {{"ok", finding.healthy}};
    if (!finding.reason.empty()) shown[named.name]["reason"] = finding.reason;
    if (named.required && !finding.healthy) answer.ready = false;
  }
  const nlohmann::ordered_json body{{"status", answer.ready ? "ready" : "not ready"}, {"checks", std::move(shown)}};
  constexpr auto kReplace = nlohmann::ordered_json::error_handler_t::replace;
  answer.body = body.dump(-1, ' ', false, kReplace);
  return answer;
}

}  // namespace vf::obs
