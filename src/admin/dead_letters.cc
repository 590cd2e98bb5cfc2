#include "admin/dead_letters.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "admin/resources.h"
#include "admin/target_list.h"
#include "admin/views.h"
#include "api/query.h"

namespace vf::admin {
namespace {

using api::Right;
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

Result<DeadFilter> filter_of(const api::Call& call) {
  DeadFilter filter;
  filter.target = api::text_of(call, "target");
  VF_ASSIGN(filter.waiting, api::flag_of(call, "waiting"));
  VF_ASSIGN(filter.rows_max, api::limit_of(call));
  VF_ASSIGN(filter.after, api::after_of<DeadCursor>(call));
  return filter;
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
  if (filter.target && consumers_of(hub, {.target = filter.target}).empty()) {
    return no_such_target(*filter.target, hub.operations.targets());
  }
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
        if (found.size() == filter.rows_max) return api::page("dead", std::move(found), at.to_string());
        found.push_back(view(row));
        at = {.consumer = consumer, .position = row.position};
      }
    }
  }
  return api::page("dead", std::move(found), std::nullopt);
}

api::Routes dead_letters_routes(const Hub& hub) {
  using Act = void (Operations::*)(const std::string&, Uuid, outbox::OnDone);
  const auto on_one = [hub](Act act) {
    return api::Change{[hub, act](const api::Call& call, api::Done done) {
      const auto id = api::event_id_of(call.path[1]);
      if (!id) return done(id.error());
      (hub.operations.*act)(call.path[0], *id, api::completing(std::move(done)));
    }};
  };
  const auto list = [hub](const api::Call& call) -> Result<json> {
    VF_ASSIGN(const auto filter, filter_of(call));
    return list_dead(hub, filter);
  };
  return {{.method = "GET",
           .pattern = "/admin/v1/dead",
           .access = Right::read,
           .parameters = {{"target", "waiting", "after", "limit"}},
           .handler = api::Read{list}},
          {.method = "POST",
           .pattern = "/admin/v1/dead/{target}/{id}/retry",
           .access = Right::operate,
           .handler = on_one(&Operations::retry_dead)},
          {.method = "PUT",
           .pattern = "/admin/v1/dead/{target}/{id}",
           .access = Right::operate,
           .handler = on_one(&Operations::put_dead)},
          {.method = "DELETE",
           .pattern = "/admin/v1/dead/{target}/{id}",
           .access = Right::operate,
           .handler = on_one(&Operations::drop_dead)}};
}

}  // namespace vf::admin
