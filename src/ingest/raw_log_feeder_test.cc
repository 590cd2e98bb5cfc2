// RawLogFeeder over the outbox in memory and a raw log that fails in every way a real one does. Oracle: the events that
// were committed, each to be in the log once. Scope: the feeder; engines have tests/conformance/raw_log.
#include "ingest/raw_log_feeder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <map>
#include <set>

#include "event/identity.h"
#include "ingest/commit.h"
#include "ingest/raw_log_worker.h"
#include "store/memory_outbox.h"

namespace vf::ingest {
namespace {

using store::AdvanceCursor;
using store::PinBatch;
using store::Write;
using store::WriteResult;
using testing::ElementsAre;
using testing::HasSubstr;

const Instant kStart = from_unix_millis(1'795'000'000'000);
const std::string kConsumer{store::kRawLog};

// Keeps rows by id. `insert_fault` says what the next insert does besides what it should.
class FakeLake final : public lake::RawLog {
 public:
  enum class Fault { none, refused, partial, unanswered, still_running };
  struct Row {
    Event event;
    std::string retention_class;
  };

  Result<bool> insert(std::span<const lake::RawRow> rows, const std::string& token) override {
    const std::lock_guard lock(mutex);
    const Fault fault = std::exchange(insert_fault, Fault::none);
    tokens.push_back(token);
    batch_sizes.push_back(rows.size());
    if (fault == Fault::refused) return unavailable("the lake is away");
    if (fault == Fault::still_running) {
      for (const auto& row : rows) running.push_back({*row.event, std::string(row.retention_class)});
      return unavailable("the lake did not answer in time");
    }
    const size_t taken = fault == Fault::partial ? rows.size() / 2 : rows.size();
    for (const auto& row : rows.first(taken)) kept.push_back({*row.event, std::string(row.retention_class)});
    if (fault != Fault::none) return unavailable("the lake went away");
    return true;
  }
  // An insert that nobody waits for any more ends: it has its effect, or it was killed before.
  void end_running(bool with_effect) {
    if (with_effect) kept.insert(kept.end(), running.begin(), running.end());
    running.clear();
  }
  Result<bool> settle() override {
    ++settled;
    end_running(settle_lets_finish);
    return true;
  }
  Result<std::vector<Uuid>> ids_present(std::span<const Uuid> ids, Instant from, Instant to) override {
    if (std::exchange(reads_fail, false)) return unavailable("the lake does not read");
    const std::set<Uuid> asked(ids.begin(), ids.end());
    std::set<Uuid> present;
    for (const auto& row : kept) {
      const bool in_range = from <= row.event.received && row.event.received <= to;
      if (in_range && asked.contains(row.event.id)) present.insert(row.event.id);
    }
    return std::vector(present.begin(), present.end());
  }
  Result<std::vector<Event>> read(const lake::ReadRange&) override { return std::vector<Event>{}; }
  Result<std::optional<Event>> find(Uuid) override { return std::optional<Event>{}; }
  Result<int64_t> count() override {
    const std::lock_guard lock(mutex);
    return static_cast<int64_t>(kept.size());
  }
  Result<bool> ping() override { return true; }

  std::map<Uuid, int> times_kept() const {
    std::map<Uuid, int> times;
    for (const auto& row : kept) ++times[row.event.id];
    return times;
  }

  std::mutex mutex;
  Fault insert_fault = Fault::none;
  bool reads_fail = false;
  bool settle_lets_finish = true;
  int settled = 0;
  std::vector<Row> kept, running;
  std::vector<std::string> tokens;
  std::vector<size_t> batch_sizes;
};

// The outbox, and a committer whose transactions happen when the test says so.
class World {
 public:
  World() { start_feeder(); }

  void start_feeder() {
    feeder.emplace(RawLogFeeder::Ports{outbox, [this](Write what, auto done) { queue.push_back({what, done}); }, lake,
                                       clock, random},
                   params);
  }
  // As a kill would: what waits for its transaction is lost, or has just been committed.
  void crash(bool committed_meanwhile) {
    if (committed_meanwhile) {
      for (const auto& waiting : queue) static_cast<void>(commit(waiting.what));  // or refused: nobody hears it
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

  // Steps and answers until nothing happens by itself any more; the wait that the feeder then asks for.
  Millis settle() {
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
    ADD_FAILURE() << "the feeder does not come to rest";
    return {};
  }
  // The same, letting time pass where the feeder waits.
  void run_until_caught_up() {
    for (int i = 0; i < 1'000; ++i) {
      const Millis wait = settle();
      if (feeder->is_caught_up()) return;
      clock.advance(wait);
    }
    ADD_FAILURE() << "the feeder does not catch up: " << feeder->status().last_error;
  }

  void expect_each_once() const {
    EXPECT_EQ(lake.kept.size(), static_cast<size_t>(added));
    EXPECT_EQ(lake.times_kept().size(), static_cast<size_t>(added));
  }

  static std::string name_of(const Write& what) {
    if (std::holds_alternative<PinBatch>(what)) return "pin";
    if (std::holds_alternative<AdvanceCursor>(what)) return "advance";
    return "start";
  }

  struct Waiting {
    Write what;
    std::function<void(Result<WriteResult>)> done;
  };

  store::MemoryOutbox outbox;
  FakeLake lake;
  ManualClock clock{kStart};
  SeededRandom random{1};
  RawLogFeederParams params;
  std::deque<Waiting> queue;
  std::vector<std::string> log;
  std::optional<RawLogFeeder> feeder;
  int added = 0;
};

struct Feeder : testing::Test {
  World world;
};

TEST_F(Feeder, PinsBeforeItInsertsAndAdvancesAfter) {
  world.add(3);
  world.run_until_caught_up();
  EXPECT_THAT(world.log, ElementsAre("start", "pin", "insert", "advance"));
  world.expect_each_once();
  EXPECT_EQ(world.feeder->status().cursor, (Position{0, 0, 3}));
  EXPECT_EQ(world.feeder->status().rows_inserted, 3);
}

TEST_F(Feeder, BeginsAtTheEarliestEventAndKeepsThoseOfDryRunSources) {
  world.add(4);  // every second one is not fanned out
  world.run_until_caught_up();
  EXPECT_EQ(world.lake.kept.size(), 4u);
}

TEST_F(Feeder, ABatchWaitsForItsLingerAndThenTakesWhatCameMeanwhile) {
  world.settle();
  world.add(1);
  EXPECT_EQ(world.settle(), Millis{1'000});
  world.clock.advance(Millis{999});
  world.add(1);
  EXPECT_EQ(world.settle(), Millis{1});
  EXPECT_TRUE(world.lake.kept.empty());
  world.clock.advance(Millis{1});
  world.settle();
  EXPECT_THAT(world.lake.batch_sizes, ElementsAre(2));
}

TEST_F(Feeder, ABacklogDoesNotLinger) {
  world.add(5);
  world.clock.advance(Millis{1'000});
  world.settle();
  EXPECT_EQ(world.lake.kept.size(), 5u);
}

TEST_F(Feeder, LingersNoLongerThanItsSpanWhenTheClockStepsBack) {
  world.settle();
  world.add(1);
  world.clock.jump(-Millis{3'600'000});
  EXPECT_EQ(world.settle(), Millis{1'000});
}

TEST_F(Feeder, CutsAtTheLimitOfRows) {
  world.params.rows_max = 10;
  world.start_feeder();
  world.add(10);
  world.settle();
  EXPECT_THAT(world.lake.batch_sizes, ElementsAre(10)) << "a full batch does not linger";
  world.add(11);
  world.settle();
  EXPECT_THAT(world.lake.batch_sizes, ElementsAre(10, 10));
  world.run_until_caught_up();
  EXPECT_THAT(world.lake.batch_sizes, ElementsAre(10, 10, 1));
}

TEST_F(Feeder, CutsAtTheLimitOfBytesBehindTheEventThatCrossesIt) {
  world.params.bytes_max = 1'000;
  world.start_feeder();
  world.add(3, "kick", 333);
  EXPECT_EQ(world.settle(), Millis{1'000}) << "999 bytes: not full";
  world.add(2, "kick", 1);
  world.clock.advance(Millis{1'000});
  world.settle();
  EXPECT_THAT(world.lake.batch_sizes, ElementsAre(4, 1));
  world.add(1, "kick", 5'000);
  world.run_until_caught_up();
  world.expect_each_once();
}

TEST_F(Feeder, HurriedItDoesNotLinger) {
  world.settle();
  world.add(2);
  world.feeder->hurry();
  world.settle();
  EXPECT_EQ(world.lake.kept.size(), 2u);
  EXPECT_TRUE(world.feeder->is_caught_up());
}

TEST_F(Feeder, FilesEventsUnderTheirClass) {
  world.params.retention.by_source["sumsub"] = std::chrono::days{90};
  world.start_feeder();
  world.add(1, "kick");
  world.add(1, "sumsub");
  world.run_until_caught_up();
  EXPECT_EQ(world.lake.kept[0].retention_class, "default");
  EXPECT_EQ(world.lake.kept[1].retention_class, "sumsub");
}

TEST_F(Feeder, AfterAnUnknownOutcomeItSettlesAndInsertsOnlyWhatIsMissing) {
  using Fault = FakeLake::Fault;
  for (const Fault fault : {Fault::refused, Fault::partial, Fault::unanswered, Fault::still_running}) {
    World w;
    w.add(10);
    w.lake.insert_fault = fault;
    w.run_until_caught_up();
    w.expect_each_once();
    EXPECT_EQ(w.lake.settled, 1);
    EXPECT_EQ(w.feeder->status().repairs, 1);
    EXPECT_EQ(w.feeder->status().failures, 0);
  }
}

TEST_F(Feeder, ARepairThatInsertsOtherRowsHasAnotherToken) {
  world.add(10);
  world.lake.insert_fault = FakeLake::Fault::partial;
  world.run_until_caught_up();
  ASSERT_EQ(world.lake.tokens.size(), 2u);
  EXPECT_NE(world.lake.tokens[0], world.lake.tokens[1]);
  EXPECT_EQ(world.lake.tokens[0].size(), 64u);
}

TEST_F(Feeder, AWholeRepeatHasTheSameToken) {
  world.add(10);
  world.lake.insert_fault = FakeLake::Fault::refused;
  world.run_until_caught_up();
  ASSERT_EQ(world.lake.tokens.size(), 2u);
  EXPECT_EQ(world.lake.tokens[0], world.lake.tokens[1]);
}

TEST_F(Feeder, APinFromALargerLimitIsMendedInPieces) {
  world.add(25);
  world.lake.insert_fault = FakeLake::Fault::partial;
  world.clock.advance(Millis{1'000});
  world.settle();
  world.params.rows_max = 10;
  world.crash(false);
  world.run_until_caught_up();
  world.expect_each_once();
  EXPECT_EQ(world.feeder->status().repairs, 3);
}

TEST_F(Feeder, AnEmptyPinnedRangeIsPassed) {
  world.add(2);
  world.settle();
  PinBatch pin{kConsumer, {}, {0, 0, 2}, 2, "digest"};
  ASSERT_TRUE(world.commit(pin));
  ASSERT_TRUE(world.commit(store::RetentionStep{Instant::max(), {}, {}, 10}));
  world.crash(false);
  world.settle();
  EXPECT_EQ(world.feeder->status().cursor, (Position{0, 0, 2}));
}

TEST_F(Feeder, BacksOffWithJitterAndSaysWhy) {
  world.add(1);
  world.clock.advance(Millis{1'000});
  Millis longest{250};
  for (int failures = 1; failures <= 12; ++failures) {
    world.lake.insert_fault = FakeLake::Fault::refused;
    const Millis wait = world.settle();
    EXPECT_EQ(world.feeder->status().failures, failures);
    EXPECT_THAT(world.feeder->status().last_error, HasSubstr("the lake is away"));
    EXPECT_LE(wait, std::min(longest, Millis{5'000}));
    EXPECT_GE(wait, std::min(longest / 2, Millis{5'000}));
    world.clock.advance(Millis{30'000});
    longest = std::min(longest * 2, Millis{30'000});
  }
  world.settle();
  EXPECT_EQ(world.feeder->status().failures, 0);
  EXPECT_EQ(world.feeder->status().last_error, "");
}

TEST_F(Feeder, ShowsTheBacklogWhileTheLakeIsAway) {
  world.add(7);
  world.clock.advance(Millis{1'000});
  for (int i = 0; i < 5; ++i) {
    world.lake.insert_fault = FakeLake::Fault::refused;
    world.settle();
    world.clock.advance(Millis{5'000});
  }
  EXPECT_EQ(world.feeder->status().backlog.rows, 7);
  EXPECT_EQ(world.feeder->status().backlog.oldest, kStart);
  world.run_until_caught_up();
  EXPECT_EQ(world.feeder->status().backlog.rows, 0);
}

TEST_F(Feeder, ACursorThatSomebodyMovedIsFoundAgain) {
  world.add(5);
  world.clock.advance(Millis{1'000});
  while (world.lake.kept.empty()) {
    if (!world.queue.empty()) world.answer_write();
    world.feeder->step();
  }
  ASSERT_TRUE(world.commit(store::MoveCursor{kConsumer, {0, 0, 5}, "by hand"}));
  world.add(1);
  world.run_until_caught_up();
  world.expect_each_once();
}

TEST_F(Feeder, ACompletionAfterItsEndIsIgnored) {
  world.feeder->step();
  ASSERT_EQ(world.queue.size(), 1u);
  auto late = world.queue.front().done;
  world.feeder.reset();
  late(WriteResult{store::Done{}});
}

// Crashes at any step, with or without the waiting write committed; every fault of lake and store.
void misbehave(World& world, Random& chance) {
  using Answer = World::Answer;
  using Fault = FakeLake::Fault;
  switch (chance.below(12)) {
    case 0:
      world.add(static_cast<int>(chance.below(8)));
      break;
    case 1:
      world.crash(chance.below(2) == 0);
      break;
    case 2:
      world.lake.insert_fault = static_cast<Fault>(chance.below(5));
      break;
    case 3:
      world.lake.reads_fail = chance.below(2) == 0;
      break;
    case 4:
      world.lake.settle_lets_finish = chance.below(2) == 0;
      break;
    case 5:
      world.clock.advance(Millis{static_cast<int64_t>(chance.below(3'000))});
      break;
    case 6:
      if (!world.queue.empty()) world.answer_write(static_cast<Answer>(chance.below(3)));
      break;
    case 7:
      world.params.rows_max = 1 + chance.below(20);
      break;  // in force after the next crash
    default:
      if (world.queue.empty()) {
        world.feeder->step();
      } else {
        world.answer_write();
      }
  }
}

RC_GTEST_PROP(FeederProperty, EveryEventIsInTheLogExactlyOnce, (uint64_t seed)) {
  World world;
  SeededRandom chance(seed);
  const int steps = 50 + static_cast<int>(chance.below(300));
  for (int i = 0; i < steps; ++i) misbehave(world, chance);
  world.lake.insert_fault = FakeLake::Fault::none;
  world.lake.reads_fail = false;
  world.run_until_caught_up();
  world.lake.end_running(true);  // nothing may still be under way that nobody waited for
  RC_ASSERT(world.lake.kept.size() == static_cast<size_t>(world.added));
  RC_ASSERT(world.lake.times_kept().size() == static_cast<size_t>(world.added));
}

// A real thread and a real committer.
struct Worker : testing::Test {
  Worker() : committer({outbox, clock, {}, {}}) {}

  std::unique_ptr<RawLogWorker> start(Millis linger) {
    RawLogFeederParams params;
    params.linger = linger;
    params.poll = Millis{60'000};
    auto write = [this](Write what, auto done) { committer.write(std::move(what), std::move(done)); };
    return std::make_unique<RawLogWorker>(RawLogWorker::Params{outbox, write, lake, clock, 1, params});
  }
  void add(int count) {
    for (int i = 0; i < count; ++i) {
      store::AddEvent add;
      add.event.source = "kick";
      add.event.id = event_id("kick", std::to_string(next++), std::nullopt);
      const Write write = add;
      ASSERT_TRUE(outbox.write({&write, 1}, clock.now(), nullptr));
    }
  }

  store::MemoryOutbox outbox;
  FakeLake lake;
  SystemClock clock;
  Committer committer;
  int next = 0;
};

TEST_F(Worker, CopiesWhatIsCommittedOnceItIsWoken) {
  auto worker = start(Millis{0});
  add(100);
  const auto deadline = clock.steady() + std::chrono::seconds{20};
  while (*lake.count() < 100 && clock.steady() < deadline) {
    worker->wake();
    std::this_thread::yield();
  }
  EXPECT_EQ(*lake.count(), 100);
}

TEST_F(Worker, DrainCopiesWhatIsLeft) {
  auto worker = start(Millis{3'600'000});
  add(50);
  worker->drain(Millis{20'000});
  EXPECT_EQ(*lake.count(), 50);
  EXPECT_EQ(worker->status().rows_inserted, 50);
  worker->drain(Millis{0});  // again: nothing happens
}

TEST_F(Worker, DrainEndsInTimeWhenTheStoreNeverAnswers) {
  RawLogWorker worker({outbox, [](Write, auto) {}, lake, clock, 1, {}});
  worker.drain(Millis{10});  // the test's own time limit is the oracle
}

}  // namespace
}  // namespace vf::ingest
