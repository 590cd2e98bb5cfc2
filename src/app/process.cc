#include "app/process.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "app/stores.h"
#include "platform/thread_name.h"

namespace vf::app {
namespace {

// The drain's stages follow one another, senders before receivers. A request that is not complete at the end of its
// stage is cut off.
constexpr Millis kListenersDrain{2'000};
constexpr Millis kWorkersDrain{3'000};
constexpr Millis kAdminDrain{500};
constexpr Millis kStoresDrain{5'000};  // then no call waits for a server that does not answer
static_assert(kStoresDrain >= kListenersDrain + kWorkersDrain);
static_assert(kListenersDrain + kWorkersDrain + kListenersDrain + kAdminDrain <= kDrainAtMost);

EnvironmentRole::Duties duties_of(settings::Role role) {
  using enum EnvironmentRole::Duties;
  return role == settings::Role::api ? receive : role == settings::Role::worker ? maintain : both;
}

}  // namespace

Process::Process(ProcessParams params)
    : load_(params.load),
      pause_(std::move(params.pause)),
      running_(std::move(params.load), std::move(params.loaded), clock_.now()),
      config_(*running_.settings()),
      log_(config_.log.format, config_.log.level) {
  metrics_.counter_from("vf_log_lines_dropped_total", "Log lines that nothing read in time.", {},
                        [this] { return static_cast<double>(log_.dropped()); });
}

Process::~Process() { drain(); }

// The shared store is opened before anything is changed, because that fails when another process works on it. Receivers
// start before senders. The admin listener starts last: once it answers, everything is ready.
Result<Addresses> Process::start() {
  for (const auto step : {&Process::start_fake_providers, &Process::open_ingest, &Process::start_environments,
                          &Process::run_ingest, &Process::start_admin}) {
    VF_TRY((this->*step)());
  }
  Addresses addresses;
  addresses.admin = admin_->url();
  if (ingest_) addresses.webhooks = ingest_->url();
  for (const auto& environment : environments_) {
    if (!environment->url().empty()) addresses.environments.emplace_back(environment->name(), environment->url());
  }
  if (fake_providers_) {
    addresses.simulated_kick = fake_providers_->url();
    VF_TRY(fake_providers_->play(ingest_->url()));
  }
  return addresses;
}

Waiting Process::waiting() {
  return {.pause = pause_, .begin = [this] { return begin_to_wait(); }};
}

// Probes of an orchestrator are answered during the wait, too: the process lives and is not ready. The admin listener
// of the wait ends before anything goes on that its checks could read.
std::shared_ptr<void> Process::begin_to_wait() {
  is_waiting_ = true;
  health_.require("start", [this] { return std::string(is_waiting_ ? "waiting for a store that is away" : ""); });
  auto listener = AdminRole::start(admin_params());
  if (!listener) log_.warn("no admin listener during the wait", {{"reason", listener.error().message}});
  std::shared_ptr<AdminRole> role = listener ? std::move(*listener) : nullptr;
  return {nullptr, [this, role](void*) {
            if (role) role->drain(Millis{0});
            is_waiting_ = false;
          }};
}

Result<void> Process::start_fake_providers() {
  if (!load_.simulated) return {};
  VF_ASSIGN(auto simulation, FakeProviders::start(config_, services_));
  fake_providers_ = std::move(simulation);
  fake_providers_->point_sources_here(config_.sources);
  return {};
}

Result<void> Process::start_environments() {
  if (load_.role == settings::Role::ingest) return {};
  for (const auto& [name, configured] : config_.environments) {
    if (load_.role != settings::Role::up && name != load_.environment) continue;
    VF_ASSIGN(auto role,
              EnvironmentRole::start({name, configured, services_, clocks_, duties_of(load_.role), waiting()}));
    environments_.push_back(std::move(role));
    reloads_.add([added = environments_.back().get()](const Change& change) { return added->prepare(change); });
  }
  return {};
}

Result<void> Process::open_ingest() {
  if (load_.role != settings::Role::up && load_.role != settings::Role::ingest) return {};
  VF_ASSIGN(auto role, IngestRole::open({config_, services_, clocks_, waiting()}));
  ingest_ = std::move(role);
  return {};
}

Result<void> Process::run_ingest() {
  if (!ingest_) return {};
  VF_TRY(ingest_->run());
  reloads_.add([this](const Change& change) { return ingest_->prepare(change); });
  return {};
}

AdminRole::Params Process::admin_params() {
  return {.config = config_, .services = services_, .config_in_force = [this] { return running_.to_json(); }};
}

admin::Forward Process::forward_to_environments() {
  if (!ingest_) return {};
  return [this](admin::EnvironmentCall call, admin::OnAnswer done) {
    ingest_->for_admin().hub.operations.call_environment(std::move(call), std::move(done));
  };
}

admin::Quarantines Process::quarantines() {
  admin::Quarantines quarantines{.forward = forward_to_environments()};
  for (auto& environment : environments_)
    quarantines.environments.emplace(environment->name(), environment->quarantine());
  if (!ingest_ && !environments_.empty()) quarantines.own = environments_.front()->name();
  return quarantines;
}

admin::JobPlaces Process::job_places() {
  admin::JobPlaces places{.clock = clock_, .process = &jobs_->jobs(), .forward = forward_to_environments()};
  for (auto& environment : environments_) places.environments.emplace(environment->name(), &environment->jobs());
  if (ingest_) {
    places.own = &ingest_->jobs();
  } else if (!environments_.empty()) {
    places.own = &environments_.front()->jobs();
  }
  return places;
}

Result<void> Process::start_admin() {
  jobs_ = std::make_unique<ProcessJobs>(services_);
  auto params = admin_params();
  if (ingest_) params.ingesting.emplace(ingest_->for_admin());
  params.jobs.emplace(job_places());
  params.quarantines = quarantines();
  VF_ASSIGN(auto role, AdminRole::start(std::move(params)));
  admin_ = std::move(role);
  reloads_.add([this](const Change& change) { return admin_->prepare(change); });
  return {};
}

Millis Process::drain_delay() const {
  const auto now = running_.settings();
  Millis longest = ingest_ ? now->ingest.drain_delay : Millis{0};
  for (const auto& environment : environments_) {
    longest = std::max(longest, now->environments.at(environment->name()).drain_delay);
  }
  return longest;
}

void Process::become_unready(Millis serve_for) {
  health_.require("stopping", [] { return std::string("the process stops: it gets no new traffic"); });
  std::this_thread::sleep_for(serve_for);
  limit_waits();
}

void Process::limit_waits() {
  if (store_deadline_.joinable()) return;
  store_deadline_ = platform::named_thread("store-deadline", [](const std::stop_token& drained) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any never;
    never.wait_for(lock, drained, kStoresDrain, [] { return false; });
    if (!drained.stop_requested()) leave_servers();
  });
}

void Process::drain() {
  limit_waits();
  std::jthread own_jobs;  // beside the rest: a health check may wait for a store
  if (jobs_) own_jobs = platform::named_thread("drain:process", [this] { jobs_->drain(Millis{0}); });
  if (fake_providers_) fake_providers_->stop();
  if (ingest_) ingest_->stop_listening(kListenersDrain);
  if (ingest_) ingest_->drain(kWorkersDrain);
  {
    std::vector<std::jthread> drains;
    drains.reserve(environments_.size());
    for (auto& environment : environments_)
      drains.push_back(platform::named_thread("drain:" + environment->name(),
                                              [&environment] { environment->drain(kListenersDrain); }));
  }
  if (admin_) admin_->drain(kAdminDrain);
  if (own_jobs.joinable()) own_jobs.join();
  store_deadline_ = {};
}

}  // namespace vf::app
