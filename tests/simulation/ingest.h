// Ingest: the ingest process of the simulation, with the product's commit(), dispatchers and raw-log feeder. The
// process may die inside any call of a store, or between two steps; what it held in memory is then lost, and nothing it
// still does has an effect. Single-threaded.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fanout/dispatcher.h"
#include "network.h"
#include "outbox/committer.h"
#include "raw_log/feeder.h"
#include "watch/trusted_time.h"

namespace vf::simulation {

class Ingest {
 public:
  struct Destination {
    fanout::Target target;
    Receiver* receiver;
  };
  struct Params {
    SimOutbox& outbox;
    SimLake& lake;
    Network& network;
    Surroundings around;
    std::vector<Destination> destinations;
    bool consumes = true;  // false: a replica that only receives and commits events
    size_t batch_events_max = 4;
    size_t queue_max = 30;
    watch::ClockLimits clock_limits = {};
    std::function<void(size_t destination, const http::Outgoing& request)> on_send = {};
  };
  explicit Ingest(Params params);

  void start();
  void die();
  bool lives() const { return lives_; }
  uint64_t life() const { return life_; }

  /// Queues an event. Returns false when the queue is full; else `done` is called, unless the process dies first.
  bool add(store::AddEvent event, Instant deadline, outbox::OnWritten done);
  /// Commits the queue in one transaction.
  void commit();
  /// Makes one step of one consumer.
  void step_one();
  void step_all();
  /// As the health checks do every two seconds.
  void read_clock() {
    if (lives_) time_->check();
  }
  /// As retention asks for it: the time, if nothing irreversible must be held back.
  std::optional<Instant> trusted_now() { return *time_->now(); }
  /// Queues a write of an operator or of retention.
  void write(store::Write write);
  bool queue_is_empty() const { return queue_.empty(); }

  fanout::Dispatcher& dispatcher(size_t index) { return *dispatchers_[index]; }
  size_t dispatchers() const { return dispatchers_.size(); }
  const std::vector<Destination>& destinations() const { return params_.destinations; }

 private:
  void start_dispatcher(size_t index, uint64_t life);
  /// The writer of one life of the process: writes and completions of an earlier life have no effect.
  class LifeWriter final : public outbox::Writer {
   public:
    LifeWriter(Ingest& ingest, uint64_t life) : ingest_(ingest), life_(life) {}
    void write(store::Write write, outbox::OnWritten done) override;

   private:
    Ingest& ingest_;
    const uint64_t life_;
  };
  /// Sends for one dispatcher of one life of the process; what an earlier life sends is lost.
  class LifeTransport final : public http::Transport {
   public:
    LifeTransport(Ingest& ingest, size_t index, uint64_t life) : ingest_(ingest), index_(index), life_(life) {}
    void send(http::Outgoing request, http::Completion done) override;

   private:
    Ingest& ingest_;
    const size_t index_;
    const uint64_t life_;
  };
  bool is_alive(uint64_t life) const { return lives_ && life == life_; }
  void step(size_t consumer);
  void tear_down();
  void let_next_call_die();

  Params params_;
  bool lives_ = false;
  uint64_t life_ = 0;  // counts starts; completions of an earlier life are dropped
  std::vector<outbox::PendingWrite> queue_;
  std::optional<LifeWriter> writer_;
  std::optional<watch::TrustedTime> time_;                  // of this life
  std::vector<std::unique_ptr<LifeTransport>> transports_;  // of the dispatchers
  std::vector<std::unique_ptr<fanout::Dispatcher>> dispatchers_;
  std::optional<raw_log::Feeder> feeder_;
};

}  // namespace vf::simulation
