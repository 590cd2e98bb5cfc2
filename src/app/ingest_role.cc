#include "app/ingest_role.h"

#include <fmt/format.h>

#include "app/listener.h"
#include "app/migrations.h"
#include "app/stores.h"
#include "base/seconds.h"
#include "platform/thread_name.h"

namespace vf::app {
namespace {

// Each of 4,096 connections may hold http::kFreeRequestBytes and some 1.5 KiB of its own. With that, these two bounds
// keep intake below 64 MiB whatever is sent (tests/e2e/test_overload.py).
constexpr size_t kBufferedBytes = 12u << 20;  // long requests
constexpr size_t kQueuedBytes = 12u << 20;    // events that wait for the committer
// More writes than 64 connections queue during one commit. While fewer writes wait, a second lane would only make the
// batches smaller, which costs more per event (docs/performance.md).
constexpr size_t kSecondLaneFrom = 128;
constexpr Millis kOverdueCheckEvery{200};

http::ServerParams server_params(const settings::Ingest& ingest, obs::Log& log) {
  http::ServerParams params = ingest.webhooks;
  if (params.threads == 0) params.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  params.buffered_bytes_max = kBufferedBytes;
  make_room_for_bodies(params);
  leave_files_to_others(params, log);
  params.response_timeout = ingest.answer_timeout + Millis{500};  // the intake answers first, with a reason
  return params;
}

}  // namespace

Result<std::unique_ptr<IngestRole>> IngestRole::open(Params params) {
  auto role = std::unique_ptr<IngestRole>(new IngestRole(params));
  VF_TRY(role->open_stores(params.waiting));
  VF_TRY(role->watch_clocks(params.clocks));
  return role;
}

Result<void> IngestRole::run() {
  if (auto started = start_workers(); !started) return started;
  return listen();
}

IngestRole::~IngestRole() { drain(Millis{0}); }

Result<void> IngestRole::open_stores(const Waiting& waiting) {
  StoreWait wait({"ingest.store", config_.ingest.wait_for_stores, services_, waiting});
  VF_ASSIGN(auto outbox, wait.open([this] { return open_outbox(config_.ingest.store, services_.clock.now()); }));
  outbox_ = std::move(outbox);
  log_newer(shared_schema(config_.ingest, services_.clock), services_.log);
  auto lake = open_lake(config_.ingest, services_.clock);
  if (lake) {
    lake_ = std::move(*lake);
  } else if (lake.error().code == Code::not_found && !config_.ingest.lake_named) {
    services_.log.warn("running without a raw log until the next start", {{"reason", lake.error().message}});
    services_.health.report("lake", [reason = lake.error().message] { return reason; });
  } else {
    return lake.error();
  }
  services_.health.require("store", [this]() -> obs::Health::Finding {
    if (auto answer = outbox_->ping(); !answer) return answer.error().message;
    if (committer_) {
      if (auto failure = committer_->recent_failure(); !failure.empty()) return failure;
    }
    return obs::Health::Finding::healthy_with_note(obstacle_to_restart(config_.ingest.store));
  });
  if (auto ask = ask_horizon(config_.ingest.store)) watch::watch_horizon(std::move(ask), services_);
  return {};
}

Result<void> IngestRole::watch_clocks(watch::TrustedClocks& clocks) {
  VF_ASSIGN(const auto newest, outbox_->search({.rows_max = 1}));
  std::optional<watch::ClockGuard::Kept> kept;
  if (!newest.empty()) kept = {.newest = newest.front().event.received, .span = config_.ingest.outbox_retention};
  if (!is_shared(config_.ingest.store)) {
    time_ = &clocks.machine(kept);
    return {};
  }
  const auto ask = [this] { return outbox_->time(services_.clock.now()); };
  watch::watch_clock("store clock", ask, services_);
  time_ = &clocks.server("store", ask, kept);
  return {};
}

Result<void> IngestRole::start_workers() {
  concurrency::BatchQueueParams limits = config_.ingest.queue;
  limits.waiting_bytes_max = kQueuedBytes;
  if (is_shared(config_.ingest.store)) {  // a commit also waits for the network
    limits.lanes = 2;
    limits.others_from = kSecondLaneFrom;
  }
  committer_ = std::make_unique<outbox::Committer>(
      outbox::Committer::Params{.store = *outbox_, .services = services_, .limits = limits});
  VF_ASSIGN(auto consumers, Consumers::start({config_, services_, *outbox_, *time_, lake_.get(), *committer_}));
  consumers_ = std::move(consumers);
  jobs_ = std::make_unique<HubJobs>(
      HubJobs::Params{config_, services_, *outbox_, *time_, lake_.get(), *committer_, *consumers_});
  return {};
}

Result<void> IngestRole::listen() {
  VF_ASSIGN(auto sources, make_sources(config_, key_fetcher_));
  intake_ =
      std::make_unique<intake::Intake>(intake::Intake::Params{.sources = std::move(sources),
                                                              .committer = *committer_,
                                                              .services = services_,
                                                              .body_bytes_max = config_.ingest.webhooks.body_bytes_max,
                                                              .answer_timeout = config_.ingest.answer_timeout});
  operations_ = std::make_unique<HubOperations>(HubOperations::Params{.config = config_,
                                                                      .clock = services_.clock,
                                                                      .outbox = *outbox_,
                                                                      .committer = *committer_,
                                                                      .lake = lake_.get(),
                                                                      .consumers = *consumers_,
                                                                      .jobs = jobs_->jobs(),
                                                                      .intake = *intake_,
                                                                      .environments = environment_calls_});
  overdue_answers_ = std::make_unique<concurrency::PeriodicTask>("overdue-answers", kOverdueCheckEvery, [this] {
    intake_->answer_overdue();
    return kOverdueCheckEvery;
  });
  auto server = http::Server::start("webhooks", server_params(config_.ingest, services_.log), intake_->handler());
  if (!server) return Error{server.error().code, "ingest.listen: " + server.error().message};
  server_ = std::move(*server);
  url_ = server_->url();
  services_.metrics.gauge("vf_intake_connections", "Open connections of the public listener.", {},
                          [this] { return static_cast<double>(server_->stats().connections_open); });
  consumers_->publish_metrics();
  return {};
}

AdminRole::Ingesting IngestRole::for_admin() {
  return {.hub = {.outbox = *outbox_, .operations = *operations_, .clock = services_.clock}, .writer = *committer_};
}

Result<PutIntoForce> IngestRole::prepare(const Change& change) {
  VF_ASSIGN(auto put_jobs, jobs_->prepare(change));
  VF_ASSIGN(auto put_sources, prepare_sources(change));
  VF_ASSIGN(auto put_consumers, consumers_->prepare(change));
  return PutIntoForce(
      [jobs = std::move(put_jobs), sources = std::move(put_sources), consumers = std::move(put_consumers)]() mutable {
        jobs();
        sources();
        consumers();
      });
}

Result<PutIntoForce> IngestRole::prepare_sources(const Change& change) {
  if (!change.concerns("sources.")) return PutIntoForce([] {});
  VF_ASSIGN(auto sources, make_sources(*change.settings, key_fetcher_));
  const auto running = intake_->sources();
  for (auto& [name, receiving] : sources) {  // one that has not changed keeps what it has learned, such as fetched keys
    const auto before = running.find(name);
    if (before != running.end() && !change.concerns("sources." + name + ".")) receiving = before->second;
  }
  return PutIntoForce([this, sources = std::move(sources)]() mutable { intake_->replace_sources(std::move(sources)); });
}

void IngestRole::stop_listening(Millis at_most) {
  if (intake_) intake_->answer_within(at_most - std::min(at_most, 2 * kOverdueCheckEvery));
  if (server_) server_->drain(at_most);
}

void IngestRole::drain(Millis at_most) {
  stop_listening(Millis{0});
  key_fetcher_.drain();
  environment_calls_.drain();
  {
    std::jthread jobs;  // beside the consumers: together they have `at_most`
    if (jobs_) jobs = platform::named_thread("drain:jobs", [this, at_most] { jobs_->drain(at_most); });
    if (consumers_) consumers_->drain(at_most);
  }
  if (committer_) committer_->drain();
}

}  // namespace vf::app
