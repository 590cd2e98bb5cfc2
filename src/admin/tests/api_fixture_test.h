// ApiTest: the whole admin API over the outbox in memory, with one event, one dead letter and one run. Header only, for
// tests of this folder.
#pragma once

#include <gtest/gtest.h>

#include <future>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "admin/audit.h"
#include "admin/config.h"
#include "admin/jobs.h"
#include "admin/openapi.h"
#include "admin/quarantine.h"
#include "admin/resources.h"
#include "admin/tests/fake_operations_test.h"
#include "api/service.h"
#include "event/identity.h"
#include "jobs/local_runs.h"
#include "outbox/function_writer_test.h"
#include "store/memory/environment.h"
#include "store/memory/outbox.h"

namespace vf::admin {

using nlohmann::json;

inline const Instant kNow = from_unix_millis(1'795'000'000'000);

/// A token for each right, and one for each right that is missing.
inline std::vector<api::Token> tokens() {
  std::vector<api::Token> tokens;
  for (const auto right : api::kRights) {
    const std::string name(api::to_string(right));
    api::Rights others;
    for (const auto other : api::kRights) {
      if (other != right) others.add(other);
    }
    tokens.push_back({.name = "only-" + name, .secret = "only " + name, .may = {right}});
    tokens.push_back({.name = "not-" + name, .secret = "not " + name, .may = others});
  }
  tokens.push_back({.name = "boss", .secret = "boss", .may = {api::Right::read, api::Right::operate}});
  return tokens;
}

/// A quarantine whose event stays although it is dropped, so that each route can be asked about it.
class LastingQuarantine final : public store::memory::MemoryEnvironment {
  Result<int64_t> drop_quarantined(std::span<const Uuid> events) override { return std::ssize(events); }
};

inline api::Routes with_description(api::Routes routes) {
  routes.push_back(openapi_route(routes));
  return routes;
}

/// Returns the rows of every resource that any role serves.
inline api::Routes all_routes(const Hub& hub, jobs::Jobs& jobs, store::EnvironmentStore& stage) {
  api::Routes routes = hub_routes(hub);
  api::append(routes, jobs_routes({.clock = hub.clock, .own = &jobs}));
  api::append(routes,
              quarantine_routes(
                  {.environments = {{"stage", {.store = stage, .clock = hub.clock}}}, .own = "stage", .forward = {}}));
  api::append(routes, config_routes([] {
                return R"({"loaded_at":"2026-11-22T16:00:00.000Z","config":{},"needs_restart":[],"refused":null})";
              }));
  return routes;
}

class ApiTest : public testing::Test {
 protected:
  ApiTest() {
    operations_.add_target("stage");
    operations_.left_ = {{.name = "partner", .cursor = Position{}, .backlog = {}, .dead = 1, .alarm = "left"}};
    operations_.sources_ = {{.name = "kick"}};
    operations_.lake_ = {.driver = "chdb", .state = "ok", .last_error = {}, .cursor = Position{}};
    operations_.answers_ = {{"stage", "applied", kNow, ""}};
    operations_.reconciliation_ = {
        .state = "done", .error = {}, .from = kNow, .to = kNow, .lines = {{.hour = kNow, .source = "kick"}}};
    store::AddEvent add;
    add.event.source = "kick";
    add.event.type = "kick.channel.followed";
    add.event.message_id = "m";
    add.event.id = id_;
    add.event.is_json = add.event.sandbox = true;
    add.event.body = add.event.headers = "{}";
    const store::Write writes[] = {
        add, store::PutDelivery{"stage", {.seq = 1}, id_, store::PutDelivery::State::dead, 1, kNow, "no"},
        store::AddAudit{kNow, "hub", "cursor.move", "why"}};
    EXPECT_TRUE(outbox_.write(writes, kNow, nullptr));
    EXPECT_TRUE(runs_.write(store::RequestRun{.id = id_, .job = "stage", .asked_by = "a test"}));
    const store::Projection refused{.event_id = id_,
                                    .source = "kick",
                                    .type = "kick.unrecognised",
                                    .message_id = "m",
                                    .time = {},
                                    .status = store::Applied::quarantined,
                                    .rows = {},
                                    .reason = "no",
                                    .envelope = R"({"data":1})"};
    EXPECT_TRUE(stage_.apply({&refused, 1}, kNow, nullptr));
    description_ = json::parse(ask("GET", "/admin/v1/openapi.json").body);
  }
  ~ApiTest() override { service_.drain(); }

  http::Response ask(const std::string& method, const std::string& target, const std::string& body = {},
                     const std::string& token = "boss") {
    http::Request request{.method = method, .target = target, .headers = {}, .body = body, .peer = "127.0.0.1"};
    request.headers.add("Authorization", "Bearer " + token);
    return send(std::move(request));
  }
  http::Response send(http::Request request) {
    auto answered = std::make_shared<std::promise<http::Response>>();
    auto answer = answered->get_future();
    service_.handle(std::move(request),
                    [answered](http::Response response) { answered->set_value(std::move(response)); });
    return answer.get();
  }
  /// Returns a target with which a route is reached.
  std::string target_of(std::string pattern) const {
    for (const auto& [name, value] :
         {std::pair<std::string, std::string>{"{id}", id_.to_string()}, {"{name}", "stage"}, {"{target}", "stage"}}) {
      if (const size_t at = pattern.find(name); at != std::string::npos) pattern.replace(at, name.size(), value);
    }
    return pattern;
  }

  const Uuid id_ = event_id("kick", "m", std::nullopt);
  ManualClock clock_{kNow};
  store::memory::MemoryOutbox outbox_;
  std::vector<store::AddAudit> audit_;
  outbox::FunctionWriter writer_{[this](store::Write write, const outbox::OnWritten&) {
    audit_.push_back(std::get<store::AddAudit>(std::move(write)));
  }};
  FakeOperations operations_;
  jobs::LocalRuns runs_{clock_};
  jobs::Jobs jobs_{{.jobs = {{.name = "stage", .check = [](auto&) { return Result<void>(); }, .run = {}}},
                    .reads = runs_,
                    .writer = runs_,
                    .clock = clock_}};
  LastingQuarantine stage_;
  api::Tokens tokens_{tokens()};
  StoredAudit stored_{writer_, clock_};
  api::Service service_{{.name = "admin", .clock = clock_, .tokens = &tokens_, .audit = &stored_},
                        with_description(all_routes({outbox_, operations_, clock_}, jobs_, stage_))};
  json description_;
};

}  // namespace vf::admin
