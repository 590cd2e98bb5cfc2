// The conformance suite of runs: it tests the writes and reads of store/runs.h, which both ports have, on every driver
// of either port. A driver instantiates RunsConformance with a factory of hosts; runs_drivers_test.cc shows how.
// Doubles: none, the stores are real. Oracle: the rules that store/runs.h states.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "store/environment_store.h"
#include "store/outbox_store.h"

namespace vf::store::conformance {

/// A table of runs behind one of the two ports. Thread safe, as the ports are.
class RunsStore {
 public:
  virtual ~RunsStore() = default;
  virtual Result<RunResult> write(const RunWrite& write, Instant now) = 0;
  virtual RunReads& reads() = 0;
};

std::unique_ptr<RunsStore> runs_of(std::unique_ptr<OutboxStore> store);
std::unique_ptr<RunsStore> runs_of(std::unique_ptr<EnvironmentStore> store);
/// Returns the table of runs of the store that was opened, or the error of opening it.
template <class Store>
Result<std::unique_ptr<RunsStore>> runs_of(Result<std::unique_ptr<Store>> store) {
  if (!store) return std::move(store).error();
  return runs_of(std::move(*store));
}

/// A database, empty at first and removed with the host. open() may be called again after the store was destroyed: a
/// durable store then has its content again. Stores take the time from the caller.
class RunsHost {
 public:
  virtual ~RunsHost() = default;
  virtual Result<std::unique_ptr<RunsStore>> open() = 0;
};

struct RunsDriver {
  std::string name;
  std::function<std::unique_ptr<RunsHost>()> make_host;
  bool durable = true;  // the content outlives the store
};
inline void PrintTo(const RunsDriver& driver, std::ostream* out) { *out << driver.name; }

inline constexpr Instant kStart{Millis{1'790'000'000'123}};
inline constexpr Millis kSpan{30'000};
inline constexpr std::string_view kJob = "retention";

Uuid run_id(uint32_t n);
/// The inverse of run_id().
uint32_t number_of(Uuid id);

class RunsConformance : public testing::TestWithParam<RunsDriver> {
 protected:
  struct Claim {
    std::string holder = "a";
    uint32_t id = 0;  // of the scheduled run that may be added
    std::optional<Instant> due = {};
    bool resumable = false;
    std::string job = std::string(kJob);
  };

  void SetUp() override;
  void open();
  void reopen();

  /// Makes a write at the time now_, which must succeed.
  RunResult write(const RunWrite& write);
  /// Makes a write that must be refused. Returns its error.
  Error refused(const RunWrite& write);

  void request(uint32_t id, const std::string& job = std::string(kJob));
  /// Returns the claimed run; null: there was nothing to claim.
  std::shared_ptr<const store::Run> claim(const Claim& claim);
  /// Claims what must be claimed. Returns the number of its id.
  uint32_t claimed(const Claim& claim);
  void end(uint32_t id, RunState state = RunState::done, RunProgress progress = {}, const std::string& holder = "a");
  /// Adds a scheduled run that `holder` claims.
  void start_scheduled(uint32_t id, Instant due, const std::string& job = std::string(kJob));

  store::Run run(uint32_t id);
  bool exists(uint32_t id);
  std::vector<uint32_t> found(const RunFilter& filter);
  std::vector<std::string> waiting_jobs();

  std::unique_ptr<RunsHost> host_;
  std::unique_ptr<RunsStore> store_;
  Instant now_ = kStart;
};

}  // namespace vf::store::conformance
