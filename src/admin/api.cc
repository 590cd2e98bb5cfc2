#include "admin/api.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "admin/dead_letters.h"
#include "admin/event_history.h"
#include "admin/views.h"
#include "concurrency/task_thread.h"

namespace vf::admin {
namespace {

using nlohmann::json;

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions"
constexpr char kOpenApi[] = {
#embed "openapi.json"
};
#pragma clang diagnostic pop

constexpr size_t kWaitingMax = 256;
constexpr size_t kPageMax = 1000;
constexpr size_t kPageDefault = 50;
// A page of events ends early once its subjects and message ids, which providers choose, are longer than this.
constexpr size_t kPageBytes = 4u << 20;

http::Response answer(const json& body, int status = 200) {
  http::Response response;
  response.status = status;
  // Bodies of events may hold anything: bytes that are not UTF-8 are replaced, where dump() would throw by default.
  response.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
  return response;
}

http::Response failed(const Error& error) {
  switch (error.code) {
    case Code::invalid:
      return http::problem(400, error.message);
    case Code::unauthorized:
      return http::problem(401, error.message);
    case Code::not_found:
      return http::problem(404, error.message);
    case Code::conflict:
      return http::problem(409, error.message);
    case Code::unavailable:
      return http::problem(503, error.message);
    case Code::internal:
      return http::problem(500, error.message);
  }
  return http::problem(500, error.message);
}

template <class Rows>
json list(const Rows& rows) {
  json result = json::array();
  for (const auto& row : rows) result.push_back(view(row));
  return result;
}

Result<size_t> limit_of(const http::Request& request) {
  const auto text = request.query_value("limit");
  if (!text) return kPageDefault;
  size_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size() || value < 1 || value > kPageMax) {
    return invalid(fmt::format("limit is a number from 1 to {}", kPageMax));
  }
  return value;
}

Result<std::optional<Instant>> time_of(const http::Request& request, std::string_view name) {
  const auto text = request.query_value(name);
  if (!text) return std::optional<Instant>{};
  const auto time = parse_time(*text);
  if (!time) return invalid(fmt::format("{} is a time such as 2026-11-22T16:00:00Z", name));
  return time;
}

Result<store::EventFilter> filter_of(const http::Request& request) {
  store::EventFilter filter;
  filter.source = request.query_value("source");
  filter.type = request.query_value("type");
  filter.subject = request.query_value("subject");
  auto from = time_of(request, "from");
  auto to = time_of(request, "to");
  auto limit = limit_of(request);
  if (!from) return from.error();
  if (!to) return to.error();
  if (!limit) return limit.error();
  filter.from = *from;
  filter.to = *to;
  filter.rows_max = *limit;
  if (const auto after = request.query_value("after")) {
    filter.before = Position::parse(*after);  // the newest come first, so the next page holds what is before it
    if (!filter.before) return invalid("after is `next` of the page before");
  }
  return filter;
}

Result<DeadFilter> dead_filter_of(const http::Request& request) {
  DeadFilter filter;
  VF_ASSIGN(filter.rows_max, limit_of(request));
  filter.target = request.query_value("target");
  filter.waiting = request.query_value("waiting") == "true";
  if (const auto after = request.query_value("after")) {
    filter.after = DeadCursor::parse(*after);
    if (!filter.after) return invalid("after is `next` of the page before");
  }
  return filter;
}

Result<raw_log::ReconciliationRequest> reconciliation_of(const http::Request& request, Instant now) {
  const auto from = time_of(request, "from");
  const auto to = time_of(request, "to");
  if (!from) return from.error();
  if (!to) return to.error();
  return raw_log::ReconciliationRequest{from->value_or(Instant{}), to->value_or(now),
                                        request.query_value("repair") == "true"};
}

Result<Uuid> id_of(const std::string& text) {
  const auto id = Uuid::parse(text);
  if (!id) return invalid("an event id is a UUID: " + text.substr(0, 64));
  return *id;
}

}  // namespace

struct Api::Implementation {
  using Task = concurrency::TaskThread::Task;
  /// Answers a request for reading; runs on the API's thread.
  using Read = std::function<Result<json>(const http::Request&, const http::PathValues&)>;
  /// Makes a change that an operator asked for, and calls back with the outcome on any thread.
  using Operate = std::function<void(const http::Request&, const http::PathValues&, outbox::OnDone)>;

  struct Path {
    std::string_view pattern;
    std::vector<std::string_view> parameters = {};  // of the query; a request with another one is refused
  };

  explicit Implementation(Params p)
      : params(std::move(p)),
        started(params.clock.steady()),
        reads("admin-reads", kWaitingMax),
        operations("admin-changes", kWaitingMax) {}

  void read(http::Router& router, const Path& path, Read read);
  void operate(http::Router& router, const std::string& method, const Path& path, Operate operate);
  void audit(const http::Request& request, const Result<void>& outcome);

  Result<json> overview();
  Result<json> targets();
  Result<json> events(const http::Request& request);

  Params params;
  const SteadyTime started;
  concurrency::TaskThread reads;
  concurrency::TaskThread operations;  // a thread apart: a slow search must not delay an operator who stops a target
};

Api::Api(Params params) : implementation_(std::make_unique<Implementation>(std::move(params))) {}
Api::~Api() = default;
void Api::drain() {
  implementation_->reads.drain();
  implementation_->operations.drain();
}

void Api::Implementation::read(http::Router& router, const Path& path, Read read) {
  const auto handle = [this, read, known = path.parameters](http::Request request, http::PathValues values,
                                                            http::Respond respond) {
    if (auto refusal = params.access.refuse(request, Right::read)) return respond(std::move(*refusal));
    if (auto refusal = http::refuse_unknown_parameters(request, known)) return respond(std::move(*refusal));
    auto call = std::make_shared<http::Respond>(std::move(respond));
    Task task = [read, request = std::move(request), values = std::move(values), call] {
      auto result = read(request, values);
      (*call)(result ? answer(*result) : failed(result.error()));
    };
    if (!reads.post(task)) (*call)(http::problem(503, "the admin API is busy or stopping"));
  };
  router.add("GET", path.pattern, handle);
}

void Api::Implementation::operate(http::Router& router, const std::string& method, const Path& path, Operate operate) {
  const auto handle = [this, operate, known = path.parameters](http::Request request, http::PathValues values,
                                                               http::Respond respond) {
    if (auto refusal = params.access.refuse(request, Right::operate)) return respond(std::move(*refusal));
    if (auto refusal = http::refuse_unknown_parameters(request, known)) return respond(std::move(*refusal));
    auto call = std::make_shared<http::Respond>(std::move(respond));
    auto asked = std::make_shared<http::Request>(std::move(request));
    Task task = [this, operate, asked, values = std::move(values), call] {
      operate(*asked, values, [this, asked, call](Result<void> outcome) {
        audit(*asked, outcome);
        (*call)(outcome ? answer({{"done", true}}) : failed(outcome.error()));
      });
    };
    if (!operations.post(task)) (*call)(http::problem(503, "the admin API is busy or stopping"));
  };
  router.add(method, path.pattern, handle);
}

void Api::Implementation::audit(const http::Request& request, const Result<void>& outcome) {
  store::AddAudit entry{params.clock.now(), "admin token from " + request.peer,
                        request.method + " " + std::string(request.path()), outcome ? "done" : outcome.error().message};
  params.hub.writer.write(std::move(entry), [](const auto&) {});
}

Result<json> Api::Implementation::targets() {
  const Instant now = params.clock.now();
  json result = json::array();
  const auto configured_targets = params.hub.operations.targets();
  for (const auto& status : params.hub.operations.target_statuses()) {
    for (const auto& configured : configured_targets) {
      if (configured.name != status.name) continue;
      auto backlog = params.hub.outbox.backlog(status.cursor);
      if (!backlog) return backlog.error();
      json row = view_target(status, configured, now);
      for (const auto& [name, state] : {std::pair("waiting", store::PutDelivery::State::retry),
                                        std::pair("dead", store::PutDelivery::State::dead)}) {
        VF_ASSIGN(const int64_t count, params.hub.outbox.count_deliveries(status.name, state, store::kBacklogRowsMax));
        row[name] = count;
      }
      row["backlog"] = backlog->rows;
      row["backlog_more"] = backlog->more;
      row["oldest_age_seconds"] =
          backlog->oldest ? json(static_cast<double>((now - *backlog->oldest).count()) / 1000.0) : json(nullptr);
      result.push_back(std::move(row));
    }
  }
  return result;
}

Result<json> Api::Implementation::overview() {
  VF_ASSIGN(auto rows, targets());
  const auto status = params.hub.operations.lake();
  json lake = view(status);
  if (status.cursor) {
    auto backlog = params.hub.outbox.backlog(*status.cursor);
    if (!backlog) return backlog.error();
    lake["backlog"] = backlog->rows;
    lake["backlog_more"] = backlog->more;
  }
  return json{{"uptime_seconds", std::chrono::duration<double>(params.clock.steady() - started).count()},
              {"sources", list(params.hub.operations.sources())},
              {"targets", std::move(rows)},
              {"lake", std::move(lake)}};
}

Result<json> Api::Implementation::events(const http::Request& request) {
  VF_ASSIGN(auto filter, filter_of(request));
  VF_ASSIGN(const auto rows, params.hub.outbox.search(filter));
  json found = json::array();
  bool full = rows.size() == filter.rows_max;
  for (size_t bytes = 0; const auto& row : rows) {
    if (!found.empty() && bytes > kPageBytes) {
      full = true;
      break;
    }
    bytes += row.event.subject.size() + row.event.message_id.size();
    found.push_back(summary(row.event));
  }
  const json next = full ? json(rows[found.size() - 1].event.position.to_string()) : json(nullptr);
  return json{{"events", std::move(found)}, {"next", next}};
}

void Api::mount(http::Router& router) {
  auto& api = *implementation_;
  const auto& hub = api.params.hub;
  router.add("GET", "/admin/v1/openapi.json", [](http::Request, http::PathValues, http::Respond respond) {
    http::Response response;
    response.body.assign(kOpenApi, sizeof kOpenApi);
    respond(std::move(response));
  });
  api.read(router, {"/admin/v1/overview"}, [&api](auto&, auto&) { return api.overview(); });
  api.read(router, {"/admin/v1/sources"},
           [&hub](auto&, auto&) -> Result<json> { return json{{"sources", list(hub.operations.sources())}}; });
  api.read(router, {"/admin/v1/targets"}, [&api](auto&, auto&) -> Result<json> {
    VF_ASSIGN(auto rows, api.targets());
    return json{{"targets", std::move(rows)}};
  });
  api.read(router, {"/admin/v1/events", {"source", "type", "subject", "from", "to", "after", "limit"}},
           [&api](auto& request, auto&) { return api.events(request); });
  api.read(router, {"/admin/v1/events/{id}"}, [&hub](auto&, auto& values) -> Result<json> {
    VF_ASSIGN(auto id, id_of(values[0]));
    return history_of(id, hub);
  });
  api.read(router, {"/admin/v1/dead", {"target", "waiting", "after", "limit"}},
           [&hub](auto& request, auto&) -> Result<json> {
             VF_ASSIGN(const auto filter, dead_filter_of(request));
             return list_dead(hub, filter);
           });
  api.read(router, {"/admin/v1/audit", {"limit"}}, [&hub](auto& request, auto&) -> Result<json> {
    VF_ASSIGN(auto limit, limit_of(request));
    VF_ASSIGN(auto entries, hub.outbox.audit(limit));
    return json{{"audit", list(entries)}};
  });

  api.operate(router, "POST", {"/admin/v1/targets/{name}/pause"}, [&hub](auto&, auto& values, outbox::OnDone done) {
    hub.operations.set_mode(values[0], fanout::Mode::paused, std::move(done));
  });
  api.operate(router, "POST", {"/admin/v1/targets/{name}/resume"}, [&hub](auto&, auto& values, outbox::OnDone done) {
    hub.operations.set_mode(values[0], std::nullopt, std::move(done));
  });
  api.operate(router, "PUT", {"/admin/v1/targets/{name}/mode"},
              [&hub](auto& request, auto& values, outbox::OnDone done) {
                const json body = json::parse(request.body, nullptr, false);
                const auto mode = body.is_object() && body.value("mode", json()).is_string()
                                      ? fanout::parse_mode(body["mode"].template get<std::string>())
                                      : std::nullopt;
                if (!mode || *mode == fanout::Mode::detached)
                  return done(invalid(R"(the body is {"mode": "live" | "dry-run" | "paused"})"));
                hub.operations.set_mode(values[0], mode, std::move(done));
              });
  api.read(router, {"/admin/v1/lake/proof"}, [&hub](auto&, auto&) -> Result<json> {
    VF_ASSIGN(const auto status, hub.operations.reconciliation());
    return view(status);
  });
  api.operate(router, "POST", {"/admin/v1/lake/proof", {"from", "to", "repair"}},
              [&api](auto& request, auto&, outbox::OnDone done) {
                const auto wanted = reconciliation_of(request, api.params.clock.now());
                if (!wanted) return done(wanted.error());
                api.params.hub.operations.start_reconciliation(*wanted, std::move(done));
              });
  using Act = void (Operations::*)(const std::string&, Uuid, outbox::OnDone);
  const auto on_dead = [&api, &router, &hub](const char* method, std::string_view pattern, Act act) {
    api.operate(router, method, {pattern}, [&hub, act](auto&, auto& values, outbox::OnDone done) {
      auto id = id_of(values[1]);
      if (!id) return done(id.error());
      (hub.operations.*act)(values[0], *id, std::move(done));
    });
  };
  on_dead("POST", "/admin/v1/dead/{target}/{id}/retry", &Operations::retry_dead);
  on_dead("PUT", "/admin/v1/dead/{target}/{id}", &Operations::put_dead);
  on_dead("DELETE", "/admin/v1/dead/{target}/{id}", &Operations::drop_dead);
}

}  // namespace vf::admin
