#include "ingest.h"

#include <algorithm>

namespace vf::simulation {

Ingest::Ingest(Params params) : params_(std::move(params)) {}

// The next call of a store comes from this process: if that call draws a death, this process dies.
void Ingest::let_next_call_die() {
  params_.outbox.on_death = params_.lake.on_death = [this] { die(); };
  params_.lake.caller_lives = [this] { return lives_; };
}

void Ingest::LifeWriter::write(store::Write write, outbox::OnWritten done) {
  if (!ingest_.is_alive(life_)) return;
  ingest_.queue_.push_back({.write = std::move(write),
                            .done = [&ingest = ingest_, life = life_, done = std::move(done)](auto result) mutable {
                              if (ingest.is_alive(life)) done(std::move(result));
                            }});
}

void Ingest::start() {
  if (lives_) return;
  tear_down();
  lives_ = true;
  ++life_;
  writer_.emplace(*this, life_);
  time_.emplace([&clock = params_.around.clock]() -> Result<Instant> { return clock.now(); }, params_.around.clock,
                watch::ClockGuard({}, params_.clock_limits));
  if (!params_.consumes) return;
  for (size_t i = 0; i < params_.destinations.size(); ++i) start_dispatcher(i, life_);
  raw_log::FeederParams feeder;
  feeder.batch.rows_max = 1 + params_.batch_events_max * 2;
  feeder_.emplace(raw_log::Feeder::Ports{.outbox = params_.outbox,
                                         .writer = *writer_,
                                         .lake = params_.lake,
                                         .clock = params_.around.clock,
                                         .random = params_.around.random},
                  feeder);
}

void Ingest::start_dispatcher(size_t index, uint64_t life) {
  const Destination& destination = params_.destinations[index];
  transports_.push_back(std::make_unique<LifeTransport>(*this, index, life));
  fanout::Tuning tuning;
  tuning.batches.events_max = params_.batch_events_max;
  tuning.batches.skipped_max = params_.batch_events_max;
  dispatchers_.push_back(*fanout::Dispatcher::create(destination.target,
                                                     {.outbox = params_.outbox,
                                                      .writer = *writer_,
                                                      .transport = *transports_.back(),
                                                      .clock = params_.around.clock,
                                                      .random = params_.around.random,
                                                      .trusted_now = [this] { return time_->now(); }},
                                                     tuning));
}

void Ingest::LifeTransport::send(http::Outgoing request, http::Completion done) {
  if (!ingest_.is_alive(life_)) return;
  ingest_.params_.on_send(index_, request);
  ingest_.params_.network.send(*ingest_.params_.destinations[index_].receiver, std::move(request), std::move(done));
}

void Ingest::die() {
  params_.around.journal.note("ingest dies");
  lives_ = false;
}

// Must be called between steps: while a process dies inside a call, its objects are still in use on the stack.
void Ingest::tear_down() {
  if (params_.consumes) params_.network.forget_sender();
  queue_.clear();
  dispatchers_.clear();
  transports_.clear();
  feeder_.reset();
  writer_.reset();
}

bool Ingest::add(store::AddEvent event, Instant deadline, outbox::OnWritten done) {
  if (!lives_ || queue_.size() >= params_.queue_max) return false;
  queue_.push_back({.write = std::move(event),
                    .deadline = deadline,
                    .done = [this, life = life_, done = std::move(done)](auto result) mutable {
                      if (is_alive(life)) done(std::move(result));
                    }});
  return true;
}

void Ingest::commit() {
  if (!lives_ || queue_.empty()) return;
  const size_t count = 1 + params_.around.random.below(queue_.size());
  std::vector<outbox::PendingWrite> batch(std::make_move_iterator(queue_.begin()),
                                          std::make_move_iterator(queue_.begin() + static_cast<std::ptrdiff_t>(count)));
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
  let_next_call_die();
  const auto report = outbox::commit(params_.outbox, std::move(batch), params_.around.clock.now());
  if (!lives_) return;
  for (const auto& dispatcher : dispatchers_) dispatcher->saw_commit(report.newest);
}

void Ingest::step(size_t consumer) {
  let_next_call_die();
  if (consumer == dispatchers_.size()) {
    feeder_->step();
  } else {
    dispatchers_[consumer]->step();
  }
}

void Ingest::write(store::Write write) {
  LifeWriter(*this, life_).write(std::move(write), [](auto) {});
}

void Ingest::step_one() {
  if (lives_ && params_.consumes) step(params_.around.random.below(dispatchers_.size() + 1));
}

void Ingest::step_all() {
  for (size_t i = 0; lives_ && params_.consumes && i <= dispatchers_.size(); ++i) step(i);
}

}  // namespace vf::simulation
