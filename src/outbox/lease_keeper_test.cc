// Tests LeaseKeeper over the model store: two processes, one clock, writes that complete when the test wants.
#include "outbox/lease_keeper.h"

#include <gtest/gtest.h>

#include <deque>

#include "outbox/function_writer_test.h"
#include "store/memory/outbox.h"

namespace vf::outbox {
namespace {

struct LeaseKeeperTest : testing::Test {
  ManualClock clock{from_unix_millis(1'700'000'000'000)};
  store::memory::MemoryOutbox outbox;
  bool away = false;     // writes fail
  bool stalled = false;  // writes wait
  std::deque<std::move_only_function<void()>> waiting;

  FunctionWriter writer{[this](store::Write write, OnWritten done) {
    auto work = [this, write = std::move(write), done = std::move(done)]() mutable {
      if (away) return done(unavailable("the store is away"));
      auto results = outbox.write(std::span(&write, 1), clock.now(), nullptr);
      results ? done(results->front()) : done(results.error());
    };
    stalled ? waiting.push_back(std::move(work)) : work();
  }};
  LeaseKeeper keeper(const std::string& holder, bool exclusive = false) {
    return LeaseKeeper({.name = "stage", .holder = holder, .writer = writer, .clock = clock, .exclusive = exclusive});
  }
  void pass(Millis span) { clock.advance(span); }
};

constexpr Millis kStep{2'000};

TEST_F(LeaseKeeperTest, KeepsTheLeaseWhileItSteps) {
  auto a = keeper("a"), b = keeper("b");
  EXPECT_FALSE(a.epoch());
  for (int i = 0; i < 10; ++i) {
    a.step();
    EXPECT_EQ(a.step(), kStep) << "it asks again after a third of its term";
    b.step();
    EXPECT_TRUE(a.epoch());
    EXPECT_FALSE(b.epoch());
    EXPECT_EQ(b.holder(), "a");
    pass(kStep);
  }
}

TEST_F(LeaseKeeperTest, StopsBeforeAnotherMayBegin) {
  auto a = keeper("a"), b = keeper("b");
  a.step();
  for (int i = 0; i < 100 && a.epoch(); ++i) {
    b.step();
    EXPECT_FALSE(b.epoch());
    pass(Millis{100});
  }
  EXPECT_FALSE(a.epoch()) << "it was not prolonged";
  b.step();
  EXPECT_FALSE(b.epoch()) << "its term in the store is not over yet";
  pass(kStep);
  b.step();
  EXPECT_TRUE(b.epoch());
}

TEST_F(LeaseKeeperTest, StoppedHolderLearnsThatItLostTheLease) {
  auto a = keeper("a"), b = keeper("b");
  a.step();
  const auto before = a.epoch();
  pass(Millis{60'000});
  b.step();
  EXPECT_FALSE(a.epoch());
  a.step();
  EXPECT_FALSE(a.epoch());
  EXPECT_GT(b.epoch(), before);
}

TEST_F(LeaseKeeperTest, TermCountsFromTheRequest) {
  auto a = keeper("a");
  stalled = true;
  a.step();
  pass(Millis{5'500});
  waiting.front()();
  EXPECT_FALSE(a.epoch()) << "the answer took as long as the term";
}

TEST_F(LeaseKeeperTest, AsksOnceAtATime) {
  auto a = keeper("a");
  stalled = true;
  a.step();
  a.step();
  EXPECT_EQ(waiting.size(), 1u);
}

TEST_F(LeaseKeeperTest, StoreAwayEndsTheLeaseAtTheTermsEnd) {
  auto a = keeper("a");
  a.step();
  away = true;
  Millis held{0};
  while (a.epoch()) {
    const Millis pause = a.step();
    pass(pause);
    held += pause;
  }
  EXPECT_GE(held, 2 * kStep);
  EXPECT_LT(held, 3 * kStep) << "known before the store would let another have it";
  away = false;
  a.step();
  EXPECT_TRUE(a.epoch());
}

TEST_F(LeaseKeeperTest, ExclusiveLeaseStays) {
  auto a = keeper("a", true);
  a.step();
  away = true;
  pass(Millis{600'000});
  a.step();
  EXPECT_TRUE(a.epoch());
}

TEST_F(LeaseKeeperTest, ReleasedLeaseGoesToAnotherAtOnce) {
  auto a = keeper("a"), b = keeper("b");
  a.step();
  a.release();
  EXPECT_FALSE(a.epoch());
  b.step();
  EXPECT_TRUE(b.epoch());
  pass(Millis{60'000});
  a.step();
  EXPECT_FALSE(a.epoch());
}

TEST_F(LeaseKeeperTest, LateGrantAfterReleaseIsIgnored) {
  auto a = keeper("a");
  a.step();
  stalled = true;
  a.step();
  a.release();
  for (auto& work : waiting) work();
  EXPECT_FALSE(a.epoch());
}

TEST_F(LeaseKeeperTest, ReleaseBeforeTheFirstAnswerFreesTheLease) {
  auto a = keeper("a"), b = keeper("b");
  stalled = true;
  a.step();
  a.release();
  stalled = false;
  for (auto& work : waiting) work();
  b.step();
  EXPECT_TRUE(b.epoch());
}

TEST_F(LeaseKeeperTest, WritesCarryTheEpochOfTheirTerm) {
  std::vector<int64_t> epochs;
  FunctionWriter recorder([&](store::Write what, OnWritten) {
    std::visit(
        [&](const auto& w) {
          if constexpr (requires { w.epoch; }) epochs.push_back(w.epoch);
        },
        what);
  });
  LeasedWriter writer(7, recorder);
  writer.write(store::AdvanceCursor{}, {});
  writer.write(store::PutSetting{}, {});
  writer.write(store::MoveCursor{}, {});
  EXPECT_EQ(epochs, (std::vector<int64_t>{7, 7}));
}

}  // namespace
}  // namespace vf::outbox
