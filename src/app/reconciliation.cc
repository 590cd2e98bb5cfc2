#include "app/reconciliation.h"

#include <fmt/format.h>

namespace vf::app {

LakeProof::LakeProof(Params params)
    : params_(std::move(params)), ports_{params_.outbox, params_.lake}, clock_(params_.outbox, params_.services.clock) {
  // Repairs are written as an operator's are: the feeder works under a lease of its own.
  auto begin = [this](const store::WriteOutbox&) {
    return std::make_unique<ProofRounds>(raw_log::RawLogProver::Params{ports_, params_.write, clock_});
  };
  rounds_ = std::make_unique<outbox::Leased<ProofRounds>>(params_.lease, std::move(begin));
}

void LakeProof::add_to(admin::Hub& hub) {
  hub.prove_lake = [this](const admin::LakeProofRequest& request, const admin::Done& done) { done(start(request)); };
  hub.lake_proof = [this] { return status(); };
}

void LakeProof::publish_metrics() {
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

raw_log::RawLogProverStatus LakeProof::rounds() const {
  const auto running = rounds_->worker();
  return running ? running->status() : raw_log::RawLogProverStatus{};
}

Result<store::Done> LakeProof::start(const admin::LakeProofRequest& request) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return unavailable("the hub is stopping");
  if (asked_.state == "running") return conflict("a proof is under way: wait for its end");
  asked_ = {.state = "running", .error = {}, .from = request.from, .to = request.to, .lines = {}};
  asking_ = std::jthread([this, request] { run(request); });
  return store::Done{};
}

void LakeProof::run(const admin::LakeProofRequest& request) {
  const auto proof = raw_log::prove(ports_, {request.from, request.to}, [this] { return stopped_.load(); });
  if (proof && request.repair) {
    for (auto& write : raw_log::repairs(*proof, params_.services.clock.now())) {
      params_.write(std::move(write), [](const auto&) {});
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

admin::LakeProofStatus LakeProof::status() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

void LakeProof::drain(Millis at_most) {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  if (asking_.joinable()) asking_.join();
  rounds_->drain(at_most);
}

}  // namespace vf::app
