#include "app/admin_role.h"

namespace vf::app {

Result<std::unique_ptr<AdminRole>> AdminRole::start(const config::Admin& configured, std::optional<admin::Hub> hub,
                                                    Services services) {
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
  auto server = http::Server::start(params, [&router = role->router_](http::Request request, http::Respond respond) {
    router.handle(std::move(request), std::move(respond));
  });
  if (!server) return Error{server.error().code, "admin.listen: " + server.error().message};
  role->server_ = std::move(*server);
  role->url_ = role->server_->url();
  return role;
}

void AdminRole::add_health(Services services) {
  router_.add("GET", "/healthz", [](http::Request, http::PathValues, http::Respond respond) {
    respond({.status = 200, .content_type = "application/json", .body = R"({"status":"alive"})", .headers = {}});
  });
  router_.add("GET", "/readyz", [services](http::Request, http::PathValues, http::Respond respond) {
    auto answer = services.health.ready();
    respond({.status = answer.ready ? 200 : 503,
             .content_type = "application/json",
             .body = std::move(answer.body),
             .headers = {}});
  });
  router_.add("GET", "/metrics", [services](http::Request, http::PathValues, http::Respond respond) {
    respond(
        {.status = 200, .content_type = "text/plain; version=0.0.4", .body = services.metrics.render(), .headers = {}});
  });
}

void AdminRole::drain(Millis at_most) {
  if (server_) server_->drain(at_most);
  if (api_) api_->drain();
}

}  // namespace vf::app
