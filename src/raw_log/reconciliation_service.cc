#include "raw_log/reconciliation_service.h"

#include <fmt/format.h>

#include <utility>

#include "platform/thread_name.h"

namespace vf::raw_log {

ReconciliationService::ReconciliationService(Params params)
    : params_(std::move(params)), ports_{params_.outbox, params_.lake}, clock_(params_.outbox, params_.services.clock) {
  // Repairs are written without the rounds' lease, as an operator's are: the feeder that applies them has its own.
  auto begin = [this](outbox::Writer&) {
    return std::make_unique<ReconciliationRounds>(
        Reconciler::Params{.ports = ports_, .writer = params_.writer, .clock = clock_});
  };
  rounds_ = std::make_unique<outbox::Leased<ReconciliationRounds>>(params_.lease, std::move(begin));
}

void ReconciliationService::publish() {
  for (const auto& source : params_.sources) {
    params_.services.metrics.gauge(
        "vf_raw_log_difference_events",
        "Events that are missing, repeated or unknown in the raw log, in the hours that the last round compared.",
        {{"source", source}}, [this, source] {
          const auto difference = rounds().difference;
          const auto found = difference.find(source);
          return found == difference.end() ? 0.0 : static_cast<double>(found->second);
        });
  }
  params_.services.health.report("raw log reconciliation", [this] {
    const auto now = rounds();
    std::string text = now.last_error;
    for (const auto& [source, number] : now.difference) {
      if (number == 0) continue;
      text += fmt::format("{}{} of {} differ from the outbox", text.empty() ? "" : "; ", number, source);
    }
    return text;
  });
}

ReconcilerStatus ReconciliationService::rounds() const {
  const auto running = rounds_->worker();
  return running ? running->status() : ReconcilerStatus{};
}

Result<void> ReconciliationService::start(const ReconciliationRequest& request) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return unavailable("the hub is stopping");
  if (status_.state == "running") return conflict("a reconciliation is under way: wait for its end");
  status_ = {.state = "running", .error = {}, .from = request.from, .to = request.to, .lines = {}};
  running_ = platform::named_thread("reconcile-once", [this, request] { run(request); });
  return {};
}

void ReconciliationService::run(const ReconciliationRequest& request) {
  const ReconciliationRange range{.from = request.from, .to = request.to};
  auto found = reconcile(ports_, range, [this] { return stopped_.load(); });
  if (found && request.repair) {
    for (auto& write : repairs(*found, params_.services.clock.now())) {
      params_.writer.write(std::move(write), [](const auto&) {});
    }
  }
  const std::lock_guard lock(mutex_);
  status_.state = found ? "done" : "failed";
  if (!found) {
    status_.error = found.error().message;
    return;
  }
  status_.from = found->from;
  status_.to = found->to;
  status_.rows_read = found->rows_read;
  status_.difference = found->difference();
  status_.repaired = request.repair ? found->missing_total : 0;
  status_.lines = std::move(found->lines);
}

ReconciliationStatus ReconciliationService::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void ReconciliationService::drain(Millis at_most) {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  if (running_.joinable()) running_.join();
  rounds_->drain(at_most);
}

}  // namespace vf::raw_log
