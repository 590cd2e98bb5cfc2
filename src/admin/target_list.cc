#include "admin/target_list.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "admin/views.h"

namespace vf::admin {

using nlohmann::json;

Result<json> list_targets(const Hub& hub) {
  using State = store::PutDelivery::State;
  const Instant now = hub.clock.now();
  const auto targets = hub.operations.targets();
  json result = json::array();
  for (const auto& status : hub.operations.target_statuses()) {
    const auto configured = std::ranges::find(targets, status.name, &fanout::Target::name);
    if (configured == targets.end()) continue;
    VF_ASSIGN(const auto backlog, hub.outbox.backlog(status.cursor));
    json row = view_target(status, *configured, now);
    for (const auto& [name, state] : {std::pair("waiting", State::retry), std::pair("dead", State::dead)}) {
      VF_ASSIGN(const int64_t count, hub.outbox.count_deliveries(status.name, state, store::kBacklogRowsMax));
      row[name] = count;
    }
    row.update(view(backlog, now));
    result.push_back(std::move(row));
  }
  for (const auto& left : hub.operations.left_targets()) result.push_back(view(left, now));
  return result;
}

Error no_such_target(const std::string& name, const std::vector<fanout::Target>& targets) {
  std::string names;
  for (const auto& target : targets) names.append(names.empty() ? "" : ", ").append(target.name);
  return not_found("no target is called " + name.substr(0, 64) +
                   "; the targets are: " + (names.empty() ? "none" : names));
}

}  // namespace vf::admin
