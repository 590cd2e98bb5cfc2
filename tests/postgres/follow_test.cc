// Following the outbox during writes: no event is skipped or repeated, in any order of commits.
#include <atomic>
#include <map>
#include <thread>

#include "base/random.h"
#include "postgres/outbox_fixture.h"
#include "store/postgres/outbox/horizon.h"

namespace vf::postgres_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FollowingTheOutbox : public OutboxOnPostgres {
 protected:
  /// Returns the statement with which a hub inserts event `n`, for a transaction that the test keeps open.
  static std::string insert_text(uint64_t n) {
    return fmt::format(
        "INSERT INTO ingest.ingest_outbox SELECT (SELECT max(era) FROM ingest.ingest_era), pg_current_xact_id(), "
        "nextval('ingest.ingest_outbox_seq'), '{}', 'kick', 'kick.x', '', now(), now(), '{}', '', '', false, true, "
        "true, '{{}}', '{{}}'",
        id_at(kStart, n).to_string(), n);
  }
};

/// The obvious but wrong reader: it remembers the greatest sequence number and reads greater ones.
class SequenceReader {
 public:
  std::vector<uint64_t> read(Connection& db) {
    std::vector<uint64_t> numbers;
    const auto rows = db.query("SELECT seq, message_id FROM ingest.ingest_outbox WHERE seq > $1 ORDER BY seq LIMIT 500",
                               Values().integer(last_));
    EXPECT_TRUE(rows) << rows.error().message;
    if (!rows) return numbers;
    for (int i = 0; i < rows->size(); ++i) {
      last_ = rows->integer_at(i, 0);
      numbers.push_back(std::stoull(rows->text_at(i, 1)));
    }
    return numbers;
  }

 private:
  int64_t last_ = 0;
};

TEST_F(FollowingTheOutbox, ARowCommittedLateIsNotSkipped) {
  auto slow = connect(url_);
  auto quick = connect(url_);
  SequenceReader plain;
  run(slow, "BEGIN");
  run(slow, insert_text(1));
  run(quick, insert_text(2));
  EXPECT_THAT(numbers_after({}), IsEmpty()) << "1 may still appear before it";
  EXPECT_THAT(plain.read(quick), ElementsAre(2));
  run(slow, "COMMIT");
  EXPECT_THAT(numbers_after({}), ElementsAre(1, 2));
  EXPECT_THAT(plain.read(quick), IsEmpty()) << "it never reads 1";
}

TEST_F(FollowingTheOutbox, AnOpenTransactionOfAnotherDatabaseHoldsTheHorizon) {
  auto elsewhere = connect(server_.url("postgres"));
  add(1, 2);
  run(elsewhere, "BEGIN; CREATE TABLE frozen (n bigint)");
  add(3, 4);
  EXPECT_THAT(numbers_after({}), ElementsAre(1, 2));
  EXPECT_EQ(*store_->end(), store_->ledger(id_at(now_, 2))->value().position);
  EXPECT_EQ(store_->backlog({})->rows, 2);
  run(elsewhere, "PREPARE TRANSACTION 'frozen'");
  add(5, 5);
  EXPECT_THAT(numbers_after({}), ElementsAre(1, 2)) << "a prepared transaction has no session to end";
  run(elsewhere, "ROLLBACK PREPARED 'frozen'");
  EXPECT_THAT(numbers_after({}), ElementsAre(1, 2, 3, 4, 5));
}

TEST_F(FollowingTheOutbox, TheHorizonNamesItsHolder) {
  std::string url = server_.tcp_url(Server::database_of(url_));
  auto hub = connect(url.replace(url.find("hub@"), 3, "vfapp"));  // this role sees less of other sessions
  const auto horizon = [&hub] { return store::postgres::read_horizon(hub).value(); };
  add(1, 1);
  EXPECT_FALSE(horizon());
  auto elsewhere = connect(server_.url("postgres"));
  run(elsewhere, "BEGIN; CREATE TABLE frozen (n bigint)");
  EXPECT_FALSE(horizon()) << "nothing waits for it yet";
  add(2, 2);
  ASSERT_TRUE(horizon());
  EXPECT_GT(horizon()->age, std::chrono::days{1}) << "the events are stamped with the test's time";
  EXPECT_THAT(horizon()->holder, testing::AllOf(HasSubstr("vf test"), HasSubstr("database postgres")));
  run(elsewhere, "PREPARE TRANSACTION 'forgotten'");
  ASSERT_TRUE(horizon());
  EXPECT_THAT(horizon()->holder, HasSubstr("'forgotten'"));
  run(elsewhere, "ROLLBACK PREPARED 'forgotten'");
  EXPECT_FALSE(horizon());
}

TEST_F(FollowingTheOutbox, ALongReaderDoesNotHoldTheHorizon) {
  auto reader = connect(url_);
  run(reader, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM ingest.ingest_outbox");
  add(1, 2);
  EXPECT_THAT(numbers_after({}), ElementsAre(1, 2));
}

TEST_F(FollowingTheOutbox, AConsumerStartedNowReadsLaterCommits) {
  auto slow = connect(url_);
  run(slow, "BEGIN");
  run(slow, insert_text(1));
  add(2, 2);
  write({store::StartConsumer{"stage", store::StartConsumer::At::now}});
  run(slow, "COMMIT");
  EXPECT_THAT(numbers_after(**store_->cursor("stage")), ElementsAre(1, 2))
      << "better an event too many than one too few";
}

TEST_F(FollowingTheOutbox, ACursorCannotPassRowsThatAreNotFinal) {
  write({store::StartConsumer{"stage", store::StartConsumer::At::now}});
  const Position zero = **store_->cursor("stage");
  auto slow = connect(url_);
  run(slow, "BEGIN");
  run(slow, insert_text(1));
  add(2, 2);
  const Position second = *store_->ledger(id_at(now_, 2))->value().position;
  const auto refused = store_->write(
      std::vector<Write>{store::AdvanceCursor{.consumer = "stage", .from = zero, .to = second}}, now_, nullptr);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::invalid);
  run(slow, "COMMIT");
  write({store::AdvanceCursor{.consumer = "stage", .from = zero, .to = second}});
}

constexpr int kWriters = 8;
constexpr uint64_t kTransactions = 60;  // number of transactions of each writer

/// Writes transactions of a few rows, some in savepoints, some rolled back; remembers the committed rows.
class RestlessWriter {
 public:
  RestlessWriter(std::string url, uint64_t writer) : db_(connect(url)), random_(writer), next_(writer * 1'000'000) {}

  void work(const std::function<std::string(uint64_t)>& insert_text) {
    for (uint64_t i = 0; i < kTransactions; ++i) {
      std::set<uint64_t> written;
      run(db_, "BEGIN");
      for (uint64_t row = random_.below(4); row <= 4; ++row) {
        const uint64_t n = next_++;
        const bool is_undone = random_.below(4) == 0;
        run(db_, "SAVEPOINT s");
        run(db_, insert_text(n));
        run(db_, is_undone ? "ROLLBACK TO SAVEPOINT s" : "RELEASE SAVEPOINT s");
        if (!is_undone) written.insert(n);
        if (random_.below(8) == 0) run(db_, "SELECT pg_sleep(0.003)");
      }
      const bool is_rolled_back = random_.below(5) == 0;
      run(db_, is_rolled_back ? "ROLLBACK" : "COMMIT");
      if (!is_rolled_back) committed_.merge(written);
    }
  }
  const std::set<uint64_t>& committed() const { return committed_; }

 private:
  Connection db_;
  SeededRandom random_;
  uint64_t next_;
  std::set<uint64_t> committed_;
};

TEST_F(FollowingTheOutbox, DuringWritesNothingIsSkippedOrRepeated) {
  std::vector<RestlessWriter> writers;
  for (uint64_t i = 1; i <= kWriters; ++i) writers.emplace_back(url_, i);
  std::vector<std::thread> threads;
  std::atomic<int> working = kWriters;
  for (RestlessWriter& writer : writers) {
    threads.emplace_back([&] {
      writer.work(insert_text);
      --working;
    });
  }
  Position position;
  std::map<uint64_t, int> seen;
  std::set<uint64_t> seen_by_plain;
  SequenceReader plain;
  bool is_last_round = false;
  while (true) {
    const auto rows = store_->read_after({.after = position, .rows_max = 50});
    ASSERT_TRUE(rows) << rows.error().message;
    for (const auto& row : *rows) {
      EXPECT_LT(position, row.event.position);
      position = row.event.position;
      ++seen[number_of(row)];
    }
    for (const uint64_t n : plain.read(db_)) seen_by_plain.insert(n);
    if (is_last_round && rows->empty()) break;
    is_last_round = working == 0;
  }
  for (std::thread& thread : threads) thread.join();
  std::set<uint64_t> committed;
  for (const RestlessWriter& writer : writers) committed.insert(writer.committed().begin(), writer.committed().end());
  EXPECT_EQ(seen.size(), committed.size());
  for (const uint64_t n : committed) EXPECT_EQ(seen[n], 1) << n;
  std::cout << "rows " << committed.size() << ", of which a reader by sequence number skipped "
            << committed.size() - seen_by_plain.size() << "\n";
}

TEST_F(FollowingTheOutbox, HubsThatWriteTheSameIdsDoNotDeadlock) {
  const auto other = open_store(params_);
  constexpr uint64_t kIds = 400;
  std::atomic<int> failures = 0;
  const auto write_rounds = [&](OutboxStore& store, bool is_backward) {
    for (uint64_t round = 0; round < 15; ++round) {
      std::vector<Write> writes;
      for (uint64_t i = 0; i < kIds; ++i) {
        writes.push_back(adding(round * kIds + (is_backward ? kIds - 1 - i : i)));
      }
      const auto done = store.write(writes, now_, nullptr);
      if (!done) ++failures;
    }
  };
  std::thread backward([&] { write_rounds(*other, true); });
  write_rounds(*store_, false);
  backward.join();
  EXPECT_EQ(failures, 0);
  EXPECT_FALSE(server_.log().contains("deadlock detected"));
  EXPECT_EQ(integer(db_, "SELECT count(*) FROM ingest.ingest_outbox"), static_cast<int64_t>(15 * kIds));
  EXPECT_EQ(integer(db_, "SELECT count(DISTINCT event_id) FROM ingest.ingest_outbox"), static_cast<int64_t>(15 * kIds));
}

TEST_F(FollowingTheOutbox, OnlyOneOfTwoAdvancesSucceeds) {
  write({store::StartConsumer{"stage", store::StartConsumer::At::now}});
  const auto other = open_store(params_);
  Position from = **store_->cursor("stage");
  for (uint64_t round = 1; round <= 30; ++round) {
    add(round, round);
    const Position to = *store_->end();
    const std::vector<Write> advance{store::AdvanceCursor{.consumer = "stage", .from = from, .to = to}};
    std::atomic<int> won = 0;
    const auto attempt = [&](OutboxStore& store) {
      const auto done = store.write(advance, now_, nullptr);
      if (done) {
        ++won;
      } else {
        EXPECT_EQ(done.error().code, Code::conflict) << done.error().message;
      }
    };
    std::thread rival([&] { attempt(*other); });
    attempt(*store_);
    rival.join();
    EXPECT_EQ(won, 1);
    from = to;
  }
  EXPECT_EQ(integer(db_, "SELECT count(*) FROM ingest.ingest_outbox_batch WHERE from_position IS NOT NULL"), 30);
}

TEST_F(FollowingTheOutbox, AnUnstorableEventIsReportedByIndex) {
  run(db_, "ALTER TABLE ingest.ingest_outbox ADD CONSTRAINT not_poison CHECK (subject <> 'poison')");
  std::vector<Write> writes;
  for (uint64_t n = 0; n < 50; ++n) writes.push_back(adding(n));
  std::get<AddEvent>(writes[37]).event.subject = "poison";
  size_t failed = 0;
  const auto refused = store_->write(writes, now_, &failed);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::invalid);
  EXPECT_EQ(failed, 37u);
  EXPECT_THAT(numbers_after({}), IsEmpty());
  writes.erase(writes.begin() + 37);
  EXPECT_EQ(write(writes).size(), 49u);
}

}  // namespace
}  // namespace vf::postgres_test
