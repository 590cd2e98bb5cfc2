// Batch: its limits, and the pieces of a pinned range. Pure.
#include "raw_log/batch.h"

#include <gtest/gtest.h>

namespace vf::raw_log {
namespace {

std::vector<store::OutboxRow> rows(uint64_t first, uint64_t count, size_t body_bytes = 10) {
  std::vector<store::OutboxRow> rows(count);
  for (uint64_t i = 0; i < count; ++i) {
    rows[i].event.position = {0, 0, first + i};
    rows[i].event.id.bytes[15] = static_cast<uint8_t>(first + i);
    rows[i].event.body.assign(body_bytes, 'x');
  }
  return rows;
}

TEST(Batch, IsFullAtEitherLimit) {
  Batch by_rows({.rows_max = 3, .bytes_max = 1'000});
  by_rows.append(rows(1, 2));
  EXPECT_FALSE(by_rows.is_full());
  by_rows.append(rows(3, 1));
  EXPECT_TRUE(by_rows.is_full());
  Batch by_bytes({.rows_max = 3, .bytes_max = 20});
  by_bytes.append(rows(1, 1));
  EXPECT_FALSE(by_bytes.is_full());
  by_bytes.append(rows(2, 1));
  EXPECT_TRUE(by_bytes.is_full());
  by_bytes.clear();
  EXPECT_TRUE(by_bytes.is_empty());
  EXPECT_FALSE(by_bytes.is_full());
}

TEST(Batch, NextRowsContinueBehindItsLastRow) {
  Batch batch({.rows_max = 10, .bytes_max = 100});
  EXPECT_EQ(batch.next_rows({0, 0, 7}).after, (Position{0, 0, 7}));
  batch.append(rows(8, 3));
  const auto next = batch.next_rows({0, 0, 7});
  EXPECT_EQ(next.after, (Position{0, 0, 10}));
  EXPECT_EQ(next.rows_max, 7u);
  EXPECT_EQ(next.bytes_max, 70u);
}

TEST(Batch, PieceEndsAtItsLimitAndAtThePinnedRange) {
  Batch batch({.rows_max = 10, .bytes_max = 1'000});
  batch.append(rows(1, 9));
  batch.cut_to_piece({0, 0, 8}, 10);
  EXPECT_EQ(batch.end(), (Position{0, 0, 8}));
  batch.cut_to_piece({0, 0, 8}, 4);
  EXPECT_EQ(batch.rows().size(), 4u);
  EXPECT_EQ(batch.next_piece({0, 0, 0}, 4).rows_max, 4u);
  EXPECT_EQ(batch.next_piece({0, 0, 0}, SIZE_MAX).rows_max, 10u);
}

TEST(Batch, DigestDependsOnIdsAndTheirOrder) {
  const auto three = rows(1, 3);
  auto turned = three;
  std::swap(turned[0], turned[2]);
  EXPECT_EQ(digest_of(events_of(three)), digest_of(events_of(rows(1, 3))));
  EXPECT_NE(digest_of(events_of(three)), digest_of(events_of(turned)));
  EXPECT_NE(digest_of(events_of(three)), digest_of(events_of(rows(1, 2))));
  EXPECT_EQ(digest_of({}).size(), 64u);
}

}  // namespace
}  // namespace vf::raw_log
