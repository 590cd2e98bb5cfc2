// The outbox in its SQLite file: the file's settings, its lock, other programs that read it, its size.
#include "store/sqlite/outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "store/sqlite/connection.h"
#include "store/sqlite/file_lock.h"
#include "store/sqlite/schema.h"
#include "store/temporary_folder_test.h"

namespace vf::store::sqlite {
namespace {

using testing::HasSubstr;

constexpr Instant kNow{Millis{1'790'000'000'000}};

AddEvent event(uint32_t n, size_t body_bytes = 1000) {
  AddEvent add;
  for (size_t i = 0; i < 4; ++i) add.event.id.bytes[i] = static_cast<uint8_t>(n >> (24 - 8 * i));
  add.event.source = "kick";
  add.event.time = kNow;
  add.event.is_json = true;
  add.event.body = R"({"n":)" + std::to_string(n) + R"(,"x":")" + std::string(body_bytes, 'x') + R"("})";
  return add;
}

class SqliteOutbox : public testing::Test {
 protected:
  SqliteOutbox() : store_(open()) {}
  std::unique_ptr<OutboxStore> open() {
    auto store = open_outbox({.path = path_, .now = kNow, .readers = 1});
    EXPECT_TRUE(store) << store.error().message;
    return store ? std::move(*store) : nullptr;
  }
  std::vector<WriteResult> write(const std::vector<Write>& writes) {
    auto results = store_->write(writes, kNow, nullptr);
    EXPECT_TRUE(results) << results.error().message;
    return results.value_or(std::vector<WriteResult>{});
  }
  /// The result of a query by another program while the store is open.
  std::string outside(const std::string& sql) {
    auto db = Connection::open({.path = path_, .read_only = true});
    Query query = db->query(sql);
    const auto row = query.step();
    EXPECT_TRUE(row && *row) << sql;
    return query.text_at(0);
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("dm.db");
  std::unique_ptr<OutboxStore> store_;
};

TEST_F(SqliteOutbox, TheFileHasTheRightSettings) {
  EXPECT_EQ(outside("PRAGMA page_size"), "16384");
  EXPECT_EQ(outside("PRAGMA auto_vacuum"), "2");
  EXPECT_EQ(outside("PRAGMA journal_mode"), "wal");
}

TEST_F(SqliteOutbox, OtherProgramsCanReadItMeanwhile) {
  AddEvent raw = event(2);
  raw.event.is_json = false;
  raw.event.body = std::string("\0\xff", 2);
  write({event(1), raw});
  EXPECT_EQ(outside("SELECT event_id FROM ingest_outbox WHERE seq = 1"), "00000001-0000-0000-0000-000000000000");
  EXPECT_EQ(outside("SELECT received_at FROM processed_webhooks WHERE seq = 1"), to_rfc3339(kNow));
  EXPECT_EQ(outside("SELECT json_extract(body, '$.n') FROM ingest_outbox WHERE seq = 1"), "1");
  EXPECT_EQ(outside("SELECT typeof(body) FROM ingest_outbox WHERE seq = 2"), "blob");
}

TEST_F(SqliteOutbox, ASecondProcessIsRefused) {
  const auto second = open_outbox({.path = path_, .now = kNow});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::conflict);
  EXPECT_THAT(second.error().message, HasSubstr("in use by process " + std::to_string(getpid())));
  EXPECT_THAT(second.error().message, HasSubstr("dm.db"));
  store_.reset();
  EXPECT_TRUE(open_outbox({.path = path_, .now = kNow})) << "the lock ends with its owner";
}

TEST_F(SqliteOutbox, ALockFileOfADeadProcessIsIgnored) {
  store_.reset();
  std::ofstream(path_ + ".lock") << "4194304\n";
  EXPECT_TRUE(open_outbox({.path = path_, .now = kNow}));
}

TEST(SqliteOutboxOpen, ErrorsNameTheProblemWithThePath) {
  const TemporaryFolder folder;
  const auto missing = open_outbox({.path = folder.file("no/such/folder/dm.db"), .now = kNow});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::unavailable);
  EXPECT_THAT(missing.error().message, HasSubstr("check that its directory exists"));
  std::ofstream(folder.file("dm.db")) << std::string(100'000, 'x');
  const auto garbage = open_outbox({.path = folder.file("dm.db"), .now = kNow});
  ASSERT_FALSE(garbage);
  EXPECT_EQ(garbage.error().code, Code::internal);
  EXPECT_THAT(garbage.error().message, HasSubstr("damaged or not a database"));
}

TEST_F(SqliteOutbox, AForeignWriteLockMakesItUnavailable) {
  auto other = Connection::open({.path = path_});
  ASSERT_TRUE(other->run("BEGIN IMMEDIATE"));
  const Write write = event(1);
  const auto refused = store_->write(std::span(&write, 1), kNow, nullptr);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("locked by another program"));
  ASSERT_TRUE(other->run("ROLLBACK"));
  EXPECT_TRUE(store_->write(std::span(&write, 1), kNow, nullptr));
}

TEST_F(SqliteOutbox, RetentionReleasesPagesButKeepsSome) {
  std::vector<Write> writes;
  for (uint32_t n = 0; n < 600; ++n) writes.push_back(event(n, 100'000));
  write(writes);
  const RetentionStep step{
      .outbox_before = kNow + Millis{1}, .ledger_before = kNow + Millis{1}, .held_by = {}, .rows_max = 100};
  const auto pages = [this] { return std::stoll(outside("PRAGMA page_count")); };
  const int64_t before = pages();
  for (int i = 0; i < 40; ++i) write({step});
  EXPECT_EQ(outside("SELECT count(*) FROM ingest_outbox"), "0");
  EXPECT_LT(pages(), before - 1000);
  EXPECT_EQ(outside("PRAGMA freelist_count"), "1024");
}

TEST_F(SqliteOutbox, RetentionDeletesBatchesAndDeadLettersOfOldEvents) {
  write({StartConsumer{"stage", StartConsumer::At::now}, StartConsumer{"idle", StartConsumer::At::now}});
  std::vector<Write> writes;
  for (uint32_t n = 1; n <= 4; ++n) writes.push_back(event(n));
  for (uint64_t n = 0; n < 4; ++n) {
    writes.push_back(
        PinBatch{.consumer = "stage", .from = {.seq = n}, .to = {.seq = n + 1}, .count = 1, .digest = "digest"});
    writes.push_back(AdvanceCursor{.consumer = "stage", .from = {.seq = n}, .to = {.seq = n + 1}});
  }
  for (uint64_t n = 3; n <= 4; ++n) {
    PutDelivery dead;
    dead.target = "stage";
    dead.position.seq = n;
    dead.event_id.bytes[3] = static_cast<uint8_t>(n);
    dead.state = PutDelivery::State::dead;
    writes.push_back(dead);
  }
  write(writes);
  const Instant after = kNow + Millis{1};
  RetentionStep step{
      .outbox_before = after, .ledger_before = kNow, .held_by = {}, .rows_max = 3, .deliveries_before = after};
  write({step});
  EXPECT_EQ(outside("SELECT group_concat(position) FROM ingest_outbox_delivery"), "4");
  EXPECT_EQ(outside("SELECT count(*) FROM ingest_outbox_batch"), "7") << "three of them too";
  step.rows_max = 1000;
  write({step});
  EXPECT_EQ(outside("SELECT count(*) FROM ingest_outbox_delivery"), "0");
  EXPECT_EQ(outside("SELECT group_concat(target || ' ' || to_position, ', ') FROM (SELECT * FROM ingest_outbox_batch "
                    "ORDER BY target)"),
            "idle 0, stage 4, stage.pin 4")
      << "each consumer keeps its newest";
  EXPECT_EQ(store_->cursor("stage")->value().seq, 4u);
  EXPECT_EQ(store_->cursor("idle")->value().seq, 0u);
}

// Rows that the version before 0004 has written are not taken for an operator's retries.
TEST_F(SqliteOutbox, WaitingRowsOfTheVersionBeforeAreNotRevivedOnes) {
  path_ = folder_.file("before.db");
  {
    auto db = Connection::open({.path = path_, .create = true});
    ASSERT_TRUE(db);
    ASSERT_TRUE(migrate(*db, outbox_migrations().first(3), {.database = "it", .command = "vf migrate"}, kNow));
    for (const char* state : {"retry", "dead"}) {
      ASSERT_TRUE(db->run(
          std::string("INSERT INTO ingest_outbox_delivery VALUES ('00000001-0000-0000-0000-00000000000") +
          (*state == 'r' ? '1' : '2') + "', 'stage', 1, '" + state + "', 2, '2026-09-21T14:13:20.000Z', '422')"));
    }
  }
  store_ = open();
  const auto retries = store_->deliveries("stage", PutDelivery::State::retry, 10);
  ASSERT_EQ(retries->size(), 1u);
  EXPECT_EQ(retries->at(0).first_failed_at, kNow) << "when it was due";
  EXPECT_TRUE(store_->revived("stage", 10)->empty());
  EXPECT_EQ(store_->deliveries("stage", PutDelivery::State::dead, 10)->at(0).first_failed_at, std::nullopt);
}

TEST_F(SqliteOutbox, ASearchSpansManyStepsAndStopsAtItsTime) {
  std::vector<Write> writes{event(1)};
  std::get<AddEvent>(writes[0]).event.subject = "channel/rare";
  write(writes);
  for (uint32_t batch = 0; batch < 3; ++batch) {
    writes.clear();
    for (uint32_t n = 0; n < 10'000; ++n) writes.push_back(event(2 + 10'000 * batch + n, 0));
    const auto results = store_->write(writes, kNow + std::chrono::hours(2 + batch), nullptr);
    ASSERT_TRUE(results);
  }
  const auto found = store_->search({.subject = "channel/rare"});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(found->front().event.position.seq, 1u);
  EXPECT_EQ(store_->search({.subject = "channel/rare", .from = kNow})->size(), 1u);
  EXPECT_TRUE(store_->search({.subject = "channel/rare", .from = kNow + Millis{1}})->empty());
}

}  // namespace
}  // namespace vf::store::sqlite
