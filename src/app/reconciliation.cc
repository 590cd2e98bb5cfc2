#include "app/reconciliation.h"

#include <fmt/format.h>

#include "platform/thread_name.h"

namespace vf::app {

RawLogReconciliation::RawLogReconciliation(Params params)
    : params_(std::move(params)), ports_{params_.outbox, params_.lake}, clock_(params_.outbox, params_.services.clock) {
  // Repairs are written as an operator's are: the feeder works under a lease of its own.
  auto begin = [this](outbox::Writer&) {
    return std::make_unique<ReconciliationRounds>(raw_log::Reconciler::Params{ports_, params_.writer, clock_});
  };
  rounds_ = std::make_unique<outbox::Leased<ReconciliationRounds>>(params_.lease, std::move(begin));
}

void RawLogReconciliation::add_to(admin::Hub& hub) {
  hub.start_reconciliation = [this](const admin::ReconciliationRequest& request, const outbox::OnDone& done) {
    done(start(request));
  };
  hub.reconciliation = [this] { return status(); };
}

void RawLogReconciliation::publish_metrics() {
  for (const auto& source : params_.sources) {
    params_.services.metrics.gauge("vf_lake_difference",
                                   "Events missing, repeated or unknown in the raw log, in the hours proved last.",
                                   {{"source", source}}, [this, source] {
                                     const auto difference = rounds().difference;
                                     const auto found = difference.find(source);
                                     return found == difference.end() ? 0.0 : static_cast<double>(found->second);
                                   });
  }
  params_.services.health.report("lake proof", [this] {
    const auto now = rounds();
    std::string text = now.last_error;
    for (const auto& [source, number] : now.difference) {
      if (number != 0)
        text += fmt::format("{}{} of {} differ from the outbox", text.empty() ? "" : "; ", number, source);
    }
    return text;
  });
}

raw_log::ReconcilerStatus RawLogReconciliation::rounds() const {
  const auto running = rounds_->worker();
  return running ? running->status() : raw_log::ReconcilerStatus{};
}

Result<void> RawLogReconciliation::start(const admin::ReconciliationRequest& request) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return unavailable("the hub is stopping");
  if (asked_.state == "running") return conflict("a proof is under way: wait for its end");
  asked_ = {.state = "running", .error = {}, .from = request.from, .to = request.to, .lines = {}};
  asking_ = platform::named_thread("reconcile-once", [this, request] { run(request); });
  return {};
}

void RawLogReconciliation::run(const admin::ReconciliationRequest& request) {
  const auto proof = raw_log::reconcile(ports_, {request.from, request.to}, [this] { return stopped_.load(); });
  if (proof && request.repair) {
    for (auto& write : raw_log::repairs(*proof, params_.services.clock.now())) {
      params_.writer.write(std::move(write), [](const auto&) {});
    }
  }
  const std::lock_guard lock(mutex_);
  asked_.state = proof ? "done" : "failed";
  if (!proof) {
    asked_.error = proof.error().message;
    return;
  }
  asked_.from = proof->from;
  asked_.to = proof->to;
  asked_.rows_read = proof->rows_read;
  asked_.difference = proof->difference();
  asked_.repaired = request.repair ? proof->missing_total : 0;
  for (const auto& line : proof->lines) {
    asked_.lines.push_back(
        {line.hour, line.source, line.outbox, line.lake, line.missing, line.put_aside, line.repeated, line.unknown});
  }
}

admin::ReconciliationStatus RawLogReconciliation::status() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

void RawLogReconciliation::drain(Millis at_most) {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  if (asking_.joinable()) asking_.join();
  rounds_->drain(at_most);
}

}  // namespace vf::app
