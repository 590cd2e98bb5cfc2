#include "app/process.h"

#include <thread>

#include "platform/heap.h"
#include "platform/thread_name.h"

namespace vf::app {
namespace {

constexpr Millis kHealthPause{2'000};
constexpr Millis kMemoryPause{2'000};  // between two checks for freed memory

// The drain's stages follow one another, senders before receivers. A request that is not complete at the end of its
// stage is cut off.
constexpr Millis kListenersDrain{2'000};
constexpr Millis kWorkersDrain{3'000};
constexpr Millis kAdminDrain{500};
static_assert(kListenersDrain + kWorkersDrain + kListenersDrain + kAdminDrain <= kDrainAtMost);

EnvironmentRole::Duties duties_of(settings::Role role) {
  using enum EnvironmentRole::Duties;
  return role == settings::Role::api ? receive : role == settings::Role::worker ? maintain : both;
}

}  // namespace

Process::Process(ProcessParams params)
    : params_(std::move(params)), log_(params_.config.log.format, params_.config.log.level) {}

Process::~Process() { drain(); }

// The shared store is opened before anything is changed, because that fails when another process works on it. Receivers
// start before senders. The admin listener starts last: once it answers, everything is ready.
Result<Addresses> Process::start() {
  memory_ = std::make_unique<concurrency::PeriodicTask>("heap-trim", kMemoryPause, [] {
    platform::give_back_freed_memory();
    return kMemoryPause;
  });
  for (const auto step : {&Process::start_fake_providers, &Process::open_ingest, &Process::start_environments,
                          &Process::run_ingest, &Process::start_admin}) {
    VF_TRY((this->*step)());
  }
  health_logger_ = std::make_unique<concurrency::PeriodicTask>("health-log", kHealthPause, [this] {
    health_log_.poll();
    return kHealthPause;
  });
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

Result<void> Process::start_fake_providers() {
  if (!params_.simulated) return {};
  VF_ASSIGN(auto simulation, FakeProviders::start(params_.config, services_));
  fake_providers_ = std::move(simulation);
  fake_providers_->point_sources_here(params_.config.sources);
  return {};
}

Result<void> Process::start_environments() {
  if (params_.role == settings::Role::ingest) return {};
  for (const auto& [name, configured] : params_.config.environments) {
    if (params_.role != settings::Role::up && name != params_.environment) continue;
    VF_ASSIGN(auto role, EnvironmentRole::start({name, configured, services_, clocks_, duties_of(params_.role)}));
    environments_.push_back(std::move(role));
  }
  return {};
}

Result<void> Process::open_ingest() {
  if (params_.role != settings::Role::up && params_.role != settings::Role::ingest) return {};
  VF_ASSIGN(auto role, IngestRole::open(params_.config, services_, clocks_));
  ingest_ = std::move(role);
  return {};
}

Result<void> Process::run_ingest() {
  if (!ingest_) return {};
  return ingest_->run();
}

Result<void> Process::start_admin() {
  VF_ASSIGN(auto role,
            AdminRole::start(params_.config.admin, ingest_ ? std::optional(ingest_->hub()) : std::nullopt, services_));
  admin_ = std::move(role);
  return {};
}

void Process::drain() {
  if (health_logger_) health_logger_->stop();
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
  if (memory_) memory_->stop();
}

}  // namespace vf::app
