// Tests Leased with a model worker over the model store. The test plays the other processes that take the lease.
#include "outbox/leased.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <latch>
#include <mutex>
#include <thread>
#include <vector>

#include "base/eventually_test.h"
#include "outbox/function_writer_test.h"
#include "store/memory/outbox.h"

namespace vf::outbox {
namespace {

using namespace std::chrono_literals;

constexpr Millis kTerm{6'000};

struct Counts {
  std::atomic<int> started{0};
  std::atomic<int> running{0};
  std::atomic<bool> overlapped{false};
};

class ModelWorker {
 public:
  ModelWorker(Counts& counts, Writer& writer) : writer_(writer), counts_(counts) {
    if (++counts_.running > 1) counts_.overlapped = true;
    ++counts_.started;
  }
  ~ModelWorker() { drain(Millis{0}); }
  int status() const { return counts_.started; }
  bool is_drained() const { return drained_; }
  void drain(Millis) {
    if (!drained_.exchange(true)) --counts_.running;
  }
  /// Whether the store takes what this worker writes.
  bool works() const {
    bool taken = false;
    writer_.write(store::DropDelivery{.target = "stage", .event_id = {}},
                  [&](const auto& result) { taken = result.has_value(); });
    return taken;
  }

 private:
  Writer& writer_;
  Counts& counts_;
  std::atomic<bool> drained_{false};
};

struct LeasedTest : testing::Test {
  ManualClock clock{from_unix_millis(1'700'000'000'000)};
  store::memory::MemoryOutbox outbox;
  Counts counts;
  std::mutex mutex;   // a write comes before the store goes away, or is refused
  bool away = false;  // writes fail
  std::atomic<int> questions{0};

  Result<store::WriteResult> ask(const store::Write& write) {
    const std::lock_guard lock(mutex);
    if (std::holds_alternative<store::TakeLease>(write)) ++questions;
    if (away) return unavailable("the store is away");
    auto results = outbox.write(std::span(&write, 1), clock.now(), nullptr);
    if (!results) return results.error();
    return results->front();
  }
  void set_away(bool is_away) {
    const std::lock_guard lock(mutex);
    away = is_away;
  }
  FunctionWriter writer{[this](const store::Write& write, OnWritten done) { done(ask(write)); }};
  using Start = Leased<ModelWorker>::Start;
  std::unique_ptr<Leased<ModelWorker>> leased(Start start) {
    return std::make_unique<Leased<ModelWorker>>(
        outbox::LeaseKeeper::Params{.name = "stage", .holder = "a", .writer = writer, .clock = clock, .span = kTerm},
        std::move(start));
  }
  std::unique_ptr<Leased<ModelWorker>> leased() {
    return leased([this](Writer& leased_writer) { return std::make_unique<ModelWorker>(counts, leased_writer); });
  }
  void write(const store::Write& what) { ASSERT_TRUE(outbox.write(std::span(&what, 1), clock.now(), nullptr)); }
  /// Asks for the lease as another process does.
  bool is_granted_to(const std::string& holder) {
    const store::Write take = store::TakeLease{"stage", holder, kTerm};
    const auto results = outbox.write(std::span(&take, 1), clock.now(), nullptr);
    return results && std::get<store::LeaseTaken>(results->front()).granted;
  }
  /// Lets the term pass while the store is away; then another process takes the lease.
  void lose_to_another(const Leased<ModelWorker>& leased) {
    set_away(true);
    clock.advance(kTerm);
    ASSERT_TRUE(eventually([&] { return leased.worker() == nullptr; }));
    ASSERT_TRUE(is_granted_to("b"));
    set_away(false);
    clock.advance(kTerm / 6);
    ASSERT_TRUE(eventually([&] { return leased.holder() == "b"; }));
  }
  void get_back(const Leased<ModelWorker>& leased) {
    write(store::DropLease{"stage", "b"});
    clock.advance(kTerm / 6);
    ASSERT_TRUE(eventually([&] { return leased.worker() != nullptr; }));
  }
};

TEST_F(LeasedTest, WorkerEndsWithItsTerm) {
  const auto stage = leased();
  ASSERT_TRUE(eventually([&] { return stage->worker() != nullptr; }));
  const auto first = stage->worker();
  EXPECT_TRUE(first->works());
  lose_to_another(*stage);
  EXPECT_TRUE(eventually([&] { return first->is_drained(); }));
  EXPECT_EQ(counts.started, 1) << "none begins while another process has the lease";
  EXPECT_FALSE(first->works()) << "what it still writes is refused";
  get_back(*stage);
  EXPECT_EQ(counts.started, 2);
  EXPECT_TRUE(stage->worker()->works());
  EXPECT_FALSE(first->works());
  EXPECT_FALSE(counts.overlapped);
}

TEST_F(LeasedTest, RenewedTermKeepsItsWorker) {
  const auto stage = leased();
  ASSERT_TRUE(eventually([&] { return stage->worker() != nullptr; }));
  const auto first = stage->worker();
  for (int i = 0; i < 4; ++i) {
    const int before = questions;
    clock.advance(kTerm / 3);
    ASSERT_TRUE(eventually([&] { return questions > before; }));
  }
  EXPECT_EQ(stage->worker(), first);
  EXPECT_TRUE(first->works());
  EXPECT_FALSE(is_granted_to("b"));
}

TEST_F(LeasedTest, ReplacementTakesTheWorkersPlaceUnderTheSameLease) {
  const auto stage = leased();
  ASSERT_TRUE(eventually([&] { return stage->worker() != nullptr; }));
  const auto first = stage->worker();
  std::atomic<int> by_second{0};
  stage->replace([&](Writer& leased_writer) {
    ++by_second;
    return std::make_unique<ModelWorker>(counts, leased_writer);
  });
  ASSERT_TRUE(stage->wait_for_replacement(30s));
  EXPECT_TRUE(first->is_drained());
  EXPECT_NE(stage->worker(), first);
  EXPECT_TRUE(stage->worker()->works());
  EXPECT_FALSE(counts.overlapped);
  EXPECT_FALSE(is_granted_to("b")) << "the lease was never free";
  lose_to_another(*stage);
  get_back(*stage);
  EXPECT_EQ(by_second, 2) << "later workers are of the new kind too";
}

TEST_F(LeasedTest, ReplacementOfAWorkerElsewhereIsForLater) {
  ASSERT_TRUE(is_granted_to("b"));
  const auto stage = leased();
  std::atomic<int> by_second{0};
  stage->replace([&](Writer& leased_writer) {
    ++by_second;
    return std::make_unique<ModelWorker>(counts, leased_writer);
  });
  ASSERT_TRUE(stage->wait_for_replacement(30s));
  EXPECT_EQ(counts.started, 0);
  get_back(*stage);
  EXPECT_EQ(by_second, 1);
}

TEST_F(LeasedTest, DrainDuringAReplacementEndsIt) {
  const auto stage = leased();
  ASSERT_TRUE(eventually([&] { return stage->worker() != nullptr; }));
  stage->replace([&](Writer& leased_writer) { return std::make_unique<ModelWorker>(counts, leased_writer); });
  stage->drain(Millis{0});
  EXPECT_EQ(counts.running, 0);
  EXPECT_TRUE(is_granted_to("b"));
}

TEST_F(LeasedTest, DrainFreesTheLeaseAtOnce) {
  const auto stage = leased();
  ASSERT_TRUE(eventually([&] { return stage->worker() != nullptr; }));
  EXPECT_FALSE(is_granted_to("b"));
  stage->drain(Millis{0});
  EXPECT_EQ(counts.running, 0);
  EXPECT_TRUE(is_granted_to("b"));
}

TEST_F(LeasedTest, WorkerStartedDuringTheDrainEndsBeforeTheRelease) {
  std::latch starting{1}, go{1};
  const auto stage = leased([&](Writer& leased_writer) {
    starting.count_down();
    go.wait();
    return std::make_unique<ModelWorker>(counts, leased_writer);
  });
  starting.wait();
  auto asked = std::async(std::launch::async, [&] { return stage->worker() == nullptr; });
  const bool answered = asked.wait_for(10s) == std::future_status::ready;
  EXPECT_TRUE(answered) << "worker() does not wait for the start";
  EXPECT_FALSE(is_granted_to("b"));
  std::jthread drain([&] { stage->drain(Millis{0}); });
  go.count_down();
  drain.join();
  EXPECT_EQ(counts.started, 1);
  EXPECT_EQ(counts.running, 0);
  EXPECT_TRUE(is_granted_to("b"));
}

TEST_F(LeasedTest, WaitEndsWhenTheWorkerRuns) {
  std::latch starting{1}, go{1};
  const auto stage = leased([&](Writer& leased_writer) {
    starting.count_down();
    go.wait();
    return std::make_unique<ModelWorker>(counts, leased_writer);
  });
  starting.wait();
  EXPECT_FALSE(stage->wait_for_worker(Millis{0}));
  auto completed = std::async(std::launch::async, [&] { return stage->wait_for_worker(std::chrono::hours{1}); });
  EXPECT_EQ(completed.wait_for(0s), std::future_status::timeout);
  go.count_down();
  const bool in_time = completed.wait_for(30s) == std::future_status::ready;
  EXPECT_TRUE(in_time);
  stage->drain(Millis{0});  // ends a wait that has not ended
  EXPECT_TRUE(completed.get());
}

TEST_F(LeasedTest, WaitEndsWithTheDrain) {
  ASSERT_TRUE(is_granted_to("b"));
  const auto stage = leased();
  auto completed = std::async(std::launch::async, [&] { return stage->wait_for_worker(std::chrono::hours{1}); });
  stage->drain(Millis{0});
  EXPECT_FALSE(completed.get());
}

TEST_F(LeasedTest, WorkerCanBeReadWhileTheLeaseComesAndGoes) {
  const auto stage = leased();
  std::atomic<bool> ended{false};
  std::vector<std::jthread> asking;
  for (int i = 0; i < 3; ++i) {
    asking.emplace_back([&] {
      while (!ended) {
        if (const auto running = stage->worker()) {
          EXPECT_GE(running->status(), 1);
        }
        const auto holder = stage->holder();
        EXPECT_TRUE(holder.empty() || holder == "a" || holder == "b") << holder;
      }
    });
  }
  ASSERT_TRUE(eventually([&] { return stage->worker() != nullptr; }));
  for (int i = 0; i < 3; ++i) {
    lose_to_another(*stage);
    get_back(*stage);
  }
  stage->drain(Millis{0});
  ended = true;
  asking.clear();
  EXPECT_EQ(counts.started, 4);
  EXPECT_EQ(counts.running, 0);
  EXPECT_FALSE(counts.overlapped);
}

}  // namespace
}  // namespace vf::outbox
