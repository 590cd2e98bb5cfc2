#include "jobs/runner.h"

#include <cmath>
#include <utility>

#include "platform/thread_name.h"

namespace vf::jobs {
namespace {

using store::RunState;

constexpr std::array kOutcomes{RunState::done, RunState::failed, RunState::stopped, RunState::timeout, RunState::lost};

obs::Labels labels(const std::string& environment, const std::string& job) {
  obs::Labels all{{"job", job}};
  if (!environment.empty()) all.emplace_back("environment", environment);
  return all;
}

}  // namespace

/// The thread of one job. It works on the run that begin() hands over, and waits for the next one.
struct Runner::Worker {
  Worker(const std::string& name, const Job& its_job, std::function<void()> when_ended)
      : job(its_job),
        on_ended(std::move(when_ended)),
        thread(platform::named_thread(name, [this](const std::stop_token& stop) { work(stop); })) {}

  void begin(std::shared_ptr<Context> run) {
    const std::lock_guard lock(mutex);
    next = std::move(run);
    changed.notify_all();
  }

  void work(const std::stop_token& stop) {
    while (true) {
      std::shared_ptr<Context> context;
      {
        std::unique_lock lock(mutex);
        if (!changed.wait(lock, stop, [this] { return next != nullptr; })) return;
        context = std::exchange(next, nullptr);
      }
      context->end(job.run(*context));
      on_ended();
    }
  }

  const Job& job;
  const std::function<void()> on_ended;
  std::mutex mutex;
  std::condition_variable_any changed;
  std::shared_ptr<Context> next;
  std::jthread thread;  // last: uses the other members
};

Runner::Runner(Params params) : params_(std::move(params)), random_(params_.seed) {
  scheduler_ = std::make_unique<Scheduler>(Scheduler::Params{
      .jobs = params_.jobs.all(),
      .reads = params_.reads,
      .writer = params_.writer,
      .time = params_.time,
      .clock = params_.services.clock,
      .random = random_,
      .holder = params_.holder,
      .begin = [this](size_t index, std::shared_ptr<Context> context) { workers_[index]->begin(std::move(context)); },
      .on_end = [this](const Scheduler::Outcome& outcome) { count(outcome); }});
  for (const auto& job : params_.jobs.all()) {
    const auto name = params_.environment.empty() ? job.name : job.name + ":" + params_.environment;
    workers_.push_back(std::make_unique<Worker>(name, job, [this] { wake(); }));
  }
  publish();
  params_.jobs.on_request([this] {
    scheduler_->look();
    wake();
  });
  thread_ = platform::named_thread(params_.name, [this] { supervise(); });
}

Runner::~Runner() { drain(Millis{0}); }

void Runner::wake() {
  const std::lock_guard lock(mutex_);
  wake_ = true;
  woken_.notify_all();
}

void Runner::supervise() {
  for (const auto& job : params_.jobs.all()) {
    if (!job.at_start) continue;
    // Without the run, the job waits for its next tick.
    (void)params_.jobs.request({.job = job.name, .asked_by = "the start of " + params_.holder, .alone = true});
  }
  while (true) {
    const Millis pause = scheduler_->step();
    std::unique_lock lock(mutex_);
    if (draining_ && (scheduler_->is_idle() || params_.services.clock.steady() >= end_at_)) return;
    woken_.wait_for(lock, pause, [this] { return wake_; });
    wake_ = false;
  }
}

void Runner::drain(Millis at_most) {
  if (!thread_.joinable()) return;
  params_.jobs.on_request({});
  scheduler_->shut_down();
  {
    const std::lock_guard lock(mutex_);
    draining_ = true;
    end_at_ = params_.services.clock.steady() + at_most;
    wake_ = true;
    woken_.notify_all();
  }
  thread_.join();
  for (auto& worker : workers_) worker->thread.request_stop();
  workers_.clear();
}

void Runner::count(const Scheduler::Outcome& outcome) {
  auto& services = params_.services;
  const auto& [job, run, state, error, took] = outcome;
  if (state != RunState::waiting) {
    auto counted = labels(params_.environment, job.name);
    counted.emplace_back("outcome", store::to_string(state));
    services.metrics.counter("vf_job_runs_total", "Runs of a job that ended in this process, by outcome.", counted)
        .add();
    services.metrics.histogram("vf_job_seconds", "How long a run of a job took.", labels(params_.environment, job.name))
        .observe(std::chrono::duration<double>(took).count());
  }
  const auto name = params_.environment.empty() ? job.name : params_.environment + "/" + job.name;
  const auto id = run.id.to_string();
  if (state == RunState::failed || state == RunState::timeout || state == RunState::lost) {
    services.log.noisy(obs::Level::warn, "run of a job failed",
                       {{"job", name}, {"run", id}, {"outcome", store::to_string(state)}, {"reason", error}});
  } else if (!run.due) {
    const std::string how(state == RunState::waiting ? "given back" : store::to_string(state));
    services.log.info("run of a job ended", {{"job", name}, {"run", id}, {"outcome", how}, {"asked_by", run.asked_by}});
  }
}

// Every counter appears at 0 from the start, so that a rate shows its first increase.
void Runner::publish() {
  auto& metrics = params_.services.metrics;
  for (const auto& job : params_.jobs.all()) {
    const auto own = labels(params_.environment, job.name);
    for (const RunState state : kOutcomes) {
      auto counted = own;
      counted.emplace_back("outcome", store::to_string(state));
      metrics.counter("vf_job_runs_total", "Runs of a job that ended in this process, by outcome.", counted);
    }
    metrics.histogram("vf_job_seconds", "How long a run of a job took.", own);
    const auto state = [this, name = job.name] {
      for (auto& each : scheduler_->states()) {
        if (each.name == name) return each;
      }
      return Scheduler::State{};
    };
    metrics.gauge("vf_job_last_success_timestamp_seconds", "When the last run of a job that is done ended.", own,
                  [state] {
                    const auto at = state().succeeded_at;
                    return at ? static_cast<double>(unix_millis(*at)) / 1'000 : std::nan("");
                  });
    metrics.gauge("vf_job_late", "1 while a run of a job is overdue.", own,
                  [state] { return state().late ? 1.0 : 0.0; });
  }
  params_.services.health.report(params_.name, [this] { return scheduler_->alarm(); });
}

}  // namespace vf::jobs
