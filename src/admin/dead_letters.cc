#include "admin/dead_letters.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "admin/views.h"

namespace vf::admin {
namespace {

using nlohmann::json;

constexpr size_t kReadMax = 1000;  // rows that are read at once

std::vector<std::string> consumers_of(const Hub& hub, const DeadFilter& filter) {
  std::vector<std::string> consumers{std::string(store::kRawLog)};
  for (const auto& target : hub.operations.targets()) consumers.push_back(target.name);
  std::erase_if(consumers, [&filter](const std::string& name) {
    return (filter.target && name != *filter.target) || (filter.after && name < filter.after->consumer);
  });
  std::ranges::sort(consumers);  // so that a page finds its place even if targets were added or removed since the last
  return consumers;
}

}  // namespace

std::optional<DeadCursor> DeadCursor::parse(std::string_view text) {
  const size_t slash = text.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return std::nullopt;
  const auto position = Position::parse(text.substr(slash + 1));
  if (!position) return std::nullopt;
  return DeadCursor{std::string(text.substr(0, slash)), *position};
}

Result<json> list_dead(const Hub& hub, const DeadFilter& filter) {
  using State = store::PutDelivery::State;
  const State wanted = filter.waiting ? State::retry : State::dead;
  json found = json::array();
  DeadCursor at;
  for (const auto& consumer : consumers_of(hub, filter)) {
    const bool continues = filter.after && consumer == filter.after->consumer;
    Position after = continues ? filter.after->position : Position{};
    for (size_t read = kReadMax; read == kReadMax;) {
      VF_ASSIGN(const auto rows, hub.outbox.deliveries_after(consumer, after, kReadMax));
      read = rows.size();
      for (const auto& row : rows) {
        after = row.position;
        if (row.state != wanted) continue;
        if (found.size() == filter.rows_max) return json{{"dead", std::move(found)}, {"next", at.to_string()}};
        found.push_back(view(row));
        at = {.consumer = consumer, .position = row.position};
      }
    }
  }
  return json{{"dead", std::move(found)}, {"next", nullptr}};
}

}  // namespace vf::admin
