#include "app/environment_role.h"

#include <fmt/format.h>

#include <future>

#include "app/stores.h"

namespace vf::app {
namespace {

constexpr Millis kPurgePause{5'000};
constexpr size_t kLargestBodies = 4;      // that fit into memory at once, whatever max_body is
constexpr Millis kRetryPause{3'600'000};  // between passes through quarantine; the first begins at start
constexpr Millis kRetryAfterFailure{60'000};
constexpr int64_t kPurgeRows = 5'000;  // a full step is followed by the next at once, among the commits

// Clocks differ: a lag below zero is none.
double seconds(Millis t) { return static_cast<double>(std::max(t, Millis{0}).count()) / 1000.0; }

Result<crypto::WebhookSigner> make_signer(const config::Environment& configured) {
  std::vector<std::string> secrets;
  for (const auto& secret : configured.secrets) secrets.push_back(secret.reveal());
  return crypto::WebhookSigner::create(secrets);
}

}  // namespace

Result<std::unique_ptr<EnvironmentRole>> EnvironmentRole::start(const std::string& name,
                                                                const config::Environment& configured,
                                                                Services services) {
  auto role = std::unique_ptr<EnvironmentRole>(new EnvironmentRole(name, configured, services));
  for (const auto step : {&EnvironmentRole::open, &EnvironmentRole::listen}) {
    if (auto done = (role.get()->*step)(); !done) return done.error();
  }
  return role;
}

EnvironmentRole::~EnvironmentRole() { drain(Millis{0}); }

Result<bool> EnvironmentRole::open() {
  auto opened = open_environment(configured_.store, name_, services_.clock.now());
  if (!opened) return opened.error();
  store_ = std::move(*opened);
  services_.health.require("environment " + name_, [this] {
    auto answer = store_->ping();
    return answer ? std::string{} : answer.error().message;
  });
  publish_metrics();
  return true;
}

Result<bool> EnvironmentRole::listen() {
  auto signer = make_signer(configured_);
  if (!signer)
    return Error{signer.error().code, fmt::format("environments.{}.secrets: {}", name_, signer.error().message)};
  receive::Receiver::Params params{*store_, services_.clock, std::move(*signer)};
  params.limits.body_bytes_max = static_cast<size_t>(configured_.max_body.bytes);
  params.on_event = [this](const receive::EventReport& report) { observe(report); };
  params.on_answer = [this](const receive::AnswerReport& report) {
    answer_seconds_->observe(std::chrono::duration<double>(report.took).count());
  };
  receiver_ = std::make_unique<receive::Receiver>(std::move(params));
  purger_ = std::make_unique<concurrency::Periodic>(kPurgePause, [this] { return purge(); });
  retrier_ = std::make_unique<concurrency::Periodic>(Millis{0}, [this] { return retry_quarantined(); });

  http::ServerParams listener;
  listener.listen = configured_.listen.address;
  listener.body_bytes_max = static_cast<size_t>(configured_.max_body.bytes);
  listener.buffered_bytes_max = std::max(listener.buffered_bytes_max, kLargestBodies * listener.body_bytes_max);
  auto server = http::Server::start(listener, [this](http::Request request, http::Respond respond) {
    receiver_->handle(std::move(request), std::move(respond));
  });
  if (!server)
    return Error{server.error().code, fmt::format("environments.{}.listen: {}", name_, server.error().message)};
  server_ = std::move(*server);
  url_ = server_->url();
  return true;
}

void EnvironmentRole::publish_metrics() {
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

void EnvironmentRole::observe(const receive::EventReport& report) {
  by_status_[static_cast<size_t>(report.status)]->add();
  if (report.status != store::Applied::applied) return;
  end_to_end_seconds_->observe(seconds(report.now - report.event.time));
  if (report.event.received != Instant{}) projection_lag_seconds_->observe(seconds(report.now - report.event.received));
}

Millis EnvironmentRole::purge() {
  auto removed = std::make_shared<std::promise<int64_t>>();
  auto answer = removed->get_future();
  const Instant now = services_.clock.now();
  const store::Purge step{.processed_before = now - configured_.processed_retention,
                          .quarantined_before = now - configured_.quarantined_retention,
                          .rows_max = kPurgeRows};
  receiver_->purge(step, [this, removed](Result<int64_t> result) {
    if (!result)
      services_.log.warn("retention step failed", {{"environment", name_}, {"reason", result.error().message}});
    removed->set_value(result ? *result : 0);
  });
  return answer.get() < kPurgeRows ? kPurgePause : Millis{0};
}

Millis EnvironmentRole::retry_quarantined() {
  if (!pass_.begun) pass_ = {.begun = services_.clock.now(), .counts = {}};
  std::promise<Result<receive::RetryCounts>> promise;
  auto answer = promise.get_future();
  receiver_->retry_quarantined(*pass_.begun,
                               [&promise](Result<receive::RetryCounts> step) { promise.set_value(std::move(step)); });
  const auto step = answer.get();
  if (!step) {
    services_.log.warn("quarantined events could not be tried again",
                       {{"environment", name_}, {"reason", step.error().message}});
    return kRetryAfterFailure;
  }
  auto& counts = pass_.counts;
  counts.tried += step->tried;
  counts.applied += step->applied;
  counts.ignored += step->ignored;
  counts.quarantined += step->quarantined;
  if (step->tried > 0) return Millis{0};
  if (counts.tried > 0) {
    services_.log.info("quarantined events tried again", {{"environment", name_},
                                                          {"tried", std::to_string(counts.tried)},
                                                          {"applied", std::to_string(counts.applied)},
                                                          {"ignored", std::to_string(counts.ignored)},
                                                          {"still_quarantined", std::to_string(counts.quarantined)}});
  }
  pass_ = {};
  return kRetryPause;
}

void EnvironmentRole::drain(Millis at_most) {
  if (server_) server_->drain(at_most);
  if (purger_) purger_->stop();
  if (retrier_) retrier_->stop();
  if (receiver_) receiver_->drain();
}

}  // namespace vf::app
