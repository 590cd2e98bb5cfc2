// Worker with a real thread and a real committer. Oracle: the rows in the log. Scope: the thread; feeder_test.cc tests
// the feeder.
#include "raw_log/worker.h"

#include <gtest/gtest.h>

#include "obs/services_test.h"
#include "outbox/committer.h"
#include "outbox/function_writer_test.h"
#include "raw_log/tests/feeder_harness_test.h"

namespace vf::raw_log {
namespace {

struct WorkerTest : testing::Test {
  WorkerTest() : committer({.store = outbox, .services = around.services}) {}

  std::unique_ptr<Worker> start(Millis linger) {
    FeederParams params;
    params.linger = linger;
    params.poll = Millis{60'000};
    return std::make_unique<Worker>(Worker::Params{
        .outbox = outbox, .writer = committer, .lake = lake, .clock = clock, .seed = 1, .feeder = params});
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

  store::memory::MemoryOutbox outbox;
  FakeLake lake;
  SystemClock clock;
  obs::TestServices around{from_unix_millis(1'700'000'000'000)};
  outbox::Committer committer;
  int next = 0;
};

TEST_F(WorkerTest, CopiesCommittedEventsWhenWoken) {
  auto worker = start(Millis{0});
  add(100);
  const auto deadline = clock.steady() + std::chrono::seconds{20};
  while (lake.count() < 100u && clock.steady() < deadline) {
    worker->wake();
    std::this_thread::yield();
  }
  EXPECT_EQ(lake.count(), 100u);
}

TEST_F(WorkerTest, DrainCopiesTheRemainder) {
  auto worker = start(Millis{3'600'000});
  add(50);
  worker->drain(Millis{20'000});
  EXPECT_EQ(lake.count(), 50u);
  EXPECT_EQ(worker->status().rows_inserted, 50);
  worker->drain(Millis{0});  // a second drain has no effect
}

TEST_F(WorkerTest, DrainEndsInTimeWhenTheStoreNeverAnswers) {
  outbox::FunctionWriter silent([](const Write&, const outbox::OnWritten&) {});
  Worker worker({.outbox = outbox, .writer = silent, .lake = lake, .clock = clock, .seed = 1, .feeder = {}});
  worker.drain(Millis{10});  // the test's time limit fails if this hangs
}

}  // namespace
}  // namespace vf::raw_log
