#include "app/ingest_role.h"

#include <fmt/format.h>

#include <future>

#include "app/stores.h"
#include "app/targets.h"

namespace vf::app {
namespace {

// A full step is followed by the next at once: it waits its turn among the committer's writes. Short pauses keep what
// gathers meanwhile small: at 15,000 events/s, fifteen steps.
constexpr Millis kRetentionPause{5'000};
constexpr int64_t kRetentionRows = 5'000;  // of each table: a few tens of milliseconds of the write lock
constexpr double kSecondsPerMilli = 1e-3;
// With 4,096 connections, of which each may hold http::kFreeRequestBytes and some 1.5 KiB of its own, these two keep the
// process below 64 MiB, whatever is sent (tests/e2e/test_overload.py).
constexpr size_t kBufferedBytes = 12u << 20;  // long requests
constexpr size_t kQueuedBytes = 12u << 20;    // events that wait for the committer
constexpr size_t kLargestBodies = 4;          // that fit into memory at once, whatever max_body is

double seconds(std::chrono::nanoseconds t) { return std::chrono::duration<double>(t).count(); }

http::ServerParams server_params(const config::Ingest& ingest) {
  http::ServerParams params;
  params.listen = ingest.listen.address;
  const auto cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  params.threads = ingest.threads > 0 ? static_cast<int>(ingest.threads) : cores;
  params.connections_max = static_cast<size_t>(ingest.connections_max);
  params.body_bytes_max = static_cast<size_t>(ingest.max_body.bytes);
  params.buffered_bytes_max = std::max(kBufferedBytes, kLargestBodies * params.body_bytes_max);
  params.request_timeout = ingest.request_timeout;
  params.response_timeout = ingest.patience + Millis{500};  // the committer answers first, with its own reason
  return params;
}

}  // namespace

Result<std::unique_ptr<IngestRole>> IngestRole::start(const config::Config& config, Services services) {
  auto role = std::unique_ptr<IngestRole>(new IngestRole(config, services));
  for (const auto step : {&IngestRole::open, &IngestRole::start_workers, &IngestRole::listen}) {
    if (auto done = (role.get()->*step)(); !done) return done.error();
  }
  return role;
}

IngestRole::~IngestRole() { drain(Millis{0}); }

Result<bool> IngestRole::open() {
  auto outbox = open_outbox(config_.ingest.store, services_.clock.now());
  if (!outbox) return outbox.error();
  outbox_ = std::move(*outbox);
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
    return answer ? std::string{} : answer.error().message;
  });
  return true;
}

Result<bool> IngestRole::start_workers() {
  commit_seconds_ =
      &services_.metrics.histogram("vf_commit_seconds", "One transaction of the shared store, begin to durable.");
  commit_events_ = &services_.metrics.histogram("vf_commit_events", "Events in one transaction.", {},
                                                {1, 2, 4, 8, 16, 32, 64, 128, 256, 512});
  concurrency::GroupCommitterParams limits;
  limits.waiting_max = static_cast<size_t>(config_.ingest.queue_events_max);
  limits.waiting_bytes_max = kQueuedBytes;
  committer_ = std::make_unique<ingest::Committer>(ingest::Committer::Params{
      *outbox_, services_.clock, limits,
      [this](const ingest::CommitReport& report, std::chrono::nanoseconds took) { observe(report, took); }});
  write_ = [this](store::Write write, std::function<void(Result<store::WriteResult>)> done) {
    committer_->write(std::move(write), std::move(done));
  };
  for (const auto& [name, configured] : config_.targets) {
    auto target = make_target(name, configured);
    const auto tuning = make_tuning(configured);
    fanout::TargetWorker::Params params{*outbox_,        write_,     make_client(target, tuning),
                                        services_.clock, seed(name), tuning};
    targets_.push_back(target);
    auto worker = fanout::TargetWorker::start(std::move(target), std::move(params));
    if (!worker) return Error{worker.error().code, fmt::format("targets.{}: {}", name, worker.error().message)};
    workers_.emplace(name, std::move(*worker));
    publish_target_metrics(name);
  }
  if (lake_) {
    ingest::RawLogFeederParams feeder;
    feeder.retention = raw_retention(config_.ingest);
    feeder_ = std::make_unique<ingest::RawLogWorker>(
        ingest::RawLogWorker::Params{*outbox_, write_, *lake_, services_.clock, seed(store::kRawLog), feeder});
    services_.health.report("lake", [this] {
      const auto status = feeder_->status();
      return status.last_error.empty() ? status.alarm : status.last_error;
    });
  }
  retention_ = std::make_unique<concurrency::Periodic>(kRetentionPause, [this] { return retain(); });
  return true;
}

uint64_t IngestRole::seed(std::string_view consumer) const {
  return std::hash<std::string_view>{}(consumer) ^ static_cast<uint64_t>(services_.clock.steady().count());
}

Result<bool> IngestRole::listen() {
  auto sources = make_sources(config_, key_fetcher_);
  if (!sources) return sources.error();
  count_sources(*sources);
  intake_ = std::make_unique<ingest::Intake>(
      ingest::Intake::Params{std::move(*sources), *committer_, services_.clock, config_.ingest.patience,
                             [this](const ingest::IntakeReport& report) { observe(report); }});
  auto server =
      http::Server::start(server_params(config_.ingest), [this](http::Request request, http::Respond respond) {
        intake_->handle(std::move(request), std::move(respond));
      });
  if (!server) return Error{server.error().code, "ingest.listen: " + server.error().message};
  server_ = std::move(*server);
  url_ = server_->url();
  publish_metrics();
  return true;
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

void IngestRole::observe(const ingest::IntakeReport& report) {
  const auto& counts = counts_.find(report.source)->second;
  counts.answer_seconds->observe(seconds(report.took));
  switch (report.outcome) {
    case ingest::Outcome::accepted:
      counts.accepted->add();
      counts.provider_lag_seconds->observe(
          static_cast<double>(std::max(report.event->received - report.event->time, Millis{0}).count()) *
          kSecondsPerMilli);
      return;
    case ingest::Outcome::duplicate:
      return counts.duplicate->add();
    case ingest::Outcome::handshake:
      return counts.handshake->add();
    case ingest::Outcome::refused:
      services_.metrics
          .counter("vf_intake_refusals_total", "Requests that were not proved, by reason.",
                   {{"source", std::string(report.source)}, {"reason", std::string(report.reason)}})
          .add();
      services_.log.noisy(obs::Level::info, "delivery refused", {{"source", report.source}, {"reason", report.reason}});
      return counts.refused->add();
    case ingest::Outcome::overloaded:
      return counts.overloaded->add();
    case ingest::Outcome::unavailable:
      return counts.unavailable->add();
    case ingest::Outcome::rejected:
      return counts.rejected->add();
  }
}

void IngestRole::observe(const ingest::CommitReport& report, std::chrono::nanoseconds took) {
  commit_seconds_->observe(seconds(took));
  if (report.added == 0) return;  // none before listen(): the workers are all there from here on
  commit_events_->observe(static_cast<double>(report.added));
  for (const auto& [name, worker] : workers_) worker->wake();
  if (feeder_) feeder_->wake();
}

void IngestRole::publish_metrics() {
  auto& metrics = services_.metrics;
  metrics.gauge("vf_intake_queue_events", "Writes that wait for the committer.", {},
                [this] { return static_cast<double>(committer_->waiting()); });
  metrics.gauge("vf_intake_connections", "Open connections of the public listener.", {},
                [this] { return static_cast<double>(server_->stats().connections_open); });
  if (!feeder_) return;
  metrics.counter_from("vf_raw_log_rows_total", "Rows written to the raw log.", {},
                       [this] { return static_cast<double>(feeder_->status().rows_inserted); });
  metrics.gauge("vf_raw_log_lag_seconds", "Age of the oldest event that is not in the raw log.", {}, [this] {
    const auto oldest = feeder_->status().backlog.oldest;
    return oldest ? static_cast<double>((services_.clock.now() - *oldest).count()) * kSecondsPerMilli : 0.0;
  });
}

void IngestRole::publish_target_metrics(const std::string& name) {
  auto& metrics = services_.metrics;
  const obs::Labels labels{{"target", name}};
  const auto count = [&](const char* metric, const char* help, int64_t fanout::Status::* field) {
    metrics.counter_from(metric, help, labels,
                         [this, name, field] { return static_cast<double>(worker(name)->status().*field); });
  };
  count("vf_target_delivered_total", "Events delivered.", &fanout::Status::delivered);
  count("vf_target_skipped_total", "Events passed over by filters, dry-run or detachment.", &fanout::Status::skipped);
  count("vf_target_retried_total", "Events put aside for another attempt.", &fanout::Status::retried);
  count("vf_target_dead_total", "Events put aside for good.", &fanout::Status::dead);
  count("vf_target_requests_total", "Requests sent.", &fanout::Status::requests);
  count("vf_target_requests_failed_total", "Requests that failed.", &fanout::Status::failed);
  metrics.gauge("vf_target_lag_seconds", "Age of the oldest event that is not dealt with.", labels,
                [this, name] { return static_cast<double>(worker(name)->status().lag.count()) * kSecondsPerMilli; });
  metrics.gauge("vf_target_delivery_lag_seconds", "Commit to answer, of the last request delivered.", labels,
                [this, name] {
                  return static_cast<double>(worker(name)->status().last_delivery_lag.count()) * kSecondsPerMilli;
                });
  metrics.gauge("vf_target_ok", "1: delivering; 0: backing off, open or detached.", labels,
                [this, name] { return worker(name)->status().state == fanout::State::ok ? 1.0 : 0.0; });
  services_.health.report("target " + name, [this, name] {
    const auto status = worker(name)->status();
    return status.state == fanout::State::ok ? std::string{} : status.last_error;
  });
}

Millis IngestRole::retain() {
  const Instant now = services_.clock.now();
  store::RetentionStep step{.outbox_before = now - config_.ingest.outbox_retention,
                            .ledger_before = now - config_.ingest.ledger_retention,
                            .held_by = {},
                            .rows_max = kRetentionRows};
  for (const auto& target : targets_) step.held_by.push_back(target.name);
  if (lake_) step.held_by.emplace_back(store::kRawLog);
  auto removed = std::make_shared<std::promise<int64_t>>();
  auto answer = removed->get_future();
  committer_->write(std::move(step), [this, removed](Result<store::WriteResult> result) {
    if (!result) services_.log.warn("retention step failed", {{"reason", result.error().message}});
    const auto* rows = result ? std::get_if<store::Rows>(&*result) : nullptr;
    removed->set_value(rows ? rows->removed : 0);
  });
  return answer.get() < kRetentionRows ? kRetentionPause : Millis{0};
}

fanout::TargetWorker* IngestRole::worker(const std::string& name) const {
  const auto found = workers_.find(name);
  return found == workers_.end() ? nullptr : found->second.get();
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

admin::LakeStatus IngestRole::lake_status() const {
  admin::LakeStatus result;
  if (!feeder_) return result;
  const auto status = feeder_->status();
  result.driver = config_.ingest.lake.kind == config::StoreUrl::Kind::chdb ? "chdb" : "clickhouse";
  result.state = status.last_error.empty() ? "ok" : "backing off";
  result.last_error = status.last_error;
  result.rows_inserted = status.rows_inserted;
  result.cursor = status.cursor;
  return result;
}

admin::Hub IngestRole::hub() {
  const auto no_target = [](const std::string& name) { return not_found("no target is called " + name); };
  admin::Hub hub{*outbox_, write_, targets_, {}, {}, {}, {}, {}, {}, {}, {}};
  hub.sources = [this] { return source_statuses(); };
  hub.target_statuses = [this] {
    std::vector<fanout::Status> statuses;
    statuses.reserve(workers_.size());
    for (const auto& [name, worker] : workers_) statuses.push_back(worker->status());
    return statuses;
  };
  hub.lake = [this] { return lake_status(); };
  if (lake_) hub.find_in_lake = [this](Uuid id) { return lake_->find(id); };
  hub.ask_environments = [this](Uuid id) { return app::ask_environments(targets_, id, services_.clock.now()); };
  hub.set_mode = [this, no_target](const std::string& name, std::optional<fanout::Mode> mode, admin::Done done) {
    auto* target = worker(name);
    if (!target) return done(no_target(name));
    mode ? target->set_mode(*mode, std::move(done)) : target->resume(std::move(done));
  };
  hub.retry_dead = [this, no_target](const std::string& name, Uuid id, admin::Done done) {
    auto* target = worker(name);
    target ? target->retry_dead(id, std::move(done)) : done(no_target(name));
  };
  hub.drop_dead = [this, no_target](const std::string& name, Uuid id, admin::Done done) {
    auto* target = worker(name);
    target ? target->drop_dead(id, std::move(done)) : done(no_target(name));
  };
  return hub;
}

void IngestRole::stop_listening(Millis at_most) {
  if (server_) server_->drain(at_most);
}

void IngestRole::drain(Millis at_most) {
  stop_listening(Millis{0});
  key_fetcher_.drain();
  if (retention_) retention_->stop();
  {
    std::vector<std::jthread> drains;  // at once: a slow target must not take the others' time
    drains.reserve(workers_.size() + 1);
    for (auto& [name, worker] : workers_) drains.emplace_back([&worker, at_most] { worker->drain(at_most); });
    if (feeder_) drains.emplace_back([this, at_most] { feeder_->drain(at_most); });
  }
  if (committer_) committer_->drain();
}

}  // namespace vf::app
