#include "stores.h"

namespace vf::simulation {

using store::Applied;

Fate draw(const Unkindness& u, Random& random) {
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
  return Fate::well;
}

Result<std::vector<store::WriteResult>> SimOutbox::write(std::span<const store::Write> writes, Instant now,
                                                         size_t* failed_index) {
  const Fate fate = draw(unkindness, random_);
  if (fate == Fate::dead_before || fate == Fate::dead_after) on_death();
  if (fate == Fate::refused || fate == Fate::dead_before) return unavailable("the store is away");
  auto results = MemoryOutbox::write(writes, now, failed_index);
  if (fate == Fate::well) return results;
  return unavailable("the connection broke at the commit");
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

Result<std::vector<store::PutDelivery>> SimOutbox::due_retries(const std::string& target, Instant now,
                                                               size_t rows_max) {
  if (fails()) return unavailable("the store is away");
  return MemoryOutbox::due_retries(target, now, rows_max);
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
  auto rows = *MemoryOutbox::read_after({after, SIZE_MAX, SIZE_MAX});
  std::erase_if(rows, [to](const auto& row) { return row.event.position > to; });
  return rows;
}

void SimLake::keep(Uuid id) {
  require(outbox_.true_row(id).has_value(), "the raw log was given {}, which nobody committed", id.to_string());
  require(kept_.insert(id).second, "the raw log holds {} twice", id.to_string());
}

Result<bool> SimLake::insert(std::span<const lake::RawRow> rows, const std::string&) {
  if (!caller_lives()) return unavailable("nobody asks any more");
  const Fate fate = draw(unkindness, random_);
  if (fate == Fate::dead_before || fate == Fate::dead_after) on_death();
  if (fate == Fate::refused || fate == Fate::dead_before) return unavailable("the raw log is away");
  std::vector<Uuid> ids;
  for (const auto& row : rows) ids.push_back(row.event->id);
  if (fate != Fate::well) {  // all, a part of it, or later
    const uint64_t how = random_.below(3);
    if (how == 0) running_.push_back(ids);
    if (how == 1) ids.resize(random_.below(ids.size() + 1));
    if (how != 0) {
      for (const Uuid id : ids) keep(id);
    }
    return unavailable("the raw log did not answer");
  }
  for (const Uuid id : ids) keep(id);
  return true;
}

void SimLake::end_running() {
  if (running_.empty()) return;
  const auto ids = std::move(running_.back());
  running_.pop_back();
  if (random_.below(2) == 0) return;
  for (const Uuid id : ids) keep(id);
}

Result<bool> SimLake::settle() {
  if (unkindness.away || random_.below(1000) < unkindness.refuses) return unavailable("the raw log is away");
  while (!running_.empty()) end_running();
  return true;
}

Result<std::vector<Uuid>> SimLake::ids_present(std::span<const Uuid> ids, Instant from, Instant to) {
  if (unkindness.away || random_.below(1000) < unkindness.refuses) return unavailable("the raw log is away");
  std::vector<Uuid> present;
  for (const Uuid id : ids) {
    const auto row = outbox_.true_row(id);
    if (holds(id) && row && from <= row->event.received && row->event.received <= to) present.push_back(id);
  }
  return present;
}

Result<std::vector<Applied>> SimEnvironmentStore::apply(std::span<const store::Projection> projections, Instant now) {
  const Fate fate = draw(unkindness, random_);
  if (fate == Fate::dead_before || fate == Fate::dead_after) on_death();
  if (fate == Fate::refused || fate == Fate::dead_before) return unavailable("the database is away");
  auto statuses = MemoryEnvironment::apply(projections, now);
  for (size_t i = 0; i < projections.size(); ++i) {
    if ((*statuses)[i] == Applied::duplicate) continue;
    const Uuid id = projections[i].event_id;
    const auto row = outbox_.true_row(id);
    require(row && row->fan_out && !row->event.sandbox, "an environment applied {}, which it must not get",
            id.to_string());
    require(effects_.insert(id).second, "an environment applied {} twice", id.to_string());
  }
  if (fate == Fate::well) return statuses;
  return unavailable("the connection broke at the commit");
}

}  // namespace vf::simulation
