#include "app/environment_role.h"

#include <fmt/format.h>

#include "admin/job_place.h"
#include "app/listener.h"
#include "app/migrations.h"
#include "app/stores.h"

namespace vf::app {

Result<std::unique_ptr<EnvironmentRole>> EnvironmentRole::start(Params params) {
  const auto duties = params.duties;
  auto role = std::unique_ptr<EnvironmentRole>(new EnvironmentRole(params));
  VF_TRY(role->open(params.waiting));
  role->jobs_ = std::make_unique<EnvironmentJobs>(EnvironmentJobs::Params{.environment = role->name_,
                                                                          .configured = role->configured_,
                                                                          .services = role->services_,
                                                                          .store = *role->store_,
                                                                          .time = role->time(),
                                                                          .works = duties != Duties::receive});
  if (duties != Duties::maintain) {
    VF_TRY(role->listen());
  }
  return role;
}

EnvironmentRole::~EnvironmentRole() { drain(Millis{0}); }

Result<void> EnvironmentRole::open(const Waiting& waiting) {
  StoreWait wait({"environments." + name_ + ".store", configured_.wait_for_stores, services_, waiting});
  VF_ASSIGN(auto opened,
            wait.open([this] { return open_environment(configured_.store, name_, services_.clock.now()); }));
  store_ = std::move(opened);
  log_newer(environment_schema(name_, configured_, services_.clock), services_.log);
  services_.health.require("environment " + name_, [this]() -> obs::Health::Finding {
    if (auto answer = store_->ping(); !answer) return answer.error().message;
    if (receiver_) {
      if (auto failure = receiver_->recent_failure(); !failure.empty()) return failure;
    }
    return obs::Health::Finding::healthy_with_note(obstacle_to_restart(configured_.store));
  });
  if (is_shared(configured_.store)) {
    watch::watch_clock(
        "environment " + name_ + " clock", [this] { return store_->time(services_.clock.now()); }, services_);
  }
  return {};
}

watch::TrustedTime& EnvironmentRole::time() {
  const auto ask = [this] { return store_->time(services_.clock.now()); };
  return is_shared(configured_.store) ? clocks_.server("environment " + name_, ask) : clocks_.machine();
}

Result<void> EnvironmentRole::listen() {
  VF_ASSIGN(auto signer, signer_of(configured_));
  signatures_ = std::make_unique<api::Signatures>(std::move(signer));
  receive::Receiver::Params params{.environment = name_, .store = *store_, .services = services_};
  params.limits.body_bytes_max = configured_.listener.body_bytes_max;
  receiver_ = std::make_unique<receive::Receiver>(std::move(params));
  audit_ = std::make_unique<admin::LoggedAudit>(services_.log);
  api::Routes routes = receiver_->routes();
  api::append(routes, admin::internal_jobs_routes(jobs_->jobs(), services_.clock));
  api::append(routes, admin::internal_quarantine_routes(quarantine()));
  api_ = std::make_unique<api::Service>(
      api::Service::Params{
          .name = "hub", .clock = services_.clock, .signatures = signatures_.get(), .audit = audit_.get()},
      std::move(routes));
  http::ServerParams listener = configured_.listener;
  make_room_for_bodies(listener);
  leave_files_to_others(listener, services_.log);
  auto server = http::Server::start("receive:" + name_, listener, api_->handler());
  if (!server)
    return Error{server.error().code, fmt::format("environments.{}.listen: {}", name_, server.error().message)};
  server_ = std::move(*server);
  url_ = server_->url();
  return {};
}

Result<crypto::WebhookSigner> EnvironmentRole::signer_of(const settings::Environment& configured) const {
  std::vector<std::string> secrets;
  for (const auto& secret : configured.secrets) secrets.push_back(secret.reveal());
  auto signer = crypto::WebhookSigner::create(secrets);
  if (!signer)
    return Error{signer.error().code, fmt::format("environments.{}.secrets: {}", name_, signer.error().message)};
  return signer;
}

Result<PutIntoForce> EnvironmentRole::prepare(const Change& change) {
  VF_ASSIGN(auto put_jobs, jobs_->prepare(change));
  if (!receiver_ || !change.concerns("environments." + name_ + ".secrets")) return put_jobs;
  VF_ASSIGN(auto signer, signer_of(change.settings->environments.at(name_)));
  return PutIntoForce([this, jobs = std::move(put_jobs), signer = std::move(signer)]() mutable {
    jobs();
    signatures_->replace(std::move(signer));
  });
}

void EnvironmentRole::drain(Millis at_most) {
  if (server_) server_->drain(at_most);
  if (jobs_) jobs_->drain(at_most);
  if (receiver_) receiver_->drain();
  if (api_) api_->drain();
}

}  // namespace vf::app
