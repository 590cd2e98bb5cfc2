#include "stores.h"

#include <algorithm>

namespace vf::simulation {

using store::Applied;

Fate draw(const FaultRates& u, Random& random) {
  if (u.away) return Fate::refused;
  uint64_t roll = random.below(1000);
  const auto falls = [&roll](uint64_t share) {
    const bool hit = roll < share;
    roll = hit ? 0 : roll - share;
    return hit;
  };
  if (falls(u.refuses)) return Fate::refused;
  if (falls(u.unknown)) return Fate::unknown;
  if (falls(u.dies_before)) return Fate::dead_before;
  if (falls(u.dies_after)) return Fate::dead_after;
  return Fate::ok;
}

namespace {

// Two replicas that insert in different order deadlock, and a repeat inside a transaction becomes two rows.
void check_order(std::span<const store::Write> writes) {
  const store::AddEvent* before = nullptr;
  for (const auto& write : writes) {
    const auto* add = std::get_if<store::AddEvent>(&write);
    require(!add || !before || before->event.id < add->event.id, "a transaction has events out of order or repeated");
    if (add) before = add;
  }
}

}  // namespace

Result<std::vector<store::WriteResult>> SimOutbox::write(std::span<const store::Write> writes, Instant now,
                                                         size_t* failed_index) {
  check_order(writes);
  const Fate fate = draw(faults, random_);
  if (fate != Fate::ok) journal_.note("outbox write fails", static_cast<uint64_t>(fate));
  if (fate == Fate::dead_before || fate == Fate::dead_after) on_death();
  if (fate == Fate::refused || fate == Fate::dead_before) return unavailable("the store is away");
  auto results = MemoryOutbox::write(sparing_waiting(writes), now, failed_index);
  if (results) remember(*results);
  if (fate == Fate::ok) return results;
  return unavailable("the connection broke at the commit");
}

// Retention makes dead letters of the events that wait when their outbox row goes: in production days after the first
// attempt. In the simulation it runs after minutes, so it is limited to rows older than every event that waits.
std::vector<store::Write> SimOutbox::sparing_waiting(std::span<const store::Write> writes) {
  Instant oldest = Instant::max();
  const auto spare = [&](const store::PutDelivery& row) {
    if (row.state == store::PutDelivery::State::dead) return;
    if (const auto* kept = true_row(row.event_id)) oldest = std::min(oldest, kept->event.received);
  };
  for (const auto& consumer :
       {std::string("stage"), std::string("production"), std::string("partner"), std::string(store::kRawLog)}) {
    for (const auto& row : *MemoryOutbox::deliveries(consumer, store::PutDelivery::State::retry, SIZE_MAX)) spare(row);
  }
  std::vector<store::Write> spared(writes.begin(), writes.end());
  for (auto& write : spared) {
    if (const auto* row = std::get_if<store::PutDelivery>(&write)) spare(*row);
  }
  for (auto& write : spared) {
    if (auto* step = std::get_if<store::RetentionStep>(&write))
      step->outbox_before = std::min(step->outbox_before, oldest);
  }
  return spared;
}

Result<std::vector<store::OutboxRow>> SimOutbox::read_after(const store::ReadAfter& params) {
  if (fails()) return unavailable("the store is away");
  auto rows = MemoryOutbox::read_after(params);
  std::erase_if(*rows, [end = horizon()](const auto& row) { return row.event.position > end; });
  return rows;
}

Result<Position> SimOutbox::end() {
  if (fails()) return unavailable("the store is away");
  return horizon();
}

Result<std::optional<Position>> SimOutbox::cursor(const std::string& consumer) {
  if (fails()) return unavailable("the store is away");
  return MemoryOutbox::cursor(consumer);
}

Result<std::optional<store::PinBatch>> SimOutbox::open_pin(const std::string& consumer) {
  if (fails()) return unavailable("the store is away");
  return MemoryOutbox::open_pin(consumer);
}

Result<std::vector<store::PutDelivery>> SimOutbox::deliveries_after(const std::string& target, Position after,
                                                                    size_t rows_max) {
  if (fails()) return unavailable("the store is away");
  return MemoryOutbox::deliveries_after(target, after, rows_max);
}

Result<int64_t> SimOutbox::count_deliveries(const std::string& target, store::PutDelivery::State state,
                                            int64_t at_most) {
  if (fails()) return unavailable("the store is away");
  return MemoryOutbox::count_deliveries(target, state, at_most);
}

Result<std::vector<store::PutDelivery>> SimOutbox::revived(const std::string& target, size_t rows_max) {
  if (fails()) return unavailable("the store is away");
  return MemoryOutbox::revived(target, rows_max);
}

Result<std::optional<store::OutboxRow>> SimOutbox::find(Uuid event_id) {
  if (fails()) return unavailable("the store is away");
  return MemoryOutbox::find(event_id);
}

Result<std::vector<store::PutSetting>> SimOutbox::settings() {
  if (fails()) return unavailable("the store is away");
  return MemoryOutbox::settings();
}

void SimOutbox::move_horizon() {
  const uint64_t end = true_end().seq;
  horizon_.seq += random_.below(end - std::min(end, horizon_.seq) + 1);
}

std::vector<store::OutboxRow> SimOutbox::rows_between(Position after, Position to) {
  std::vector<store::OutboxRow> rows;
  for (auto at = archive_.upper_bound(after); at != archive_.end() && at->first <= to; ++at) rows.push_back(at->second);
  return rows;
}

const store::OutboxRow* SimOutbox::true_row(Uuid id) const {
  const auto at = archived_.find(id);
  return at == archived_.end() ? nullptr : &archive_.at(at->second);
}

void SimOutbox::remember(std::span<const store::WriteResult> results) {
  for (const auto& result : results) {
    const auto* added = std::get_if<store::EventAdded>(&result);
    if (!added || added->duplicate) continue;
    require(!archived_.contains(added->event_id), "{} is committed twice", added->event_id.to_string());
    archive_[added->position] = **MemoryOutbox::find(added->event_id);
    archived_[added->event_id] = added->position;
    journal_.note("event committed", added->position.seq);
  }
}

void SimOutbox::write_by_hand(store::Write write) {
  const auto done = MemoryOutbox::write({&write, 1}, from_unix_millis(0), nullptr);
  require(done.has_value(), "an operator's write was refused");
}

// Refuses like an engine that stores block by block: rows before the refused row may stay.
Result<void> SimLake::refuse_some(std::span<const lake::RawRow> rows) {
  if (is_broken) {
    journal_.note("the broken raw log refuses", rows.size());
    return internal("the raw log is broken");
  }
  const auto refused = std::ranges::find_if(rows, [this](const auto& row) { return refuses(row.event->id); });
  if (refused == rows.end()) return {};
  journal_.note("the raw log refuses", rows.size());
  if (random_.below(2) == 0) {
    for (auto row = rows.begin(); row != refused; ++row) keep(row->event->id);
  }
  return invalid("the raw log cannot store this");
}

void SimLake::keep(Uuid id) {
  require(outbox_.true_row(id), "the raw log was given {}, which was never committed", id.to_string());
  journal_.note("event kept in the raw log");
  require(kept_.insert(id).second, "the raw log holds {} twice", id.to_string());
}

Result<void> SimLake::insert(std::span<const lake::RawRow> rows, const std::string&) {
  if (!caller_lives()) return unavailable("the caller is gone");
  const Fate fate = draw(faults, random_);
  if (fate != Fate::ok) journal_.note("raw log insert fails", static_cast<uint64_t>(fate));
  if (fate == Fate::dead_before || fate == Fate::dead_after) on_death();
  if (fate == Fate::refused || fate == Fate::dead_before) return unavailable("the raw log is away");
  if (auto taken = refuse_some(rows); !taken) return taken;
  std::vector<Uuid> ids;
  for (const auto& row : rows) ids.push_back(row.event->id);
  if (fate != Fate::ok) {  // the insert takes effect later, in part or as a whole
    const uint64_t how = random_.below(3);
    if (how == 0) running_.push_back(ids);
    if (how == 1) ids.resize(random_.below(ids.size() + 1));
    if (how != 0) {
      for (const Uuid id : ids) keep(id);
    }
    return unavailable("the raw log did not answer");
  }
  for (const Uuid id : ids) keep(id);
  return {};
}

void SimLake::end_running() {
  if (running_.empty()) return;
  const auto ids = std::move(running_.back());
  running_.pop_back();
  const bool lands = random_.below(2) == 0;
  journal_.note(lands ? "a given-up insert takes effect" : "a given-up insert is killed", ids.size());
  if (!lands) return;
  for (const Uuid id : ids) keep(id);
}

Result<void> SimLake::abort_pending() {
  if (faults.away || random_.below(1000) < faults.refuses) return unavailable("the raw log is away");
  while (!running_.empty()) end_running();
  return {};
}

Result<std::vector<Uuid>> SimLake::ids_present(std::span<const Uuid> ids, Instant from, Instant to) {
  if (faults.away || random_.below(1000) < faults.refuses) return unavailable("the raw log is away");
  std::vector<Uuid> present;
  for (const Uuid id : ids) {
    const auto* row = outbox_.true_row(id);
    if (holds(id) && row && from <= row->event.received && row->event.received <= to) present.push_back(id);
  }
  return present;
}

Result<std::vector<Applied>> SimEnvironmentStore::apply(std::span<const store::Projection> projections, Instant now,
                                                        store::Refusals* refusals) {
  const Fate fate = draw(faults, random_);
  if (fate != Fate::ok) journal_.note("environment write fails", static_cast<uint64_t>(fate));
  if (fate == Fate::dead_before || fate == Fate::dead_after) on_death();
  if (fate == Fate::refused || fate == Fate::dead_before) return unavailable("the database is away");
  auto statuses = MemoryEnvironment::apply(projections, now, refusals);
  for (size_t i = 0; i < projections.size(); ++i) {
    if ((*statuses)[i] == Applied::duplicate) continue;
    const Uuid id = projections[i].event_id;
    const auto* row = outbox_.true_row(id);
    require(row && row->fan_out && !row->event.sandbox, "an environment applied {}, which it must not get",
            id.to_string());
    journal_.note("event applied by an environment");
    require(effects_.insert(id).second, "an environment applied {} twice", id.to_string());
  }
  if (fate == Fate::ok) return statuses;
  return unavailable("the connection broke at the commit");
}

}  // namespace vf::simulation
