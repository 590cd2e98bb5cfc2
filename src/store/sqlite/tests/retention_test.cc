// The cost of a retention step, counted in instructions of SQLite's virtual machine, which are the same on every run.
#include "store/sqlite/retention.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "store/sqlite/outbox.h"
#include "store/temporary_folder_test.h"

namespace vf::store::sqlite {
namespace {

constexpr Instant kNow{Millis{1'790'000'000'000}};

class RetentionWork : public testing::Test {
 protected:
  RetentionWork() {
    auto store = open_outbox({.path = folder_.file("dm.db"), .now = kNow, .readers = 1});
    EXPECT_TRUE(store) << store.error().message;
    std::vector<Write> writes;
    for (uint32_t n = 0; n < kEvents; ++n) {
      AddEvent add;
      for (size_t i = 0; i < 4; ++i) add.event.id.bytes[i] = static_cast<uint8_t>(n >> (24 - 8 * i));
      add.event.source = "kick";
      writes.emplace_back(std::move(add));
    }
    EXPECT_TRUE((*store)->write(writes, kNow, nullptr));
    store->reset();
    db_.emplace(std::move(*Connection::open({.path = folder_.file("dm.db")})));
  }

  /// Adds `batches` batches whose events are all kept.
  void keep_history(int batches) {
    const auto written = db_->run(
        "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(batches) +
        ") INSERT INTO ingest_outbox_batch (target, from_position, to_position, count, attempts, sent_at, "
        "config_version) SELECT 'stage', i + (SELECT count(*) FROM ingest_outbox_batch), i + 1, 1, 1, '', '' FROM n");
    ASSERT_TRUE(written) << written.error().message;
  }

  /// Adds events that are kept for their dead letters.
  void keep_dead_letters(int events) {
    const std::string numbers =
        "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(events) + ") ";
    const auto written = db_->run(
        numbers +
        "INSERT INTO ingest_outbox_kept SELECT -i - (SELECT count(*) FROM ingest_outbox_kept), 'e' || random(), '', "
        "'', "
        "'', '', '2026-09-21T14:13:20.000Z', '', '', '', 0, 1, '', '' FROM n; "
        "INSERT OR IGNORE INTO ingest_outbox_delivery (event_id, target, position, state, attempts, next_attempt_at, "
        "reason) SELECT event_id, 'stage', seq, 'dead', 1, '', '' FROM ingest_outbox_kept");
    ASSERT_TRUE(written) << written.error().message;
  }

  struct Cost {
    int64_t removed, machine_steps;
  };
  Cost step(Instant before, int64_t rows_max) {
    int64_t machine_steps = 0;
    const auto count = [](void* steps) { return ++*static_cast<int64_t*>(steps), 0; };
    sqlite3_progress_handler(db_->raw(), 1, count, &machine_steps);
    const auto removed =
        retention_step(*db_, {.outbox_before = before, .ledger_before = before, .held_by = {}, .rows_max = rows_max});
    sqlite3_progress_handler(db_->raw(), 0, nullptr, nullptr);
    EXPECT_TRUE(removed) << removed.error().message;
    return {removed.value_or(-1), machine_steps};
  }

  static constexpr uint32_t kEvents = 1000;
  TemporaryFolder folder_;
  std::optional<Connection> db_;
};

TEST_F(RetentionWork, DoesNotGrowWithTheBatchesKept) {
  keep_history(100);
  const Cost little = step(kNow, 1000);
  keep_history(10'000);
  const Cost much = step(kNow, 1000);
  EXPECT_EQ(much.removed, 0);
  EXPECT_EQ(much.machine_steps, little.machine_steps);
}

TEST_F(RetentionWork, DoesNotGrowWithTheDeadLettersKept) {
  const auto cost = [this] {
    EXPECT_TRUE(db_->run("BEGIN"));
    const Cost cost = step(kNow + Millis{1}, 100);
    EXPECT_TRUE(db_->run("ROLLBACK"));
    return cost;
  };
  keep_dead_letters(10);
  const Cost little = cost();
  keep_dead_letters(1'000);
  const Cost much = cost();
  EXPECT_EQ(much.removed, 200) << "outbox rows and ledger rows";
  EXPECT_EQ(much.machine_steps, little.machine_steps);
}

TEST_F(RetentionWork, DoesNotGrowWithTheEventsKept) {
  const Cost narrow = step(kNow, 10);
  const Cost wide = step(kNow, kEvents);
  EXPECT_EQ(wide.removed, 0);
  EXPECT_EQ(wide.machine_steps, narrow.machine_steps);
}

}  // namespace
}  // namespace vf::store::sqlite
