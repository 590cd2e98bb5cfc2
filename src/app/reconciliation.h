// LakeProof: proves that outbox and raw log hold the same: round after round in the process that holds its lease, and
// when an operator asks for it, in this one. start() and drain() by one thread, the rest by any.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "admin/api.h"
#include "outbox/leased.h"
#include "obs/services.h"
#include "watch/store_clock.h"
#include "concurrency/periodic_task.h"
#include "raw_log/reconciler.h"

namespace vf::app {

/// The rounds of the proof, on a thread of their own from construction to drain().
class ProofRounds {
 public:
  explicit ProofRounds(raw_log::RawLogProver::Params params)
      : prover_(std::move(params)), thread_(kFirstPause, [this] { return prover_.step(); }) {}
  raw_log::RawLogProverStatus status() const { return prover_.status(); }
  /// A round under way is given up.
  void drain(Millis) {
    prover_.stop();
    thread_.stop();
  }

 private:
  static constexpr Millis kFirstPause{30'000};  // a start has other things to do

  raw_log::RawLogProver prover_;
  concurrency::Periodic thread_;  // last: uses the other
};

class LakeProof {
 public:
  struct Params {
    obs::Services services;
    store::OutboxStore& outbox;
    lake::RawLog& lake;
    store::WriteOutbox write;
    outbox::LeaseKeeper::Params lease;
    std::vector<std::string> sources;  // as configured
  };
  explicit LakeProof(Params params);
  ~LakeProof() { drain(Millis{0}); }

  void add_to(admin::Hub& hub);
  void publish_metrics();
  /// A proof under way is given up.
  void drain(Millis at_most);

 private:
  Result<store::Done> start(const admin::LakeProofRequest& request);
  void run(const admin::LakeProofRequest& request);
  admin::LakeProofStatus status() const;
  raw_log::RawLogProverStatus rounds() const;

  const Params params_;
  const raw_log::ProofPorts ports_;
  const watch::StoreClock clock_;  // hours are those of receipt
  std::atomic<bool> stopped_{false};
  mutable std::mutex mutex_;
  admin::LakeProofStatus asked_;  // the proof that an operator asked for last
  std::jthread asking_;
  std::unique_ptr<outbox::Leased<ProofRounds>> rounds_;
};

}  // namespace vf::app
