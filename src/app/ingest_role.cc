#include "app/ingest_role.h"

#include <fmt/format.h>

#include "app/listener.h"
#include "app/migrations.h"
#include "app/stores.h"
#include "base/seconds.h"

namespace vf::app {
namespace {

// With 4,096 connections, of which each may hold http::kFreeRequestBytes and some 1.5 KiB of its own, these two keep
// intake below 64 MiB, whatever is sent (tests/e2e/test_overload.py).
constexpr size_t kBufferedBytes = 12u << 20;  // long requests
constexpr size_t kQueuedBytes = 12u << 20;    // events that wait for the committer
// More than wait while one lane commits what 64 connections bring: below it a second lane only makes smaller batches,
// which cost more (docs/performance.md).
constexpr size_t kSecondLaneFrom = 128;
constexpr Millis kOverdueLook{200};

http::ServerParams server_params(const config::Ingest& ingest) {
  http::ServerParams params;
  params.listen = ingest.listen.address;
  const auto cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  params.threads = ingest.threads > 0 ? static_cast<int>(ingest.threads) : cores;
  params.connections_max = static_cast<size_t>(ingest.connections_max);
  params.buffered_bytes_max = kBufferedBytes;
  limit_bodies(params, ingest.max_body);
  params.request_timeout = ingest.request_timeout;
  params.response_timeout = ingest.patience + Millis{500};  // the intake answers first, with its own reason
  return params;
}

}  // namespace

Result<std::unique_ptr<IngestRole>> IngestRole::open(const config::Config& config, obs::Services services) {
  auto role = std::unique_ptr<IngestRole>(new IngestRole(config, services));
  VF_TRY(role->open_stores());
  return role;
}

Result<void> IngestRole::run() {
  if (auto started = start_workers(); !started) return started;
  return listen();
}

IngestRole::~IngestRole() { drain(Millis{0}); }

Result<void> IngestRole::open_stores() {
  VF_ASSIGN(auto outbox, open_outbox(config_.ingest.store, services_.clock.now()));
  outbox_ = std::move(outbox);
  tell_newer(shared_schema(config_.ingest, services_.clock), services_.log);
  auto lake = open_lake(config_.ingest, services_.clock);
  if (lake) {
    lake_ = std::move(*lake);
  } else if (lake.error().code == Code::not_found && !config_.ingest.lake_named) {
    services_.log.warn("running without a raw log", {{"reason", lake.error().message}});
    services_.health.report("lake", [reason = lake.error().message] { return reason; });
  } else {
    return lake.error();
  }
  services_.health.require("store", [this] {
    auto answer = outbox_->ping();
    return answer ? trouble_.reason(services_.clock.steady()) : answer.error().message;
  });
  if (auto ask = ask_horizon(config_.ingest.store)) watch::watch_horizon(std::move(ask), services_);
  if (is_shared(config_.ingest.store))
    watch::watch_clock("store clock", [this] { return outbox_->time(services_.clock.now()); }, services_);
  return {};
}

Result<void> IngestRole::start_workers() {
  commit_seconds_ =
      &services_.metrics.histogram("vf_commit_seconds", "One transaction of the shared store, begin to durable.");
  commit_events_ = &services_.metrics.histogram("vf_commit_events", "Events in one transaction.", {},
                                                {1, 2, 4, 8, 16, 32, 64, 128, 256, 512});
  concurrency::BatchQueueParams limits;
  limits.waiting_max = static_cast<size_t>(config_.ingest.queue_events_max);
  limits.waiting_bytes_max = kQueuedBytes;
  if (is_shared(config_.ingest.store)) {  // a commit there waits for the network, too
    limits.lanes = 2;
    limits.others_from = kSecondLaneFrom;
  }
  committer_ = std::make_unique<outbox::Committer>(outbox::Committer::Params{
      *outbox_, services_.clock, limits,
      [this](const outbox::CommitReport& report, std::chrono::nanoseconds took) { observe(report, took); }});
  VF_ASSIGN(auto consumers, Consumers::start({config_, services_, *outbox_, lake_.get(), *committer_}));
  consumers_ = std::move(consumers);
  return {};
}

Result<void> IngestRole::listen() {
  VF_ASSIGN(auto sources, make_sources(config_, key_fetcher_));
  count_sources(sources);
  intake_ = std::make_unique<intake::Intake>(
      intake::Intake::Params{std::move(sources), *committer_, services_.clock, config_.ingest.patience,
                             [this](const intake::IntakeReport& report) { observe(report); }});
  overdue_answers_ = std::make_unique<concurrency::PeriodicTask>(kOverdueLook, [this] {
    intake_->answer_overdue();
    return kOverdueLook;
  });
  auto server =
      http::Server::start(server_params(config_.ingest), [this](http::Request request, http::Respond respond) {
        intake_->handle(std::move(request), std::move(respond));
      });
  if (!server) return Error{server.error().code, "ingest.listen: " + server.error().message};
  server_ = std::move(*server);
  url_ = server_->url();
  publish_metrics();
  return {};
}

void IngestRole::count_sources(const SourceMap& sources) {
  auto& metrics = services_.metrics;
  const auto outcome = [&metrics](const std::string& source, const char* name) {
    return &metrics.counter("vf_intake_requests_total", "Webhook requests by source and outcome.",
                            {{"source", source}, {"outcome", name}});
  };
  for (const auto& [name, receiving] : sources) {
    counts_[name] = {
        .mode = receiving.fan_out ? "live" : "dry-run",
        .accepted = outcome(name, "accepted"),
        .duplicate = outcome(name, "duplicate"),
        .refused = outcome(name, "refused"),
        .unavailable = outcome(name, "unavailable"),
        .overloaded = outcome(name, "overloaded"),
        .rejected = outcome(name, "rejected"),
        .handshake = outcome(name, "handshake"),
        .answer_seconds = &metrics.histogram("vf_intake_seconds", "Request complete to answer.", {{"source", name}}),
        .provider_lag_seconds =
            &metrics.histogram("vf_provider_lag_seconds", "The provider's clock to our commit.", {{"source", name}})};
  }
}

void IngestRole::observe(const intake::IntakeReport& report) {
  const auto& counts = counts_.find(report.source)->second;
  counts.answer_seconds->observe(seconds(report.took));
  switch (report.outcome) {
    case intake::Outcome::accepted:
      counts.accepted->add();
      counts.provider_lag_seconds->observe(lag_seconds(report.event->received - report.event->time));
      return;
    case intake::Outcome::duplicate:
      return counts.duplicate->add();
    case intake::Outcome::handshake:
      return counts.handshake->add();
    case intake::Outcome::refused:
      services_.metrics
          .counter("vf_intake_refusals_total", "Requests that were not proved, by reason.",
                   {{"source", std::string(report.source)}, {"reason", std::string(report.reason)}})
          .add();
      services_.log.noisy(obs::Level::info, "delivery refused", {{"source", report.source}, {"reason", report.reason}});
      return counts.refused->add();
    case intake::Outcome::overloaded:
      return counts.overloaded->add();
    case intake::Outcome::unavailable:
      return counts.unavailable->add();
    case intake::Outcome::rejected:
      return counts.rejected->add();
  }
}

void IngestRole::observe(const outbox::CommitReport& report, std::chrono::nanoseconds took) {
  commit_seconds_->observe(seconds(took));
  if (report.trouble) {
    const auto& [code, message] = *report.trouble;
    trouble_.failed(message, services_.clock.steady());
    services_.log.noisy(obs::Level::error, "the shared store fails", {{"code", to_string(code)}, {"reason", message}});
  } else if (report.added + report.duplicates > 0) {
    trouble_.succeeded();
  }
  if (report.added == 0) return;  // none before listen(): the consumers are all there from here on
  commit_events_->observe(static_cast<double>(report.added));
  consumers_->wake(report.newest);
}

void IngestRole::publish_metrics() {
  auto& metrics = services_.metrics;
  metrics.gauge("vf_intake_queue_events", "Writes that wait for the committer.", {},
                [this] { return static_cast<double>(committer_->waiting()); });
  metrics.gauge("vf_intake_connections", "Open connections of the public listener.", {},
                [this] { return static_cast<double>(server_->stats().connections_open); });
  consumers_->publish_metrics();
}

std::vector<admin::SourceStatus> IngestRole::source_statuses() const {
  std::vector<admin::SourceStatus> statuses;
  for (const auto& [name, counts] : counts_) {
    const auto value = [](const obs::Counter* counter) { return static_cast<uint64_t>(counter->value()); };
    statuses.push_back({name, counts.mode, value(counts.accepted), value(counts.duplicate), value(counts.refused),
                        value(counts.unavailable)});
  }
  return statuses;
}

admin::Hub IngestRole::hub() {
  admin::Hub hub{.outbox = *outbox_, .writer = *committer_};
  consumers_->add_to(hub);
  hub.sources = [this] { return source_statuses(); };
  if (lake_) hub.find_in_lake = [this](Uuid id) { return lake_->find(id); };
  return hub;
}

void IngestRole::stop_listening(Millis at_most) {
  if (server_) server_->drain(at_most);
}

void IngestRole::drain(Millis at_most) {
  stop_listening(Millis{0});
  key_fetcher_.drain();
  if (consumers_) consumers_->drain(at_most);
  if (committer_) committer_->drain();
}

}  // namespace vf::app
