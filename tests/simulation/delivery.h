// Delivery: the simulation of one target over minutes of simulated time, event by event: the product's dispatcher
// against a TargetModel, with restarts. It checks what the retry rule promises:
// - every event that the target would take is delivered, and none of them ever becomes a dead letter;
// - an event that the target never takes is a dead letter after a bounded number of requests once others flow
//   (unless the target answers 429, which never counts);
// - the share of requests that is spent on faulty events is bounded;
// - no event waits long for one that is faulty, also if that one is answered with Retry-After: 3600 and the process is
//   restarted;
// - a target that has a quota of requests and asks the sender to wait gets a few requests at most in that wait.
// Throws Violation. Single-threaded.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "fanout/dispatcher.h"
#include "journal.h"
#include "store/memory/outbox.h"
#include "target_model.h"

namespace vf::simulation {

class Delivery final : private http::Transport {
 public:
  explicit Delivery(uint64_t seed);
  ~Delivery() override;

  void run();
  Journal& journal() { return journal_; }
  std::string description() const;
  /// Returns what the run measured: delays of the good events, and the share of requests with faulty ones.
  std::string summary() const;

 private:
  using Task = std::function<void()>;

  void at(SteadyTime when, Task task) { tasks_.emplace(std::pair(when, ++last_task_), std::move(task)); }
  void add_event(uint64_t number, Instant received);
  void arrive();
  void start();
  void restart();
  void send(http::Outgoing request, http::Completion done) override;
  void answer(const std::vector<uint64_t>& events, const http::Outgoing& request, http::Completion done);
  void run_until(const std::function<bool()>& is_over, SteadyTime limit);
  void check_dead(const store::PutDelivery& row);
  bool all_good_delivered() const;
  bool all_faulty_dead() const;
  void check_delays() const;
  void check_end();

  SeededRandom random_;
  ManualClock clock_{from_unix_millis(1'800'000'000'000)};
  Journal journal_{clock_};
  store::memory::MemoryOutbox outbox_;
  uint64_t arrivals_ = 0;   // events that arrive one by one, of which some are faulty
  uint64_t backlog_ = 0;    // events that wait at the start
  SteadyTime interval_{0};  // between arrivals
  std::unique_ptr<TargetModel> model_;
  fanout::Target target_;
  fanout::Tuning tuning_;

  class SimWriter;
  std::unique_ptr<SimWriter> writer_;
  std::unique_ptr<fanout::Dispatcher> dispatcher_;
  uint64_t life_ = 0;
  int restarts_ = 0;

  std::map<std::pair<SteadyTime, uint64_t>, Task> tasks_;
  uint64_t last_task_ = 0;
  uint64_t added_ = 0;
  uint64_t dead_ = 0;
  std::map<Uuid, uint64_t> numbers_;
  std::vector<SteadyTime> arrived_, delivered_;  // by number; zero: not yet
};

}  // namespace vf::simulation
