// Doubles for tests of the raw log's feeder: a lake that fails in every way a real lake does, and, over the outbox in
// memory, a committer whose transactions happen when the test wants.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "event/identity.h"
#include "outbox/function_writer_test.h"
#include "raw_log/feeder.h"
#include "store/memory/outbox.h"

namespace vf::raw_log {

using store::AdvanceCursor;
using store::PinBatch;
using store::PutDelivery;
using store::Write;
using store::WriteResult;

inline const Instant kStart = from_unix_millis(1'795'000'000'000);
inline const std::string kConsumer{store::kRawLog};

// A lake in memory. `insert_fault` says how the next insert fails.
class FakeLake final : public lake::RawLog {
 public:
  enum class Fault { none, refused, partial, unanswered, still_running };
  struct Row {
    Event event;
    std::string retention_class;
  };

  Result<void> insert(std::span<const lake::RawRow> rows, const std::string& token) override {
    const std::lock_guard lock(mutex);
    const Fault fault = std::exchange(insert_fault, Fault::none);
    tokens.push_back(token);
    batch_sizes.push_back(rows.size());
    if (refuses_everything) return internal("the lake is broken");
    for (size_t i = 0; i < rows.size(); ++i) {
      if (!refused_ids.contains(rows[i].event->id)) continue;
      if (refusal_keeps_rows_before) keep(rows.first(i));
      return invalid("the lake cannot store a row");
    }
    if (fault == Fault::refused) return unavailable("the lake is away");
    if (fault == Fault::still_running) {
      for (const auto& row : rows) running.push_back({*row.event, std::string(row.retention_class)});
      return unavailable("the lake did not answer in time");
    }
    const size_t taken = fault == Fault::partial ? rows.size() / 2 : rows.size();
    keep(rows.first(taken));
    if (fault != Fault::none) return unavailable("the lake went away");
    return {};
  }
  void keep(std::span<const lake::RawRow> rows) {
    for (const auto& row : rows) kept.push_back({*row.event, std::string(row.retention_class)});
  }
  // Ends the inserts that still run after their caller gave up: they take effect, or are killed before that.
  void end_running(bool with_effect) {
    if (with_effect) kept.insert(kept.end(), running.begin(), running.end());
    running.clear();
  }
  Result<void> abort_pending() override {
    ++aborted;
    end_running(abort_waits_for_end);
    return {};
  }
  Result<std::vector<Uuid>> ids_present(std::span<const Uuid> ids, Instant from, Instant to) override {
    if (std::exchange(reads_fail, false)) return unavailable("the lake does not read");
    if (reads_refused > 0) {
      --reads_refused;
      return internal("the lake does not understand");
    }
    const std::set<Uuid> asked(ids.begin(), ids.end());
    std::set<Uuid> present;
    for (const auto& row : kept) {
      const bool in_range = from <= row.event.received && row.event.received <= to;
      if (in_range && asked.contains(row.event.id)) present.insert(row.event.id);
    }
    on_ids_present();
    return std::vector(present.begin(), present.end());
  }
  Result<std::optional<Event>> find(Uuid) override { return std::optional<Event>{}; }
  /// May be called by any thread.
  size_t count() {
    const std::lock_guard lock(mutex);
    return kept.size();
  }
  Result<std::vector<lake::HourTally>> tally(Instant from, Instant to) override {
    on_tally();
    std::map<std::pair<Instant, std::string>, std::vector<Uuid>> ids;
    for (const auto& [event, retention_class] : kept) {
      if (event.received < from || event.received >= to) continue;
      ids[{std::chrono::floor<std::chrono::hours>(event.received), event.source}].push_back(event.id);
    }
    std::vector<lake::HourTally> tallies;
    for (const auto& [key, held] : ids) {
      auto& tally = tallies.emplace_back(lake::HourTally{.hour = key.first, .source = key.second});
      tally.rows = static_cast<int64_t>(held.size());
      tally.events = static_cast<int64_t>(std::set(held.begin(), held.end()).size());
      for (const auto& id : held) tally.digest += lake::id_digest(id);
    }
    return tallies;
  }

  std::map<Uuid, int> times_kept() const {
    std::map<Uuid, int> times;
    for (const auto& row : kept) ++times[row.event.id];
    return times;
  }

  std::mutex mutex;
  Fault insert_fault = Fault::none;
  bool reads_fail = false;
  int reads_refused = 0;  // how many of the next reads fail
  bool refuses_everything = false;
  std::set<Uuid> refused_ids;
  bool refusal_keeps_rows_before = false;  // like an engine that stores block by block
  bool abort_waits_for_end = true;
  std::function<void()> on_tally = [] {}, on_ids_present = [] {};
  int aborted = 0;
  std::vector<Row> kept, running;
  std::vector<std::string> tokens;
  std::vector<size_t> batch_sizes;
};

// A feeder that uses these doubles.
class FeederHarness {
 public:
  FeederHarness() { start_feeder(); }

  void start_feeder() {
    feeder.emplace(Feeder::Ports{.outbox = outbox, .writer = writer, .lake = lake, .clock = clock, .random = random},
                   params);
  }
  // Kills the feeder and starts another: the writes in the queue are lost, or have just been committed.
  void crash(bool committed_meanwhile) {
    if (committed_meanwhile) {
      for (const auto& waiting : queue) static_cast<void>(commit(waiting.what));  // a refusal reaches no caller
    }
    queue.clear();
    start_feeder();
  }

  std::vector<Uuid> add(int count, const std::string& source = "kick", size_t body_bytes = 10) {
    std::vector<Uuid> ids;
    for (int i = 0; i < count; ++i) {
      store::AddEvent add;
      add.event.source = source;
      add.event.message_id = "m" + std::to_string(++added);
      add.event.id = event_id(source, add.event.message_id, std::nullopt);
      add.event.body.assign(body_bytes, 'x');
      add.fan_out = added % 2 == 0;
      ids.push_back(add.event.id);
      EXPECT_TRUE(commit(add));
    }
    return ids;
  }

  Result<WriteResult> commit(const Write& what) {
    auto done = outbox.write({&what, 1}, clock.now(), nullptr);
    if (!done) return done.error();
    return std::move(done->front());
  }

  enum class Answer { committed, lost_before, lost_after };
  void answer_write(Answer answer = Answer::committed) {
    auto waiting = std::move(queue.front());
    queue.pop_front();
    log.push_back(name_of(waiting.what));
    if (answer == Answer::lost_before) return waiting.done(unavailable("the store is away"));
    auto result = commit(waiting.what);
    if (answer == Answer::lost_after) return waiting.done(unavailable("the store did not answer"));
    waiting.done(std::move(result));
  }

  // Steps the feeder and answers its writes until it waits for time to pass. Returns how long it wants to wait.
  Millis run_until_idle() {
    for (int i = 0; i < 10'000; ++i) {
      const size_t inserts = lake.batch_sizes.size();
      const Millis wait = feeder->step();
      if (lake.batch_sizes.size() > inserts) log.emplace_back("insert");
      if (!queue.empty()) {
        answer_write();
      } else if (wait > Millis{0}) {
        return wait;
      }
    }
    ADD_FAILURE() << "the feeder never waits";
    return {};
  }
  // As run_until_idle(), but lets time pass when the feeder waits, until it has caught up.
  void run_until_caught_up() {
    for (int i = 0; i < 1'000; ++i) {
      const Millis wait = run_until_idle();
      if (feeder->is_caught_up()) return;
      clock.advance(wait);
    }
    ADD_FAILURE() << "the feeder does not catch up: " << feeder->status().last_error;
  }

  std::vector<PutDelivery> deliveries(PutDelivery::State state) {
    return *outbox.deliveries(kConsumer, state, SIZE_MAX);
  }
  std::set<Uuid> dead() {
    std::set<Uuid> ids;
    for (const auto& row : deliveries(PutDelivery::State::dead)) ids.insert(row.event_id);
    return ids;
  }
  void move_cursor_back(Random& chance) {
    const auto cursor = *outbox.cursor(kConsumer);
    if (!cursor) return;
    EXPECT_TRUE(commit(store::MoveCursor{kConsumer, {0, 0, chance.below(cursor->seq + 1)}, "by hand"}));
  }
  // Retries a dead letter as an operator does.
  void retry_dead(Uuid id) {
    EXPECT_TRUE(commit(store::RetryDeadLetters{.target = kConsumer, .events = {id}, .due = clock.now()}));
  }

  void expect_each_once() const {
    EXPECT_EQ(lake.kept.size(), static_cast<size_t>(added));
    EXPECT_EQ(lake.times_kept().size(), static_cast<size_t>(added));
  }

  static std::string name_of(const Write& what) {
    if (std::holds_alternative<PinBatch>(what)) return "pin";
    if (std::holds_alternative<AdvanceCursor>(what)) return "advance";
    if (std::holds_alternative<PutDelivery>(what)) return "dead letter";
    if (std::holds_alternative<store::DropDelivery>(what)) return "drop";
    return "start";
  }

  struct Waiting {
    Write what;
    outbox::OnWritten done;
  };

  store::memory::MemoryOutbox outbox;
  FakeLake lake;
  ManualClock clock{kStart};
  SeededRandom random{1};
  FeederParams params;
  std::deque<Waiting> queue;
  outbox::FunctionWriter writer{
      [this](Write what, outbox::OnWritten done) { queue.push_back({std::move(what), std::move(done)}); }};
  std::vector<std::string> log;
  std::optional<Feeder> feeder;
  int added = 0;
};

}  // namespace vf::raw_log
