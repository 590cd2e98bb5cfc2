#include "store/runs.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace vf::store {
namespace {

constexpr std::array kRunStates{RunState::waiting, RunState::running, RunState::done, RunState::failed,
                                RunState::stopped, RunState::timeout, RunState::lost};
static_assert(kRunStates.size() == static_cast<size_t>(RunState::lost) + 1, "every RunState is parsed");

}  // namespace

std::string_view to_string(RunState state) {
  switch (state) {
    case RunState::waiting:
      return "waiting";
    case RunState::running:
      return "running";
    case RunState::done:
      return "done";
    case RunState::failed:
      return "failed";
    case RunState::stopped:
      return "stopped";
    case RunState::timeout:
      return "timeout";
    case RunState::lost:
      return "lost";
  }
  return "lost";
}

std::optional<RunState> parse_run_state(std::string_view name) {
  const auto* found = std::ranges::find(kRunStates, name, [](RunState state) { return to_string(state); });
  return found == kRunStates.end() ? std::nullopt : std::optional(*found);
}

std::string to_json(const RunCounts& counts) {
  return nlohmann::json(counts).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

RunCounts parse_run_counts(std::string_view json) {
  const auto parsed = nlohmann::json::parse(json, nullptr, false);
  RunCounts counts;
  if (!parsed.is_object()) return counts;
  for (const auto& [name, number] : parsed.items()) {
    if (number.is_number_integer()) counts[name] = number.get<int64_t>();
  }
  return counts;
}

}  // namespace vf::store
