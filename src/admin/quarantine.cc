#include "admin/quarantine.h"

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "api/query.h"

namespace vf::admin {
namespace {

using api::Right;
using nlohmann::json;

/// What a route asks of an environment: of one in this process, or by a call of another one's listener, whose path
/// follows /internal/quarantine.
struct Wanted {
  std::string method, path;
  IsExpected is_expected;
  std::function<Result<json>(const Quarantine&)> here;
};

void answer(const Quarantines& quarantines, const api::Call& call, Wanted wanted, const api::Done& done) {
  const auto environment = api::text_of(call, "environment").value_or(quarantines.own);
  if (environment.empty()) return done(invalid("say of which environment: ?environment=E, for the command --env E"));
  const auto here = quarantines.environments.find(environment);
  if (here != quarantines.environments.end()) return done(wanted.here(here->second));
  forward_call(quarantines.forward,
               {.environment = environment,
                .method = std::move(wanted.method),
                .path = "/internal/quarantine" + wanted.path,
                .caller = call.caller},
               wanted.is_expected, done);
}

using OnEvent = Result<json> (*)(const Quarantine&, const std::string& id);

/// A route about one event: what follows its id, and what is done with it.
struct EventRoute {
  const char *method, *suffix;
  IsExpected is_expected;
  OnEvent here;
};

std::function<void(const api::Call&, api::Done)> on_event(std::shared_ptr<const Quarantines> quarantines,
                                                          EventRoute route) {
  return [quarantines = std::move(quarantines), route](const api::Call& call, const api::Done& done) {
    const std::string& id = call.path[0];
    if (const auto event_id = api::event_id_of(id); !event_id) return done(event_id.error());
    answer(*quarantines, call,
           {.method = route.method,
            .path = "/" + id + route.suffix,
            .is_expected = route.is_expected,
            .here = [&id, route](const Quarantine& place) { return route.here(place, id); }},
           done);
  };
}

}  // namespace

api::Routes quarantine_routes(const Quarantines& quarantines) {
  const auto shared = std::make_shared<const Quarantines>(quarantines);
  const auto list = [shared](const api::Call& call, const api::Done& done) {
    answer(*shared, call,
           {.method = "GET",
            .path = query_of(call, kQuarantineParameters),
            .is_expected = is_list_of_quarantined,
            .here = [&call](const Quarantine& place) { return list_quarantine(place, call); }},
           done);
  };
  std::vector<std::string_view> of_list(std::begin(kQuarantineParameters), std::end(kQuarantineParameters));
  of_list.emplace_back("environment");
  return {{.method = "GET",
           .pattern = "/admin/v1/quarantine",
           .access = Right::read,
           .parameters = std::move(of_list),
           .handler = api::AsyncRead{list}},
          {.method = "GET",
           .pattern = "/admin/v1/quarantine/{id}",
           .access = Right::read,
           .parameters = {{"environment"}},
           .handler = api::AsyncRead{on_event(shared, {"GET", "", is_quarantined_event, show_quarantined})}},
          {.method = "POST",
           .pattern = "/admin/v1/quarantine/{id}/retry",
           .access = Right::operate,
           .parameters = {{"environment"}},
           .handler = api::Change{.change = on_event(shared, {"POST", "/retry", is_retried_event, retry_quarantined})}},
          {.method = "DELETE",
           .pattern = "/admin/v1/quarantine/{id}",
           .access = Right::operate,
           .parameters = {{"environment"}},
           .handler = api::Change{.change = on_event(shared, {"DELETE", "", is_done, drop_quarantined})}}};
}

}  // namespace vf::admin
