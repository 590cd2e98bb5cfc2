// The stores of the simulation: the product's stores in memory, made to fail. A committed transaction stays committed,
// even when the process that asked for it does not learn the outcome, or dies during the commit. Single-threaded; the
// seed decides everything.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <vector>

#include "base/random.h"
#include "journal.h"
#include "lake/raw_log.h"
#include "store/memory/environment.h"
#include "store/memory/outbox.h"
#include "violation.h"

namespace vf::simulation {

/// How often calls of a store fail, in thousandths. All zero: the store is healthy.
struct FaultRates {
  bool away = false;         // every call fails
  uint64_t refuses = 0;      // the call returns unavailable and has no effect
  uint64_t unknown = 0;      // the call returns unavailable and has its effect
  uint64_t dies_before = 0;  // the calling process dies; the call has no effect
  uint64_t dies_after = 0;   // the calling process dies; the call has its effect
};

/// What happens to one call.
enum class Fate { ok, refused, unknown, dead_before, dead_after };
Fate draw(const FaultRates& faults, Random& random);

/// The clock, randomness and journal that every part of the simulation shares.
struct Surroundings {
  const Clock& clock;
  Random& random;
  Journal& journal;
};

/// The shared store as ingest sees it. Rows may be committed and not yet final, as rows above PostgreSQL's
/// horizon are.
class SimOutbox final : public store::memory::MemoryOutbox {
 public:
  explicit SimOutbox(Surroundings around) : random_(around.random), journal_(around.journal) {}

  FaultRates faults;
  std::function<void()> on_death;  // called when the calling process dies
  bool rows_become_final_late = false;

  Result<std::vector<store::WriteResult>> write(std::span<const store::Write> writes, Instant now,
                                                size_t* failed_index) override;
  Result<std::vector<store::OutboxRow>> read_after(const store::ReadAfter& params) override;
  Result<Position> end() override;
  Result<std::optional<Position>> cursor(const std::string& consumer) override;
  Result<std::optional<store::PinBatch>> open_pin(const std::string& consumer) override;
  Result<std::vector<store::PutDelivery>> deliveries_after(const std::string& target, Position after,
                                                           size_t rows_max) override;
  Result<int64_t> count_deliveries(const std::string& target, store::PutDelivery::State state,
                                   int64_t at_most) override;
  Result<std::vector<store::PutDelivery>> revived(const std::string& target, size_t rows_max) override;
  Result<std::optional<store::OutboxRow>> find(Uuid event_id) override;
  Result<std::vector<store::PutSetting>> settings() override;

  /// Makes some more committed rows final.
  void move_horizon();

  /// Returns committed rows, for checks. This and the next calls never fail; rows that retention has removed are
  /// included.
  std::vector<store::OutboxRow> rows_between(Position after, Position to);
  Position true_end() { return *MemoryOutbox::end(); }
  const store::OutboxRow* true_row(Uuid id) const;
  std::optional<Position> true_cursor(const std::string& consumer) { return *MemoryOutbox::cursor(consumer); }
  Position true_purged() { return *MemoryOutbox::purged(); }
  /// Does the outbox still hold the row, or keep its event for a dead letter?
  bool holds_row(Uuid id) { return MemoryOutbox::find(id)->has_value(); }
  /// Makes a write as an operator does by hand, without the hub. Always succeeds.
  void write_by_hand(store::Write write);

 private:
  bool fails() { return faults.away || random_.below(1000) < faults.refuses; }
  Position horizon() { return rows_become_final_late ? std::min(horizon_, true_end()) : true_end(); }

  std::vector<store::Write> sparing_waiting(std::span<const store::Write> writes);
  void remember(std::span<const store::WriteResult> results);

  Random& random_;
  Journal& journal_;
  Position horizon_;
  std::map<Position, store::OutboxRow> archive_;
  std::map<Uuid, Position> archived_;
};

/// The raw log, in another process than ingest: an insert may go on after ingest has given up waiting for it.
class SimLake final : public lake::RawLog {
 public:
  SimLake(SimOutbox& outbox, Surroundings around) : outbox_(outbox), random_(around.random), journal_(around.journal) {}

  FaultRates faults;
  std::function<void()> on_death;
  std::function<bool()> caller_lives;

  Result<void> insert(std::span<const lake::RawRow> rows, const std::string& token) override;
  Result<void> abort_pending() override;
  Result<std::vector<Uuid>> ids_present(std::span<const Uuid> ids, Instant from, Instant to) override;
  Result<std::optional<Event>> find(Uuid) override { return internal("unused"); }
  Result<std::vector<lake::HourTally>> tally(Instant, Instant) override { return internal("unused"); }

  /// Ends one insert that ingest has given up: it takes effect, or is killed.
  void end_running();
  bool anything_runs() const { return !running_.empty(); }
  bool holds(Uuid id) const { return kept_.contains(id); }

  bool refuses_some = false;  // there are rows that the lake can never store
  bool is_broken = false;     // refuses every row with an error that blames the row
  bool refuses(Uuid id) const { return refuses_some && id.bytes[14] % 8 == 3; }

 private:
  void keep(Uuid id);
  Result<void> refuse_some(std::span<const lake::RawRow> rows);

  SimOutbox& outbox_;
  Random& random_;
  Journal& journal_;
  std::set<Uuid> kept_;
  std::vector<std::vector<Uuid>> running_;
};

/// An environment's database. Checks that each event is applied once at most.
class SimEnvironmentStore final : public store::memory::MemoryEnvironment {
 public:
  SimEnvironmentStore(SimOutbox& outbox, Surroundings around)
      : outbox_(outbox), random_(around.random), journal_(around.journal) {}

  FaultRates faults;
  std::function<void()> on_death;

  Result<std::vector<store::Applied>> apply(std::span<const store::Projection> projections, Instant now,
                                            store::Refusals* refusals) override;
  bool knows(Uuid id) { return MemoryEnvironment::processed(id)->has_value(); }

 private:
  SimOutbox& outbox_;
  Random& random_;
  Journal& journal_;
  std::set<Uuid> effects_;
};

}  // namespace vf::simulation
