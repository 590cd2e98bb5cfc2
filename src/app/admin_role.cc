#include "app/admin_role.h"

#include "admin/status_page.h"

namespace vf::app {
namespace {

constexpr size_t kReadinessWaitingMax = 16;
constexpr std::chrono::milliseconds kResponseTimeout{5'000};

}  // namespace

AdminRole::AdminRole() : checks_("readiness", kReadinessWaitingMax) {}

Result<std::unique_ptr<AdminRole>> AdminRole::start(const settings::Admin& configured, std::optional<admin::Hub> hub,
                                                    obs::Services services) {
  auto role = std::unique_ptr<AdminRole>(new AdminRole);
  role->add_health(services);
  if (hub) {
    role->router_.add("GET", "/",
                      [](http::Request, http::PathValues, http::Respond respond) { respond(admin::status_page()); });
    role->api_ = std::make_unique<admin::Api>(admin::Api::Params{
        admin::Access(configured.token.reveal(), configured.read_token.reveal()), services.clock, std::move(*hub)});
    role->api_->mount(role->router_);
  }
  http::ServerParams params;
  params.listen = configured.listen.address;
  params.response_timeout = kResponseTimeout;  // a check that hangs is an answer too: 503, not ready
  auto server =
      http::Server::start("admin", params, [&router = role->router_](http::Request request, http::Respond respond) {
        router.handle(std::move(request), std::move(respond));
      });
  if (!server) return Error{server.error().code, "admin.listen: " + server.error().message};
  role->server_ = std::move(*server);
  role->url_ = role->server_->url();
  return role;
}

void AdminRole::add_health(obs::Services services) {
  router_.add("GET", "/healthz", [](http::Request, http::PathValues, http::Respond respond) {
    respond({.status = 200, .content_type = "application/json", .body = R"({"status":"alive"})", .headers = {}});
  });
  router_.add("GET", "/readyz", [this, services](http::Request, http::PathValues, http::Respond respond) {
    auto call = std::make_shared<http::Respond>(std::move(respond));
    concurrency::TaskThread::Task check = [services, call] {
      auto answer = services.health.ready();
      (*call)({.status = answer.ready ? 200 : 503,
               .content_type = "application/json",
               .body = std::move(answer.body),
               .headers = {}});
    };
    if (!checks_.post(check)) (*call)(http::problem(503, "the checks before this one have not come to an end"));
  });
  router_.add("GET", "/metrics", [services](http::Request, http::PathValues, http::Respond respond) {
    respond(
        {.status = 200, .content_type = "text/plain; version=0.0.4", .body = services.metrics.render(), .headers = {}});
  });
}

void AdminRole::drain(Millis at_most) {
  if (server_) server_->drain(at_most);
  checks_.drain();
  if (api_) api_->drain();
}

}  // namespace vf::app
