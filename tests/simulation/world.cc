#include "world.h"

#include <algorithm>

#include "projections/projector.h"
#include "projections/tables.h"

namespace vf::simulation {
namespace {

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

World::World(uint64_t seed) : random_(seed), outbox_(random_), lake_(outbox_, random_), network_(random_) {
  stage_ = std::make_unique<Environment>(Environment::Params{outbox_, clock_, random_, kSecret});
  production_ = std::make_unique<Environment>(Environment::Params{outbox_, clock_, random_, kSecret});
  auto partner = target_named("partner");
  partner.delivery = random_.below(2) == 0 ? fanout::Delivery::single : fanout::Delivery::batch;
  if (random_.below(2) == 0) partner.types = {"kick.channel.*"};
  stranger_ = std::make_unique<Stranger>(clock_, kSecret, partner.delivery == fanout::Delivery::single);
  ingest_ = std::make_unique<Ingest>(Ingest::Params{outbox_,
                                                    lake_,
                                                    network_,
                                                    clock_,
                                                    random_,
                                                    {{target_named("stage"), stage_.get()},
                                                     {target_named("production"), production_.get()},
                                                     {std::move(partner), stranger_.get()}},
                                                    1 + random_.below(8)});
  provider_ = std::make_unique<Provider>(Provider::Params{*ingest_, outbox_, clock_, random_});
  choose_troubles();
  ingest_->start();
}

// Each seed has its own mixture: some all of them, some only one, so that none hides the others.
void World::choose_troubles() {
  const auto share = [this](uint64_t most) { return random_.below(3) == 0 ? random_.below(most) : 0; };
  for (Unkindness* u :
       {&outbox_.unkindness, &lake_.unkindness, &stage_->store().unkindness, &production_->store().unkindness}) {
    *u = {false, share(200), share(200), share(60), share(60)};
  }
  outbox_.rows_become_final_late = random_.below(2) == 0;
  death_rate_ = share(30);
  clocks_jump_ = random_.below(3) == 0;
  network_.gentle = random_.below(4) == 0;
}

void World::note(std::string_view what, uint64_t detail) {
  trace_ = (trace_ ^ detail ^ what.size()) * 0x100000001b3ull + static_cast<uint64_t>(outbox_.true_end().seq);
  if (verbose) {
    fmt::print(stderr, "{:6} {} {} {} (committed {})\n", steps_, to_rfc3339(clock_.now()), what, detail,
               outbox_.true_end().seq);
  }
}

void World::run() {
  const size_t steps = 50 + random_.below(400);
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
  note("step", what);
  if (what < 15) return provider_->make();
  if (what < 20) return provider_->send_again();
  if (what < 38) return ingest_->commit();
  if (what < 60) return ingest_->step_one();
  if (what < 78) return network_.move();
  if (what < 82) return stage_->work();
  if (what < 86) return production_->work();
  if (what < 92) return clock_.advance(Millis{static_cast<int64_t>(random_.below(1500))});
  if (what < 94) return outbox_.move_horizon();
  if (what < 95) return lake_.end_running();
  fail_something();
}

void World::fail_something() {
  if (!ingest_->lives()) return ingest_->start();
  if (random_.below(1000) < death_rate_ * 5) {
    switch (random_.below(3)) {
      case 0:
        note("ingest dies", 0);
        return ingest_->die();
      case 1:
        note("stage dies", 0);
        return stage_->crash();
      default:
        note("production dies", 0);
        return production_->crash();
    }
  }
  switch (random_.below(4)) {
    case 0:
      return change_stores();
    case 1:
      return change_clock();
    case 2:
      return change_mode();
    default:
      return clock_.advance(Millis{static_cast<int64_t>(random_.below(90'000))});
  }
}

// A store goes away, or comes back.
void World::change_stores() {
  Unkindness* const all[] = {&outbox_.unkindness, &lake_.unkindness, &stage_->store().unkindness,
                             &production_->store().unkindness};
  Unkindness& one = *all[random_.below(4)];
  one.away = !one.away && random_.below(2) == 0;
  note("a store is away", one.away);
}

// The common clock is corrected, or an environment's drifts out of every tolerance.
void World::change_clock() {
  if (!clocks_jump_) return;
  const auto by = Millis{static_cast<int64_t>(random_.below(1'200'000)) - 600'000};
  note("a clock jumps", static_cast<uint64_t>(std::abs(by.count())));
  if (random_.below(2) == 0) return clock_.jump(by);
  stage_->set_skew(random_.below(2) == 0 ? by : Millis{0});
}

void World::change_mode() {
  if (!ingest_->lives()) return;
  auto& dispatcher = ingest_->dispatcher(random_.below(ingest_->dispatchers()));
  if (random_.below(2) == 0) return dispatcher.set_mode(fanout::Mode::paused, [](auto) {});
  dispatcher.resume([](auto) {});
}

bool World::is_dealt_with(size_t destination, const store::OutboxRow& row) {
  const auto& [target, receiver] = ingest_->destinations()[destination];
  if (!row.fan_out || !fanout::wants(target, row.event) || receiver->has(row.event.id)) return true;
  const auto rows = *outbox_.deliveries_of(row.event.id);
  return std::ranges::find(rows, target.name, &store::PutDelivery::target) != rows.end();
}

void World::check_cursor(const std::string& consumer, const std::function<bool(const store::OutboxRow&)>& dealt_with) {
  const auto cursor = outbox_.true_cursor(consumer);
  if (!cursor) return;
  Position& checked = checked_[consumer];
  require(*cursor >= checked, "the cursor of {} went back from {} to {}", consumer, checked.seq, cursor->seq);
  for (const auto& row : outbox_.rows_between(checked, *cursor)) {
    require(dealt_with(row), "the cursor of {} passed event {} at {}, which it lacks", consumer,
            row.event.id.to_string(), row.event.position.seq);
  }
  checked = *cursor;
}

void World::check() {
  for (size_t i = 0; i < ingest_->destinations().size(); ++i) {
    const auto& target = ingest_->destinations()[i].target;
    check_cursor(target.name, [this, i](const auto& row) { return is_dealt_with(i, row); });
    if (!ingest_->lives()) continue;
    const size_t window = fanout::default_tuning(target.delivery).breaker.window_max;
    const auto status = ingest_->dispatcher(i).status();
    require(status.in_flight <= window, "{} has {} requests in flight", target.name, status.in_flight);
  }
  check_cursor(std::string(store::kRawLog), [this](const auto& row) { return lake_.holds(row.event.id); });
}

void World::heal() {
  note("heal", 0);
  outbox_.unkindness = lake_.unkindness = {};
  outbox_.rows_become_final_late = false;
  network_.gentle = true;
  stage_->heal();
  production_->heal();
  ingest_->start();
  for (size_t i = 0; i < ingest_->dispatchers(); ++i) ingest_->dispatcher(i).resume([](auto) {});
}

// What is not at rest; empty when all is.
std::string World::unrest() {
  const Position end = outbox_.true_end();
  std::string out;
  if (!ingest_->queue_is_empty()) out += "; writes wait";
  if (!network_.is_empty()) out += "; messages are on the wire";
  for (size_t i = 0; i < ingest_->destinations().size(); ++i) {
    const auto& name = ingest_->destinations()[i].target.name;
    const auto status = ingest_->dispatcher(i).status();
    const bool behind = outbox_.true_cursor(name) != end;
    // An event that alone keeps its target failing is tried for as long as the outbox holds it.
    auto waiting = *outbox_.deliveries(name, store::PutDelivery::State::retry, SIZE_MAX);
    std::erase_if(waiting, [this](const auto& row) { return stranger_->fails_on(row.event_id); });
    const bool retries = !waiting.empty();
    if (!behind && !retries) continue;
    out += fmt::format("; {} is at {} of {}{}, {} {}, {} in flight, {}", name, status.cursor.seq, end.seq,
                       retries ? " with retries" : "", to_string(status.mode), to_string(status.state),
                       status.in_flight, status.last_error);
  }
  const auto raw = outbox_.true_cursor(std::string(store::kRawLog));
  if (raw != end) out += fmt::format("; the raw log is at {} of {}", raw.value_or(Position{}).seq, end.seq);
  return out;
}

void World::come_to_rest() {
  constexpr int kRoundsMax = 2000;
  for (int round = 0; round < kRoundsMax; ++round) {
    if (round % 8 == 0) provider_->send_all_again();
    for (int i = 0; i < 6; ++i) {
      ingest_->commit();
      ingest_->step_all();
      network_.deliver_all();
      stage_->work();
      production_->work();
      network_.deliver_all();
      check();
    }
    if (unrest().empty()) return;
    clock_.advance(Millis{5'000});
  }
  require(false, "it does not come to rest{}", unrest());
}

void World::check_rest() {
  for (const Uuid id : provider_->acknowledged()) {
    require(outbox_.true_row(id).has_value(), "{} was acknowledged and is gone", id.to_string());
  }
  const auto rows = outbox_.rows_between({}, outbox_.true_end());
  require(static_cast<size_t>(*lake_.count()) == rows.size(), "{} events are committed, {} are in the raw log",
          rows.size(), *lake_.count());
  for (const auto& row : rows) {
    require(lake_.holds(row.event.id), "{} is missing in the raw log", row.event.id.to_string());
    for (size_t i = 0; i < ingest_->destinations().size(); ++i) {
      require(is_dealt_with(i, row), "{} never reached {}", row.event.id.to_string(),
              ingest_->destinations()[i].target.name);
    }
  }
  for (const auto* name : {"stage", "production"}) {
    require(outbox_.deliveries(name, store::PutDelivery::State::dead, 1)->empty(), "{} has a dead letter", name);
  }
  for (const auto& row : *outbox_.deliveries("partner", store::PutDelivery::State::dead, SIZE_MAX)) {
    const bool guilty = Stranger::refuses(row.event_id) || stranger_->fails_on(row.event_id);
    require(guilty, "{} is dead for another's fault", row.event_id.to_string());
  }
  check_tables();
}

// The oracle: the committed events, projected in their order, each once.
void World::check_tables() {
  store::MemoryEnvironment oracle;
  for (const auto& row : outbox_.rows_between({}, outbox_.true_end())) {
    if (!row.fan_out || row.event.sandbox) continue;
    const auto projection = projections::project(row.event);
    require(oracle.apply({&projection, 1}, clock_.now()).has_value(), "the oracle failed");
  }
  for (const auto& table : projections::tables()) {
    const auto right = *oracle.rows(table, SIZE_MAX);
    require(*stage_->store().rows(table, SIZE_MAX) == right, "stage has another {}", table.name);
    require(*production_->store().rows(table, SIZE_MAX) == right, "production has another {}", table.name);
  }
}

}  // namespace vf::simulation
