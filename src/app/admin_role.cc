#include "app/admin_role.h"

#include "admin/config.h"
#include "admin/openapi.h"
#include "admin/resources.h"
#include "admin/status_page.h"

namespace vf::app {
namespace {

constexpr size_t kReadinessWaitingMax = 16;
constexpr std::chrono::milliseconds kResponseTimeout{5'000};

// Routes that anyone may call, with any parameters: a probe's URL may have some.
api::Route open_route(std::string_view pattern, std::function<void(api::Call, http::Respond)> answer) {
  return {.method = "GET",
          .pattern = pattern,
          .access = api::Open{},
          .parameters = std::nullopt,
          .handler = api::Direct{std::move(answer)}};
}

}  // namespace

std::vector<api::Token> admin_tokens(const settings::Admin& configured) {
  using enum api::Right;
  std::vector<api::Token> tokens;
  tokens.push_back({.name = std::string(settings::kOperatorToken),
                    .secret = configured.token.reveal(),
                    .may = {read, operate, reveal}});
  tokens.push_back(
      {.name = std::string(settings::kReaderToken), .secret = configured.read_token.reveal(), .may = {read}});
  for (const auto& [name, token] : configured.tokens) {
    tokens.push_back({.name = name, .secret = token.token.reveal(), .may = api::Rights(token.may)});
  }
  return tokens;
}

AdminRole::AdminRole() : checks_("readiness", kReadinessWaitingMax) {}

Result<std::unique_ptr<AdminRole>> AdminRole::start(Params params) {
  const settings::Admin& configured = params.config.admin;
  const obs::Services services = params.services;
  auto role = std::unique_ptr<AdminRole>(new AdminRole);
  role->tokens_.replace(admin_tokens(configured));
  role->audit_ = std::make_unique<admin::LoggedAudit>(services.log);
  api::Routes routes = role->health_routes(services);
  api::append(routes, admin::config_routes(std::move(params.config_in_force)));
  if (params.ingesting) {
    role->audit_ = std::make_unique<admin::StoredAudit>(params.ingesting->writer, services.clock);
    routes.push_back(open_route("/", [](const api::Call&, http::Respond respond) { respond(admin::status_page()); }));
    api::append(routes, admin::hub_routes(params.ingesting->hub));
  }
  if (params.jobs) {  // the process has started
    api::append(routes, admin::jobs_routes(*params.jobs));
    api::append(routes, admin::quarantine_routes(params.quarantines));
  }
  routes.push_back(admin::openapi_route(routes));
  role->api_ = std::make_unique<api::Service>(
      api::Service::Params{
          .name = "admin", .clock = services.clock, .tokens = &role->tokens_, .audit = role->audit_.get()},
      std::move(routes));
  http::ServerParams listener;
  listener.idle_timeout = std::chrono::seconds{75};  // longer than the minute after which many load balancers end one
  listener.listen = configured.listen.address;
  listener.response_timeout = kResponseTimeout;  // a check that hangs is an answer too: 503, not ready
  auto server = http::Server::start("admin", listener, role->api_->handler());
  if (!server) return Error{server.error().code, "admin.listen: " + server.error().message};
  role->server_ = std::move(*server);
  role->url_ = role->server_->url();
  return role;
}

Result<PutIntoForce> AdminRole::prepare(const Change& change) {
  if (!change.concerns("admin.")) return PutIntoForce([] {});
  return PutIntoForce([this, tokens = admin_tokens(change.settings->admin)] { tokens_.replace(tokens); });
}

api::Routes AdminRole::health_routes(obs::Services services) {
  const auto alive = [](const api::Call&, http::Respond respond) {
    respond({.status = 200, .content_type = "application/json", .body = R"({"status":"alive"})", .headers = {}});
  };
  const auto ready = [this, services](const api::Call&, http::Respond respond) {
    auto call = std::make_shared<http::Respond>(std::move(respond));
    concurrency::TaskThread::Task check = [services, call] {
      auto answer = services.health.ready();
      (*call)({.status = answer.ready ? 200 : 503,
               .content_type = "application/json",
               .body = std::move(answer.body),
               .headers = {}});
    };
    if (!checks_.post(check)) (*call)(http::problem(503, "the checks before this one have not come to an end"));
  };
  const auto metrics = [services](const api::Call&, http::Respond respond) {
    respond(
        {.status = 200, .content_type = "text/plain; version=0.0.4", .body = services.metrics.render(), .headers = {}});
  };
  return {open_route("/healthz", alive), open_route("/readyz", ready), open_route("/metrics", metrics)};
}

void AdminRole::drain(Millis at_most) {
  if (server_) server_->drain(at_most);
  checks_.drain();
  if (api_) api_->drain();
}

}  // namespace vf::app
