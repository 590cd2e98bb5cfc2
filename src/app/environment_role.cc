#include "app/environment_role.h"

#include <fmt/format.h>

#include "app/listener.h"
#include "app/migrations.h"
#include "app/stores.h"
#include "base/seconds.h"

namespace vf::app {
namespace {

Result<crypto::WebhookSigner> make_signer(const settings::Environment& configured) {
  std::vector<std::string> secrets;
  for (const auto& secret : configured.secrets) secrets.push_back(secret.reveal());
  return crypto::WebhookSigner::create(secrets);
}

}  // namespace

Result<std::unique_ptr<EnvironmentRole>> EnvironmentRole::start(Params params) {
  const auto duties = params.duties;
  auto role = std::unique_ptr<EnvironmentRole>(new EnvironmentRole(std::move(params)));
  VF_TRY(role->open());
  if (duties != Duties::maintain) {
    VF_TRY(role->listen());
  }
  if (duties != Duties::receive) role->maintain();
  return role;
}

EnvironmentRole::~EnvironmentRole() { drain(Millis{0}); }

Result<void> EnvironmentRole::open() {
  VF_ASSIGN(auto opened, open_environment(configured_.store, name_, services_.clock.now()));
  store_ = std::move(opened);
  log_newer(environment_schema(name_, configured_, services_.clock), services_.log);
  services_.health.require("environment " + name_, [this] {
    auto answer = store_->ping();
    return answer ? trouble_.reason(services_.clock.steady()) : answer.error().message;
  });
  if (is_shared(configured_.store)) {
    watch::watch_clock(
        "environment " + name_ + " clock", [this] { return store_->time(services_.clock.now()); }, services_);
  }
  return {};
}

void EnvironmentRole::maintain() {
  maintenance_ = std::make_unique<Maintenance>(Maintenance::Params{name_, configured_, services_, *store_});
}

Result<void> EnvironmentRole::listen() {
  publish_metrics();
  auto signer = make_signer(configured_);
  if (!signer)
    return Error{signer.error().code, fmt::format("environments.{}.secrets: {}", name_, signer.error().message)};
  receive::Receiver::Params params{name_, *store_, services_.clock, std::move(*signer)};
  params.limits.body_bytes_max = static_cast<size_t>(configured_.max_body.bytes);
  params.watch.on_event = [this](const receive::EventReport& report) { observe(report); };
  params.watch.on_failure = [this](const Error& failure) { observe(failure); };
  params.on_answer = [this](const receive::AnswerReport& report) { answer_seconds_->observe(seconds(report.took)); };
  receiver_ = std::make_unique<receive::Receiver>(std::move(params));
  http::ServerParams listener;
  listener.listen = configured_.listen.address;
  limit_bodies(listener, configured_.max_body);
  auto server = http::Server::start("receive:" + name_, listener, [this](http::Request request, http::Respond respond) {
    receiver_->handle(std::move(request), std::move(respond));
  });
  if (!server)
    return Error{server.error().code, fmt::format("environments.{}.listen: {}", name_, server.error().message)};
  server_ = std::move(*server);
  url_ = server_->url();
  return {};
}

void EnvironmentRole::publish_metrics() {
  static_assert(static_cast<size_t>(store::Applied::quarantined) + 1 == std::tuple_size_v<decltype(by_status_)>);
  auto& metrics = services_.metrics;
  const obs::Labels labels{{"environment", name_}};
  for (const auto status :
       {store::Applied::applied, store::Applied::duplicate, store::Applied::ignored, store::Applied::quarantined}) {
    by_status_[static_cast<size_t>(status)] =
        &metrics.counter("vf_environment_events_total", "Events received by an environment, by what became of them.",
                         {{"environment", name_}, {"status", std::string(store::to_string(status))}});
  }
  projection_lag_seconds_ =
      &metrics.histogram("vf_projection_lag_seconds", "The hub's commit to the projected row.", labels);
  end_to_end_seconds_ =
      &metrics.histogram("vf_end_to_end_lag_seconds", "The provider's clock to the projected row.", labels);
  answer_seconds_ =
      &metrics.histogram("vf_environment_request_seconds", "A batch, request complete to answer.", labels);
}

void EnvironmentRole::observe(const Error& failure) {
  trouble_.failed(failure.message, services_.clock.steady());
  services_.log.noisy(obs::Level::error, "the environment's store fails",
                      {{"environment", name_}, {"code", to_string(failure.code)}, {"reason", failure.message}});
}

void EnvironmentRole::observe(const receive::EventReport& report) {
  trouble_.succeeded();
  by_status_[static_cast<size_t>(report.status)]->add();
  if (report.status != store::Applied::applied) return;
  const Instant now = services_.clock.now();  // after the commit
  // What a foreign sender leaves out is no moment to count from.
  if (report.event.time != Instant{}) end_to_end_seconds_->observe(lag_seconds(now - report.event.time));
  if (report.event.received != Instant{}) projection_lag_seconds_->observe(lag_seconds(now - report.event.received));
}

void EnvironmentRole::drain(Millis at_most) {
  if (server_) server_->drain(at_most);
  if (maintenance_) maintenance_->drain();
  if (receiver_) receiver_->drain();
}

}  // namespace vf::app
