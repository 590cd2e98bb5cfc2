// The worker's thread: waking, completions from other threads, draining. A double stands in for HTTP; the decisions
// are tested with the dispatcher. Waits on conditions with a deadline.
#include "fanout/target_worker.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <future>

#include "base/eventually_test.h"
#include "event/identity.h"
#include "outbox/function_writer_test.h"
#include "store/memory/outbox.h"

namespace vf::fanout {
namespace {

using namespace std::chrono_literals;

// Answers 200 to every request at the next poll, unless `hold` is set.
class AnsweringClient final : public http::Client {
 public:
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    size_t sent = 0;
    bool hold = false;
    bool woken = false;
  };
  explicit AnsweringClient(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  void send(http::Outgoing, http::Completion done) override {
    in_flight_.push_back(std::move(done));
    const std::lock_guard lock(shared_->mutex);
    ++shared_->sent;
    shared_->changed.notify_all();
  }
  size_t in_flight() const override { return in_flight_.size(); }
  void poll(std::chrono::milliseconds wait) override {
    {
      std::unique_lock lock(shared_->mutex);
      const auto ready = [this] { return shared_->woken || (!shared_->hold && !in_flight_.empty()); };
      shared_->changed.wait_for(lock, wait, ready);
      shared_->woken = false;
      if (shared_->hold) return;
    }
    for (auto& done : std::exchange(in_flight_, {})) done(http::Response{});
  }
  void wake() override {
    const std::lock_guard lock(shared_->mutex);
    shared_->woken = true;
    shared_->changed.notify_all();
  }

 private:
  std::shared_ptr<Shared> shared_;
  std::deque<http::Completion> in_flight_;
};

struct TargetWorkerTest : testing::Test {
  SystemClock clock;
  store::memory::MemoryOutbox outbox;
  std::mutex committing;
  std::shared_ptr<AnsweringClient::Shared> client = std::make_shared<AnsweringClient::Shared>();
  Target target{.name = "stage",
                .url = "http://127.0.0.1:1/",
                .secrets = {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
                .start = Start::earliest};
  std::vector<std::jthread> committers;  // each write completes on a thread of its own

  outbox::FunctionWriter writer{[this](store::Write what, outbox::OnWritten done) {
    const std::lock_guard lock(committing);
    committers.emplace_back([this, what = std::move(what), done = std::move(done)]() mutable {
      auto results = outbox.write({&what, 1}, clock.now(), nullptr);
      done(results ? Result<store::WriteResult>(results->front()) : results.error());
    });
  }};
  std::unique_ptr<TargetWorker> worker;  // last: ends before everything that it uses

  void start() {
    worker = *TargetWorker::start(target, {.outbox = outbox,
                                           .writer = writer,
                                           .client = std::make_unique<AnsweringClient>(client),
                                           .clock = clock,
                                           .seed = 1,
                                           .trusted_now = [this] { return trusted_now(); }});
  }
  void add(int count) {
    for (int i = 0; i < count; ++i) {
      store::AddEvent add;
      add.event.source = "kick";
      add.event.type = "kick.a";
      add.event.id = event_id("kick", std::to_string(added_++), std::nullopt);
      const store::Write write = add;
      ASSERT_TRUE(outbox.write({&write, 1}, clock.now(), nullptr));
    }
  }
  Result<std::optional<Instant>> trusted_now() const { return std::optional(clock.now()); }
  bool cursor_at_end() { return outbox.cursor("stage").value() == outbox.end().value(); }

 private:
  int added_ = 0;
};

TEST_F(TargetWorkerTest, DeliversEarlierAndLaterCommits) {
  add(1200);
  start();
  EXPECT_TRUE(eventually([&] { return cursor_at_end(); }));
  for (int i = 0; i < 50; ++i) {
    add(7);
    worker->wake(outbox.end().value());
  }
  EXPECT_TRUE(eventually([&] { return cursor_at_end(); }));
  EXPECT_TRUE(eventually([&] { return worker->status().delivered == 1550; }));
}

TEST_F(TargetWorkerTest, FindsCommitsOfAnotherProcessUnwoken) {
  start();
  EXPECT_TRUE(eventually([&] { return outbox.cursor("stage").value().has_value(); }));
  add(1);
  EXPECT_TRUE(eventually([&] { return cursor_at_end(); }));
}

TEST_F(TargetWorkerTest, OrdersShowInTheStatusWhenTheyComplete) {
  start();
  const auto mode_when_done = [this](auto order) {
    std::promise<Mode> shown;
    order([&](const Result<void>& result) {
      EXPECT_TRUE(result);
      shown.set_value(worker->status().mode);
    });
    return shown.get_future().get();
  };
  EXPECT_EQ(mode_when_done([this](auto done) { worker->set_mode(Mode::paused, done); }), Mode::paused);
  EXPECT_EQ(mode_when_done([this](auto done) { worker->resume(done); }), Mode::live);
}

TEST_F(TargetWorkerTest, DrainFinishesRequestsInFlightAndMovesTheCursor) {
  client->hold = true;
  add(3);
  start();
  {
    std::unique_lock lock(client->mutex);
    ASSERT_TRUE(client->changed.wait_for(lock, 20s, [&] { return client->sent > 0; }));
  }
  std::jthread draining([&] { worker->drain(20s); });
  {
    const std::lock_guard lock(client->mutex);
    client->hold = false;
    client->changed.notify_all();
  }
  draining.join();
  EXPECT_TRUE(cursor_at_end());
  EXPECT_EQ(worker->status().in_flight, 0u);
}

TEST_F(TargetWorkerTest, DrainEndsAtItsDeadlineWithoutAnswers) {
  client->hold = true;
  add(3);
  start();
  {
    std::unique_lock lock(client->mutex);
    ASSERT_TRUE(client->changed.wait_for(lock, 20s, [&] { return client->sent > 0; }));
  }
  worker->drain(1ms);
  EXPECT_FALSE(cursor_at_end());
  worker->drain(1ms);  // again is harmless
  bool completed = false;
  worker->resume([&](auto result) { completed = result.error().code == Code::unavailable; });
  EXPECT_TRUE(completed);
}

TEST_F(TargetWorkerTest, MalformedSecretFailsTheStart) {
  target.secrets.clear();
  const auto made = TargetWorker::start(target, {.outbox = outbox,
                                                 .writer = writer,
                                                 .client = std::make_unique<AnsweringClient>(client),
                                                 .clock = clock,
                                                 .trusted_now = [this] { return trusted_now(); }});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::invalid);
}

}  // namespace
}  // namespace vf::fanout
