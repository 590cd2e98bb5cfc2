// Writing from several processes: which clock counts, which writes wait, the effect of another open transaction.
#include <atomic>
#include <csignal>
#include <thread>

#include "postgres/outbox_fixture.h"

namespace vf::postgres_test {
namespace {

using store::AdvanceCursor;
using store::LeaseTaken;
using store::StartConsumer;
using store::TakeLease;

class WritingToTheOutbox : public OutboxOnPostgres {
 protected:
  static void wait_until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    bool met = condition();  // evaluated until it is true once: it may become false again
    for (; !met && std::chrono::steady_clock::now() < deadline; met = condition()) std::this_thread::yield();
    EXPECT_TRUE(met);
  }
  std::unique_ptr<OutboxStore> open_with_servers_clock() {
    OutboxParams params = params_;
    params.server_time = true;
    return open_store(params);
  }
};

TEST_F(WritingToTheOutbox, EventsAreStampedByTheServersClock) {
  const auto store = open_with_servers_clock();
  const auto before = db_.query("SELECT date_trunc('milliseconds', now())");
  const auto added = store->write(std::vector<Write>{adding(1)}, kStart, nullptr);
  const auto after = db_.query("SELECT now()");
  ASSERT_TRUE(added && before && after);
  const Instant received = std::get<store::EventAdded>(added->front()).received;
  EXPECT_LE(before->time_at(0, 0), received);
  EXPECT_LE(received, after->time_at(0, 0));
  EXPECT_EQ((*store->find(id_at(kStart, 1)))->event.received, received);
}

TEST_F(WritingToTheOutbox, LeasesExpireByTheServersClock) {
  const auto store = open_with_servers_clock();
  const auto take = [&](const char* holder, Millis span) {
    const auto taken = store->write(std::vector<Write>{TakeLease{"stage", holder, span}}, kStart, nullptr);
    EXPECT_TRUE(taken) << taken.error().message;
    return taken ? std::get<LeaseTaken>(taken->front()) : LeaseTaken{};
  };
  EXPECT_TRUE(take("first", std::chrono::hours{1}).granted);
  EXPECT_FALSE(take("second", std::chrono::hours{1}).granted);
  EXPECT_TRUE(take("first", Millis{1}).granted);
  wait_until([&] { return take("second", std::chrono::hours{1}).granted; });
  EXPECT_EQ(take("first", std::chrono::hours{1}).epoch, 2);
}

// A stopped backend may finish the statement when it resumes: then the event is stored, and the repeated write finds a
// duplicate.
TEST_F(WritingToTheOutbox, AStoppedBackendBlocksTheIntakeForSeconds) {
  OutboxParams params = params_;
  params.writers = 1;
  const auto store = open_store(params);
  const auto add_one = [&](uint64_t n) { return store->write(std::vector<Write>{adding(n)}, kStart, nullptr); };
  ASSERT_TRUE(add_one(1));
  const int64_t backend = integer(db_,
                                  "SELECT pid::bigint FROM pg_stat_activity WHERE datname = current_database() AND "
                                  "query LIKE '%ingest.add_events(%' AND pid <> pg_backend_pid()");
  ASSERT_EQ(kill(static_cast<pid_t>(backend), SIGSTOP), 0);
  const auto begun = std::chrono::steady_clock::now();
  const auto silent = add_one(2);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{15});
  const auto repeated = add_one(2);
  kill(static_cast<pid_t>(backend), SIGCONT);
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().code, Code::unavailable);
  EXPECT_THAT(silent.error().message, testing::HasSubstr("its outcome is unknown"));
  ASSERT_TRUE(repeated) << repeated.error().message;
  wait_until(
      [&] { return integer(db_, fmt::format("SELECT count(*) FROM pg_stat_activity WHERE pid = {}", backend)) == 0; });
  const auto once_more = add_one(2);
  ASSERT_TRUE(once_more);
  EXPECT_TRUE(std::get<store::EventAdded>(once_more->front()).duplicate);
  EXPECT_EQ(integer(db_, "SELECT count(*) FROM ingest.ingest_outbox"), 2);
}

TEST_F(WritingToTheOutbox, AnAdvanceWaitsForAConcurrentMove) {
  write({StartConsumer{"stage", StartConsumer::At::now}});
  const Position zero = **store_->cursor("stage");
  add(1, 2);
  const Position end = *store_->end();
  auto rival = connect(url_);  // another hub, inside MoveCursor
  run(rival, "BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('stage', 1))");
  std::atomic<bool> is_done = false;
  Code code = Code::internal;
  std::thread advance([&] {
    const auto done =
        store_->write(std::vector<Write>{AdvanceCursor{.consumer = "stage", .from = zero, .to = end}}, now_, nullptr);
    EXPECT_FALSE(done);
    if (!done) code = done.error().code;
    is_done = true;
  });
  wait_until([&] { return integer(db_, "SELECT count(*) FROM pg_locks WHERE NOT granted") == 1; });
  EXPECT_FALSE(is_done);
  run(rival,
      fmt::format("INSERT INTO ingest.ingest_outbox_batch (target, to_position, count, attempts, sent_at, acked_at, "
                  "config_version) VALUES ('stage', '{}', 0, 0, now(), now(), ''); COMMIT",
                  Position{.era = 1, .tx = 3, .seq = 1}.to_string()));
  advance.join();
  EXPECT_EQ(code, Code::conflict);
  EXPECT_EQ(**store_->cursor("stage"), (Position{.era = 1, .tx = 3, .seq = 1})) << "the move is in effect";
}

TEST_F(WritingToTheOutbox, AHubThatStallsInACommitBlocksOthersBriefly) {
  auto rival = connect(url_);
  std::thread stuck([&] {  // like a stopped process: its transaction stays open and idle
    const auto done = rival.transaction(
        [&]() -> Result<void> {
          const auto inserted =
              rival.query("INSERT INTO ingest.processed_webhooks VALUES ($1, now(), 1, pg_current_xact_id(), 1)",
                          Values().uuid(id_at(now_, 1)));
          EXPECT_TRUE(inserted);
          wait_until([&] { return store_->ledger(id_at(now_, 1))->has_value(); });
          return {};
        },
        {.idle = Millis{500}});
    EXPECT_FALSE(done) << "the server ended it";
  });
  wait_until(
      [&] { return integer(db_, "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'") > 0; });
  EXPECT_FALSE(std::get<store::EventAdded>(write({adding(1, now_)}).at(0)).duplicate);
  stuck.join();
}

TEST_F(WritingToTheOutbox, ABodyUnderTwoIdsIsStoredOnce) {
  const auto other = open_store(params_);
  const Millis guard{600'000};
  std::atomic<int> kept = 0;
  const auto write_rounds = [&](OutboxStore& store, uint64_t first, Instant now) {
    for (uint64_t round = 0; round < 40; ++round) {
      AddEvent add = adding(first + round);
      add.body_key = fmt::format("{:032}", round);
      add.replay_guard = guard;
      const auto done = store.write(std::vector<Write>{add}, now, nullptr);
      EXPECT_TRUE(done) << done.error().message;
      if (done && !std::get<store::EventAdded>(done->front()).duplicate) ++kept;
    }
  };
  const auto race = [&](uint64_t first, Instant now) {
    std::thread rival([&] { write_rounds(*other, first, now); });
    write_rounds(*store_, first + 1000, now);
    rival.join();
  };
  race(1000, now_);
  EXPECT_EQ(kept, 40);
  race(3000, now_ + guard);
  EXPECT_EQ(kept, 80) << "after the guard one of the two frees the key and takes it";
  EXPECT_EQ(integer(db_, "SELECT count(*) FROM ingest.ingest_outbox"), 80);
  EXPECT_EQ(integer(db_, "SELECT count(*) FROM ingest.processed_webhooks"), 80);
  EXPECT_EQ(integer(db_, "SELECT count(*) FROM ingest.processed_bodies"), 40);
}

}  // namespace
}  // namespace vf::postgres_test
