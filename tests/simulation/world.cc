#include "world.h"

#include <algorithm>

#include "outbox/dead_letters.h"
#include "projections/registry.h"
#include "projections/tables.h"

namespace vf::simulation {
namespace {

// Writes of an operator who does not wait for the outcome.
class OperatorWriter final : public outbox::Writer {
 public:
  explicit OperatorWriter(Ingest& ingest) : ingest_(ingest) {}
  void write(store::Write write, outbox::OnWritten) override { ingest_.write(std::move(write)); }

 private:
  Ingest& ingest_;
};

// An hour of the product, in proportion to the minutes that a seed lasts.
constexpr watch::ClockLimits kClockLimits{.jump = Millis{60'000}, .agreement = Millis{60'000}};
constexpr Millis kFarOff = std::chrono::days{40};
constexpr Millis kFarOffFor{15'000};
static_assert(kFarOffFor < kClockLimits.agreement);

const std::string kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fanout::Target target_named(std::string name) {
  fanout::Target target;
  target.url = "http://" + name + "/internal/events";
  target.name = std::move(name);
  target.secrets = {kSecret};
  target.start = fanout::Start::earliest;
  return target;
}

}  // namespace

World::World(uint64_t seed) : random_(seed) {
  stage_ = std::make_unique<Environment>(Environment::Params{outbox_, around_, kSecret});
  production_ = std::make_unique<Environment>(Environment::Params{outbox_, around_, kSecret});
  auto partner = target_named("partner");
  partner.url = "http://partner/hooks";
  partner.delivery = random_.below(2) == 0 ? fanout::Delivery::single : fanout::Delivery::batch;
  if (random_.below(2) == 0) partner.types = {"kick.channel.*"};
  if (random_.below(8) == 0) partner.mode = fanout::Mode::dry_run;
  if (random_.below(4) == 0) partner.max_backlog = Millis{30'000 + static_cast<int64_t>(random_.below(300'000))};
  foreign_ = std::make_unique<ForeignReceiver>(around_, kSecret, partner.delivery == fanout::Delivery::single);
  Ingest::Params ingest{.outbox = outbox_, .lake = lake_, .network = network_, .around = around_, .destinations = {}};
  ingest.clock_limits = kClockLimits;
  ingest.consumes = false;
  replica_ = std::make_unique<Ingest>(ingest);
  ingest.consumes = true;
  ingest.destinations = {{target_named("stage"), stage_.get()},
                         {target_named("production"), production_.get()},
                         {std::move(partner), foreign_.get()}};
  ingest.batch_events_max = 1 + random_.below(8);
  for (const auto& destination : ingest.destinations) fanout_watch_.add(destination.target);
  ingest.on_send = [this](size_t index, const http::Outgoing& request) { fanout_watch_.sent(index, request); };
  ingest_ = std::make_unique<Ingest>(std::move(ingest));
  provider_ = std::make_unique<Provider>(Provider::Params{{ingest_.get(), replica_.get()}, outbox_, around_});
  choose_faults();
  ingest_->start();
  replica_->start();
}

// Each seed draws its own mixture of faults; some seeds have only one kind of fault, so that no kind hides the others.
void World::choose_faults() {
  const auto share = [this](uint64_t most) { return random_.below(2) == 0 ? random_.below(most) : 0; };
  for (FaultRates* u : {&outbox_.faults, &lake_.faults, &stage_->store().faults, &production_->store().faults}) {
    *u = {false, share(200), share(300), share(60), share(60)};
  }
  outbox_.rows_become_final_late = random_.below(2) == 0;
  lake_.refuses_some = random_.below(3) == 0;
  death_rate_ = share(30);
  clocks_jump_ = random_.below(3) == 0;
  network_.gentle = random_.below(4) == 0;
}

void World::run() {
  const size_t steps = 50 + random_.below(900);
  while (steps_ < steps) {
    step();
    check();
  }
  heal();
  come_to_rest();
  check_rest();
}

void World::step() {
  ++steps_;
  const uint64_t what = random_.below(100);
  journal_.note("step", what);
  if (what < 12) return provider_->make();
  if (what < 16) return provider_->send_again();
  if (what < 30) return (random_.below(3) == 0 ? replica_ : ingest_)->commit();
  if (what < 52) return ingest_->step_one();
  if (what < 76) return network_.move();
  if (what < 81) return stage_->work();
  if (what < 86) return production_->work();
  if (what < 92) return advance(Millis{static_cast<int64_t>(random_.below(1500))});
  if (what < 94) return outbox_.move_horizon();
  if (what < 95) return lake_.end_running();
  fail_something();
}

void World::fail_something() {
  if (!ingest_->lives()) return ingest_->start();
  if (!replica_->lives()) return replica_->start();
  if (random_.below(1000) < death_rate_ * 5) return kill_a_process();
  switch (random_.below(4)) {
    case 0:
      return change_stores();
    case 1:
      return change_clock();
    case 2:
      return operate();
    default:
      return advance(Millis{static_cast<int64_t>(random_.below(90'000))});
  }
}

void World::kill_a_process() {
  switch (random_.below(4)) {
    case 0:
      return ingest_->die();
    case 1:
      return replica_->die();
    case 2:
      journal_.note("stage dies");
      return stage_->crash();
    default:
      journal_.note("production dies");
      return production_->crash();
  }
}

// A store goes away or comes back, or the raw log breaks or is repaired.
void World::change_stores() {
  if (random_.below(4) == 0) {
    lake_.is_broken = !lake_.is_broken && random_.below(2) == 0;
    return;
  }
  FaultRates* const all[] = {&outbox_.faults, &lake_.faults, &stage_->store().faults, &production_->store().faults};
  const size_t index = random_.below(4);
  all[index]->away = !all[index]->away && random_.below(2) == 0;
  if (all[index]->away) journal_.note("a store goes away", index);
}

// The common clock is corrected for good, or is far off for seconds, or an environment's clock drifts beyond the
// tolerance of signatures.
void World::change_clock() {
  if (!clocks_jump_) return;
  const auto by = Millis{static_cast<int64_t>(random_.below(1'200'000)) - 600'000};
  journal_.note("a clock jumps");
  switch (random_.below(4)) {
    case 0:
      return jump(by);
    case 1:
      if (off_by_ != Millis{0}) return;
      off_by_ = kFarOff;
      right_at_ = clock_.steady() + kFarOffFor;
      return jump(off_by_);
    default:
      return stage_->set_skew(random_.below(2) == 0 ? by : Millis{0});
  }
}

// A process reads its clock every two seconds, also when no work asks for it.
void World::jump(Millis by) {
  earlier_offsets_.push_back({.offset = offset_, .until = clock_.steady()});
  offset_ += by;
  clock_.jump(by);
  ingest_->read_clock();
}

// Lets time pass. A clock that is far off is right again after kFarOffFor, before anything else happens.
void World::advance(Millis by) {
  if (off_by_ != Millis{0} && clock_.steady() + by >= right_at_) {
    const auto until = std::chrono::floor<Millis>(right_at_ - clock_.steady());
    clock_.advance(until);
    jump(-std::exchange(off_by_, Millis{0}));
    by -= until;
  }
  clock_.advance(by);
}

// Nothing irreversible may be done so soon after a jump. The clock then and the clock now may each differ by one limit
// from the one with which the guard compares them: two jumps of opposite direction may cancel each other.
void World::require_trusted_clock(std::string_view what) {
  for (const auto& [offset, until] : earlier_offsets_) {
    const bool is_long_ago = clock_.steady() - until >= kClockLimits.agreement;
    require(is_long_ago || std::chrono::abs(offset - offset_) <= 2 * kClockLimits.jump, "{} after a jump of the clock",
            what);
  }
}

// An operator pauses or resumes a target or retries a dead letter, or retention runs.
void World::operate() {
  if (!ingest_->lives()) return;
  switch (random_.below(6)) {
    case 0:
      return raw_log_watch_.operate();
    default:
      return operate_target(random_.below(ingest_->dispatchers()));
    case 5:
      return run_retention();
  }
}

// A ledger row is kept for a day, which is longer than a seed's time: its removal would let a repeat in again.
void World::run_retention() {
  const auto now = ingest_->trusted_now();
  journal_.note("retention runs", now.has_value());
  if (!now) return;
  require_trusted_clock("rows are removed");
  const auto before = *now - Millis{static_cast<int64_t>(random_.below(60'000))};
  const std::vector<std::string> held_by{"stage", "production", "partner", std::string(store::kRawLog)};
  ingest_->write(store::RetentionStep{.outbox_before = before,
                                      .ledger_before = *now - std::chrono::days{1},
                                      .held_by = held_by,
                                      .rows_max = 1 + static_cast<int64_t>(random_.below(20))});
}

// Only the foreign receiver is set to dry-run: the environments' tables must hold every event at the end.
void World::operate_target(size_t index) {
  const auto& [target, receiver] = ingest_->destinations()[index];
  switch (random_.below(4)) {
    case 0:
      return fanout_watch_.order(*ingest_, index, fanout::Mode::paused);
    case 1:
      if (receiver == foreign_.get()) fanout_watch_.order(*ingest_, index, fanout::Mode::dry_run);
      return;
    case 2:
      return fanout_watch_.order(*ingest_, index, std::nullopt);
    default:
      for (const auto& row : *outbox_.deliveries(target.name, store::PutDelivery::State::dead, 1)) {
        journal_.note("a dead letter is retried");
        OperatorWriter writer(*ingest_);
        outbox::DeadLetters(outbox_, writer, clock_).retry(target.name, row.event_id, [](auto) {});
      }
  }
}

bool World::is_handled(size_t destination, const store::OutboxRow& row) {
  const auto& [target, receiver] = ingest_->destinations()[destination];
  if (!row.fan_out || !fanout::wants(target, row.event) || receiver->has(row.event.id)) return true;
  const auto rows = *outbox_.deliveries_of(row.event.id);
  if (std::ranges::find(rows, target.name, &store::PutDelivery::target) != rows.end()) return true;
  return fanout_watch_.is_skipped(destination, row);
}

bool World::never_takes(size_t destination, Uuid id) {
  return ingest_->destinations()[destination].receiver == foreign_.get() && foreign_->never_takes(id);
}

// At the end no other event flows any more. So an event that its receiver never takes waits for ever, with a row or at
// the cursor; there, events behind it that the target's mode has skipped are not yet recorded as skipped.
bool World::may_wait_for_ever(size_t destination, const store::OutboxRow& row) {
  if (never_takes(destination, row.event.id)) return true;
  if (!fanout_watch_.was_ever_dry_run(destination)) return false;
  const auto& name = ingest_->destinations()[destination].target.name;
  const auto rows = outbox_.rows_between(outbox_.true_cursor(name).value_or(Position{}), row.event.position);
  return std::ranges::any_of(rows, [&](const auto& before) { return never_takes(destination, before.event.id); });
}

void World::check_cursor(const std::string& consumer, const std::function<bool(const store::OutboxRow&)>& is_handled) {
  const auto cursor = outbox_.true_cursor(consumer);
  if (!cursor) return;
  Position& checked = checked_[consumer];
  require(*cursor >= checked, "the cursor of {} went back from {} to {}", consumer, checked.seq, cursor->seq);
  for (const auto& row : outbox_.rows_between(checked, *cursor)) {
    require(is_handled(row), "the cursor of {} passed event {} at {}, which it lacks", consumer,
            row.event.id.to_string(), row.event.position.seq);
  }
  checked = *cursor;
}

void World::check() {
  for (size_t i = 0; i < ingest_->destinations().size(); ++i) {
    const auto& target = ingest_->destinations()[i].target;
    check_cursor(target.name, [this, i](const auto& row) { return is_handled(i, row); });
    if (!ingest_->lives()) continue;
    const size_t most = retry::Pace::in_flight_max(fanout::Tuning{}.retry);
    const auto status = ingest_->dispatcher(i).status();
    if (fanout_watch_.check_status(i, status)) require_trusted_clock(target.name + " is detached");
    require(status.in_flight <= most, "{} has {} requests in flight", target.name, status.in_flight);
  }
  raw_log_watch_.check();
}

void World::heal() {
  journal_.note("all faults end");
  if (off_by_ != Millis{0}) advance(kFarOffFor);
  outbox_.faults = lake_.faults = {};
  lake_.is_broken = false;
  outbox_.rows_become_final_late = false;
  network_.gentle = true;
  stage_->heal();
  production_->heal();
  ingest_->start();
  replica_->start();
  resume_targets();
}

void World::resume_targets() {
  for (size_t i = 0; i < ingest_->dispatchers(); ++i) fanout_watch_.order(*ingest_, i, std::nullopt);
}

// Says what still has work to do; empty: nothing.
std::string World::unfinished() {
  const Position end = outbox_.true_end();
  std::string out;
  if (!ingest_->queue_is_empty() || !replica_->queue_is_empty()) out += "; writes wait";
  if (!network_.is_empty()) out += "; messages are on the wire";
  for (size_t i = 0; i < ingest_->destinations().size(); ++i) {
    const auto& name = ingest_->destinations()[i].target.name;
    const auto status = ingest_->dispatcher(i).status();
    const auto rows = outbox_.rows_between(outbox_.true_cursor(name).value_or(Position{}), end);
    const bool behind =
        std::ranges::any_of(rows, [&](const auto& row) { return !is_handled(i, row) && !may_wait_for_ever(i, row); });
    auto waiting = *outbox_.deliveries(name, store::PutDelivery::State::retry, SIZE_MAX);
    std::erase_if(waiting, [&](const auto& row) { return never_takes(i, row.event_id); });
    const bool retries = !waiting.empty();
    if (!behind && !retries) continue;
    out += fmt::format("; {} is at {} of {}{}, {} {}, {} in flight, {}", name, status.cursor.seq, end.seq,
                       retries ? " with retries" : "", to_string(status.mode), to_string(status.state),
                       status.in_flight, status.last_error);
  }
  return out + raw_log_watch_.unfinished();
}

void World::come_to_rest() {
  constexpr int kRoundsMax = 2000;
  for (int round = 0; round < kRoundsMax; ++round) {
    if (round % 8 == 0) provider_->send_all_again();
    if (round % 20 == 19) raw_log_watch_.retry_what_can_be_stored();
    if (round % 100 == 99) resume_targets();  // the foreign receiver may refuse all of the last events
    for (int i = 0; i < 6; ++i) {
      ingest_->commit();
      replica_->commit();
      ingest_->step_all();
      network_.deliver_all();
      stage_->work();
      production_->work();
      network_.deliver_all();
      check();
    }
    if (unfinished().empty()) return;
    // A row that was written while the clock was ahead may wait for six hours.
    advance(round < kRoundsMax / 2 ? Millis{5'000} : Millis{60'000});
  }
  require(false, "the simulation does not come to rest{}", unfinished());
}

void World::check_rest() {
  raw_log_watch_.check_rest();
  for (const Uuid id : provider_->acknowledged()) {
    require(outbox_.true_row(id) != nullptr, "{} was acknowledged and is gone", id.to_string());
  }
  const auto rows = outbox_.rows_between({}, outbox_.true_end());
  for (const auto& row : rows) {
    for (size_t i = 0; i < ingest_->destinations().size(); ++i) {
      require(is_handled(i, row) || may_wait_for_ever(i, row), "{} never reached {}", row.event.id.to_string(),
              ingest_->destinations()[i].target.name);
    }
  }
  for (const auto* name : {"stage", "production"}) {
    require(outbox_.deliveries(name, store::PutDelivery::State::dead, 1)->empty(), "{} has a dead letter", name);
  }
  for (const auto& row : *outbox_.deliveries("partner", store::PutDelivery::State::dead, SIZE_MAX)) {
    require(foreign_->never_takes(row.event_id), "{} is dead, though its receiver accepts it",
            row.event_id.to_string());
  }
  check_tables();
}

// The oracle applies each committed event once, newest first, so that tables that depend on the order differ.
void World::check_tables() {
  store::memory::MemoryEnvironment oracle;
  auto rows = outbox_.rows_between({}, outbox_.true_end());
  std::ranges::reverse(rows);
  for (const auto& row : rows) {
    if (!row.fan_out || row.event.sandbox) continue;
    const auto projection = projections::project(row.event);
    require(oracle.apply({&projection, 1}, clock_.now(), nullptr).has_value(), "the oracle failed");
  }
  for (const auto& table : projections::tables()) {
    const auto right = *oracle.rows(table, SIZE_MAX);
    require(*stage_->store().rows(table, SIZE_MAX) == right, "stage has another {}", table.name);
    require(*production_->store().rows(table, SIZE_MAX) == right, "production has another {}", table.name);
  }
}

}  // namespace vf::simulation
