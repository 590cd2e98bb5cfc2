#include "app/consumers.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "app/holder.h"
#include "app/stores.h"
#include "fanout/target_metrics.h"
#include "platform/thread_name.h"
#include "raw_log/feeder_metrics.h"

namespace vf::app {
namespace {

constexpr Millis kWorkersTimeout{2'000};
constexpr Millis kReplaceTimeout{4'000};
constexpr Millis kReadEvery{5'000};  // what the store holds of the targets: some index entries of each

// Returns the name under which this process holds leases. An exclusive store has a fixed name, with which a restarted
// process gets its leases back at once.
std::string holder_name(bool shared, uint64_t chance) { return shared ? process_name(chance) : "this installation"; }

}  // namespace

Consumers::Consumers(Params params)
    : params_(params), holder_(holder_name(is_shared(params_.config.ingest.store), seed("holder"))) {
  std::vector<fanout::Target> targets;
  for (const auto& [name, configured] : params_.config.targets) {
    targets.push_back(configured.target);
    totals_.emplace(name, std::make_shared<fanout::Totals>());
  }
  targets_.replace(std::make_shared<const std::vector<fanout::Target>>(std::move(targets)));
}

Result<std::unique_ptr<Consumers>> Consumers::start(Params params) {
  std::unique_ptr<Consumers> consumers(new Consumers(params));
  for (const auto& [name, configured] : consumers->params_.config.targets) {
    if (auto started = consumers->start_target(configured); !started) {
      return Error{started.error().code, fmt::format("targets.{}: {}", name, started.error().message)};
    }
  }
  consumers->warn_of_orders(consumers->targets());
  if (consumers->params_.lake) consumers->start_feeder();
  if (!is_shared(consumers->params_.config.ingest.store)) consumers->wait_for_workers();
  return consumers;
}

Result<void> Consumers::start_target(const settings::Target& configured) {
  const auto& [target, tuning] = configured;
  VF_TRY(crypto::WebhookSigner::create(target.secrets));
  // The cursor is set before the first event is received: the worker may have to wait for its lease, and the events
  // that arrive meanwhile must be delivered too.
  const store::Write begin = fanout::start_consumer(target);
  const auto begun = params_.outbox.write(std::span(&begin, 1), params_.services.clock.now(), nullptr);
  if (!begun) return begun.error();
  auto leased = std::make_unique<TargetWorker>(lease(target.name), starter(configured));
  params_.committer.add_follower(*leased);
  workers_.emplace(target.name, std::move(leased));
  return {};
}

Consumers::TargetWorker::Start Consumers::starter(const settings::Target& configured) {
  const auto& [target, tuning] = configured;
  auto on_dead = [&log = params_.services.log, name = target.name](Uuid event_id, const std::string& reason) {
    log.noisy(obs::Level::warn, "event became a dead letter",
              {{"target", name}, {"event", event_id.to_string()}, {"reason", reason}});
  };
  return [this, target, on_dead, tuning](outbox::Writer& writer) {
    fanout::TargetWorker::Params params{.outbox = params_.outbox,
                                        .writer = writer,
                                        .client = make_client(target, tuning),
                                        .clock = params_.services.clock,
                                        .seed = seed(target.name),
                                        .trusted_now = [&time = params_.time] { return time.now(); },
                                        .tuning = tuning,
                                        .on_dead = on_dead,
                                        .totals = totals_.at(target.name)};
    return std::move(*fanout::TargetWorker::start(target, std::move(params)));
  };
}

Result<PutIntoForce> Consumers::prepare(const Change& change) {
  std::vector<settings::Target> concerned;
  std::vector<fanout::Target> with_new_mode;
  for (const auto& [name, leased] : workers_) {
    if (!change.concerns("targets." + name + ".")) continue;
    concerned.push_back(change.settings->targets.at(name));
    if (change.concerns("targets." + name + ".mode")) with_new_mode.push_back(concerned.back().target);
    const auto signer = crypto::WebhookSigner::create(concerned.back().target.secrets);
    if (!signer) return Error{signer.error().code, fmt::format("targets.{}.secret: {}", name, signer.error().message)};
  }
  return PutIntoForce([this, concerned = std::move(concerned), with_new_mode = std::move(with_new_mode)] {
    replace_workers(concerned);
    if (!with_new_mode.empty()) warn_of_orders(with_new_mode);
  });
}

// An order outlives changes of the file, which would seem to have taken effect.
void Consumers::warn_of_orders(const std::vector<fanout::Target>& targets) const {
  const auto settings = params_.outbox.settings();
  if (!settings) return;  // the store's own check says so
  for (const auto& target : targets) {
    const auto ordered = fanout::mode_against_configuration(*settings, target);
    if (!ordered) continue;
    params_.services.log.warn("the configured mode has no effect, because an operator has ordered another",
                              {{"target", target.name},
                               {"ordered", fanout::to_string(*ordered)},
                               {"configured", fanout::to_string(target.mode)}});
  }
}

void Consumers::replace_workers(const std::vector<settings::Target>& configured) {
  auto targets = std::make_shared<std::vector<fanout::Target>>(*targets_.get());
  for (const auto& one : configured) {
    *std::ranges::find(*targets, one.target.name, &fanout::Target::name) = one.target;
  }
  targets_.replace(std::move(targets));
  for (const auto& one : configured) workers_.at(one.target.name)->replace(starter(one));
  const auto& clock = params_.services.clock;
  const auto deadline = clock.steady() + kReplaceTimeout;
  for (const auto& one : configured) {
    workers_.at(one.target.name)->wait_for_replacement(std::chrono::ceil<Millis>(deadline - clock.steady()));
  }
}

void Consumers::start_feeder() {
  raw_log::FeederParams feeder;
  feeder.retention = raw_retention(params_.config.ingest);
  auto start = [this, feeder](outbox::Writer& writer) {
    return std::make_unique<raw_log::Worker>(raw_log::Worker::Params{.outbox = params_.outbox,
                                                                     .writer = writer,
                                                                     .lake = *params_.lake,
                                                                     .clock = params_.services.clock,
                                                                     .seed = seed(store::kRawLog),
                                                                     .feeder = feeder});
  };
  feeder_ = std::make_unique<outbox::Leased<raw_log::Worker>>(lease(std::string(store::kRawLog)), std::move(start));
  params_.committer.add_follower(*feeder_);
}

outbox::LeaseKeeper::Params Consumers::lease(std::string name) const {
  return {.name = std::move(name),
          .holder = holder_,
          .writer = params_.committer,
          .clock = params_.services.clock,
          .exclusive = !is_shared(params_.config.ingest.store)};
}

uint64_t Consumers::seed(std::string_view consumer) const {
  return std::hash<std::string_view>{}(consumer) ^ static_cast<uint64_t>(params_.services.clock.steady().count());
}

// On an exclusive store no other process can hold the leases, so every worker starts within one commit. Once this
// process reports ready, each target must have its worker.
void Consumers::wait_for_workers() const {
  const auto& clock = params_.services.clock;
  const auto deadline = clock.steady() + kWorkersTimeout;
  for (const auto& [name, leased] : workers_) {
    leased->wait_for_worker(std::chrono::ceil<Millis>(deadline - clock.steady()));
  }
}

std::shared_ptr<fanout::TargetWorker> Consumers::worker(const std::string& target) const {
  const auto found = workers_.find(target);
  return found == workers_.end() ? nullptr : found->second->worker();
}

std::optional<fanout::Target> Consumers::target(const std::string& name) const {
  const auto targets = targets_.get();
  const auto found = std::ranges::find(*targets, name, &fanout::Target::name);
  return found == targets->end() ? std::nullopt : std::optional(*found);
}

std::string Consumers::holder_of(const std::string& name) const {
  const auto holder = workers_.at(name)->holder();
  return holder.empty() || holder == holder_ ? "no process at the moment" : holder;
}

// Returns the status of a target that another process works on, as far as the store holds it.
fanout::Status Consumers::status_from_store(const fanout::Target& target) const {
  fanout::Status status;
  status.name = target.name;
  status.mode = target.mode;
  status.worked_by = holder_of(target.name);
  static_cast<fanout::Counts&>(status) = totals_.at(target.name)->get();
  if (auto cursor = params_.outbox.cursor(target.name); cursor && *cursor) status.cursor = **cursor;
  if (auto settings = params_.outbox.settings()) status.mode = fanout::ordered_mode(*settings, target);
  if (status.mode == fanout::Mode::detached) status.state = fanout::State::detached;
  status.alarm = fanout::alarm_of(status.mode);
  return status;
}

raw_log::FeederStatus Consumers::feeder_status() const {
  if (const auto running = feeder_->worker()) return running->status();
  raw_log::FeederStatus status;
  if (auto cursor = params_.outbox.cursor(std::string(store::kRawLog))) status.cursor = *cursor;
  return status;
}

std::vector<fanout::Status> Consumers::target_statuses() const {
  std::vector<fanout::Status> statuses;
  const auto targets = targets_.get();
  statuses.reserve(targets->size());
  for (const auto& target : *targets) {
    const auto running = worker(target.name);
    statuses.push_back(running ? running->status() : status_from_store(target));
  }
  return statuses;
}

void Consumers::row_changed(const std::string& consumer, Uuid event_id) {
  if (consumer == store::kRawLog) {
    if (const auto running = feeder_->worker()) running->wake();
  } else if (const auto running = worker(consumer)) {
    running->row_changed(event_id);
  }
}

void Consumers::publish_metrics() {
  const auto targets = targets_.get();
  for (const auto& target : *targets) publish_target(target.name);
  publish_store();
  if (!feeder_) return;
  raw_log::publish_metrics(params_.services.metrics, params_.services.clock, [this] { return feeder_status(); });
  params_.services.health.report("lake", [this] {
    const auto status = feeder_status();
    return status.last_error.empty() ? status.alarm : status.last_error;
  });
}

void Consumers::read_store() {
  if (const auto read = watch_.read(); !read) {
    params_.services.log.noisy(obs::Level::warn, "what the store holds of the targets could not be read",
                               {{"reason", read.error().message}});
  }
  for (const auto& left : watch_.left()) {
    if (!left_.insert(left.name).second) continue;
    params_.services.health.report("target " + left.name, [this, name = left.name] { return watch_.alarm(name); });
  }
}

void Consumers::publish_store() {
  read_store();
  const auto dead_letters = [this](const std::string& name) {
    return [this, name] { return watch_.dead_letters(name); };
  };
  const auto configured = targets_.get();
  for (const auto& target : *configured) {
    fanout::publish_dead_letters(params_.services.metrics, target.name, dead_letters(target.name));
  }
  if (feeder_) raw_log::publish_dead_letters(params_.services.metrics, dead_letters(std::string(store::kRawLog)));
  reads_ = std::make_unique<concurrency::PeriodicTask>("target-watch", kReadEvery, [this] {
    read_store();
    return kReadEvery;
  });
}

void Consumers::publish_target(const std::string& name) {
  const auto status = [this, name]() -> std::optional<fanout::Status> {
    const auto running = worker(name);
    return running ? std::optional(running->status()) : std::nullopt;
  };
  fanout::publish_metrics(params_.services.metrics, name, status, totals_.at(name));
  params_.services.health.report("target " + name, [this, name, status] {
    using Finding = obs::Health::Finding;
    const auto now = status();
    if (!now) return Finding::healthy_with_note("worked by " + holder_of(name));
    if (!now->alarm.empty()) return Finding(now->alarm);
    return Finding(now->state == fanout::State::ok ? std::string{} : now->last_error);
  });
}

void Consumers::drain(Millis at_most) {
  if (reads_) reads_->stop();
  // A statement that the lake never answers must not delay the drain beyond `at_most`.
  std::jthread deadline;  // declared first: ends after the drains
  if (params_.lake) {
    deadline = platform::named_thread("lake-deadline", [lake = params_.lake, at_most](const std::stop_token& drained) {
      std::mutex mutex;
      std::unique_lock lock(mutex);
      std::condition_variable_any never;
      never.wait_for(lock, drained, at_most, [] { return false; });
      if (!drained.stop_requested()) lake->give_up();
    });
  }
  std::vector<std::jthread> drains;  // in parallel: a slow target must not use up the others' time
  const auto begin = [&drains, at_most](const std::string& name, auto& drained) {
    if (!drained) return;
    drains.push_back(platform::named_thread("drain:" + name, [&drained, at_most] { drained->drain(at_most); }));
  };
  for (auto& [name, leased] : workers_) begin(name, leased);
  begin("raw-log", feeder_);
}

}  // namespace vf::app
