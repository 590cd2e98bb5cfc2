// When a disk fills up, turns read-only or fails, the store returns a clear error, loses nothing acknowledged and
// writes no transaction by half; writing resumes without a restart when the disk has recovered.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/sqlite/outbox.h"
#include "store/sqlite/tests/faulty_disk_test.h"
#include "store/temporary_folder_test.h"

namespace vf::store::sqlite {
namespace {

using testing::HasSubstr;

constexpr Instant kNow{Millis{1'790'000'000'000}};

AddEvent event(uint8_t n) {
  AddEvent add;
  add.event.id.bytes[0] = n;
  add.event.time = kNow;
  add.event.body.assign(100'000, static_cast<char>(n));
  return add;
}

class DiskFaults : public testing::Test {
 protected:
  DiskFaults() : store_(open()) {}

  std::unique_ptr<OutboxStore> open() {
    auto store = open_outbox({.path = folder_.file("dm.db"), .now = kNow, .readers = 1});
    EXPECT_TRUE(store) << store.error().message;
    return store ? std::move(*store) : nullptr;
  }
  Result<std::vector<WriteResult>> add(uint8_t n) {
    const Write write = event(n);
    return store_->write(std::span(&write, 1), kNow, nullptr);
  }
  void expect_unavailable(uint8_t n, const std::string& sentence) {
    size_t failed = 77;
    const Write write = event(n);
    const auto results = store_->write(std::span(&write, 1), kNow, &failed);
    ASSERT_FALSE(results);
    EXPECT_EQ(results.error().code, Code::unavailable);
    EXPECT_THAT(results.error().message, HasSubstr(sentence));
    EXPECT_THAT(results.error().message, HasSubstr("dm.db"));
    EXPECT_EQ(failed, 77u) << "no single write caused it";
  }
  std::vector<int> kept() {
    std::vector<int> numbers;
    const auto rows = store_->read_after({.after = {}});
    EXPECT_TRUE(rows);
    for (const OutboxRow& row : rows.value_or(std::vector<OutboxRow>{})) numbers.push_back(row.event.id.bytes[0]);
    return numbers;
  }

  FaultyDisk disk_;
  TemporaryFolder folder_;
  std::unique_ptr<OutboxStore> store_;
};

TEST_F(DiskFaults, AFullDiskRefusesAndRecovers) {
  ASSERT_TRUE(add(1));
  disk_.fail_writes(SQLITE_FULL);
  expect_unavailable(2, "the disk of");
  expect_unavailable(2, "is full");
  EXPECT_THAT(kept(), testing::ElementsAre(1)) << "stored events can be read meanwhile";
  disk_.fail_writes(SQLITE_OK);
  ASSERT_TRUE(add(3));
  ASSERT_TRUE(add(2));
  EXPECT_THAT(kept(), testing::ElementsAre(1, 3, 2));
}

TEST_F(DiskFaults, AReadOnlyDiskRefusesAndRecovers) {
  ASSERT_TRUE(add(1));
  disk_.fail_writes(SQLITE_READONLY);
  expect_unavailable(2, "cannot be written");
  disk_.fail_writes(SQLITE_OK);
  ASSERT_TRUE(add(2));
  EXPECT_THAT(kept(), testing::ElementsAre(1, 2));
}

TEST_F(DiskFaults, AFailedSyncLeavesTheOutcomeUnknown) {
  ASSERT_TRUE(add(1));
  disk_.fail_syncs(SQLITE_IOERR_FSYNC);
  expect_unavailable(2, "its outcome is unknown");
  disk_.fail_syncs(SQLITE_OK);
  const auto again = add(2);  // the provider's resend
  ASSERT_TRUE(again);
  ASSERT_TRUE(add(3));
  EXPECT_THAT(kept(), testing::ElementsAre(1, 2, 3));
  store_.reset();
  store_ = open();
  EXPECT_THAT(kept(), testing::ElementsAre(1, 2, 3)) << "each is stored once, also after recovery";
}

TEST_F(DiskFaults, PingReportsFailedWritesUntilTheDiskRecovers) {
  ASSERT_TRUE(store_->ping());
  disk_.fail_writes(SQLITE_FULL);
  EXPECT_TRUE(store_->ping()) << "no write has failed yet";
  EXPECT_FALSE(add(1));
  const auto answer = store_->ping();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::unavailable);
  disk_.fail_writes(SQLITE_OK);
  EXPECT_TRUE(store_->ping()) << "ping tries a write itself";
}

TEST_F(DiskFaults, UnreadableStorageIsUnavailable) {
  for (uint8_t n = 1; n < 100; ++n) ASSERT_TRUE(add(n));  // more than a reader's cache holds
  disk_.fail_reads(SQLITE_IOERR_READ);
  const auto rows = store_->read_after({.after = {}, .rows_max = 1000, .bytes_max = size_t{1} << 40});
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, Code::unavailable);
  disk_.fail_reads(SQLITE_OK);
  EXPECT_EQ(kept().size(), 42u) << "four megabytes";
}

}  // namespace
}  // namespace vf::store::sqlite
