// GroupCommitter's bounds and its drain. The batch function waits on a latch, so queues fill without any sleeping.
#include "concurrency/group_committer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

namespace vf::concurrency {
namespace {

struct Blocked {
  std::latch entered{1}, go{1};
  std::atomic<bool> first{true};
  std::vector<size_t> batches;
  std::vector<int> items;

  void commit(std::vector<int> batch) {
    if (first.exchange(false)) {
      entered.count_down();
      go.wait();
    }
    batches.push_back(batch.size());
    items.insert(items.end(), batch.begin(), batch.end());
  }
};

bool submit(GroupCommitter<int>& committer, int item, size_t bytes = 1) { return committer.submit(item, bytes); }

TEST(GroupCommitter, WhatWaitsBehindACommitBecomesOneBatch) {
  Blocked blocked;
  GroupCommitter<int> committer({.waiting_max = 100, .waiting_bytes_max = 100, .batch_max = 3},
                                [&](std::vector<int> batch) { blocked.commit(std::move(batch)); });
  ASSERT_TRUE(submit(committer, 0));
  blocked.entered.wait();
  for (int i = 1; i <= 5; ++i) ASSERT_TRUE(submit(committer, i));
  blocked.go.count_down();
  committer.drain();
  EXPECT_EQ(blocked.batches, (std::vector<size_t>{1, 3, 2}));
  EXPECT_EQ(blocked.items, (std::vector<int>{0, 1, 2, 3, 4, 5}));
}

TEST(GroupCommitter, RefusesAtItsBoundOfItemsAndOfBytes) {
  Blocked blocked;
  GroupCommitter<int> committer({.waiting_max = 2, .waiting_bytes_max = 10, .batch_max = 10},
                                [&](std::vector<int> batch) { blocked.commit(std::move(batch)); });
  ASSERT_TRUE(submit(committer, 0));
  blocked.entered.wait();
  EXPECT_TRUE(submit(committer, 1, 10));  // exactly the bound
  EXPECT_FALSE(submit(committer, 2, 1));  // one byte more
  EXPECT_TRUE(submit(committer, 3, 0));   // the second item
  EXPECT_FALSE(submit(committer, 4, 0));  // the third
  int urgent = 5;
  EXPECT_TRUE(committer.submit_urgent(urgent, 100));
  blocked.go.count_down();
  committer.drain();
  EXPECT_EQ(blocked.items, (std::vector<int>{0, 1, 3, 5}));
  EXPECT_FALSE(submit(committer, 6));
}

TEST(GroupCommitter, AnEmptyQueueTakesOneItemHoweverHeavy) {
  std::atomic<int> taken{0};
  GroupCommitter<int> committer({.waiting_max = 2, .waiting_bytes_max = 10, .batch_max = 10},
                                [&](std::vector<int> batch) { taken += static_cast<int>(batch.size()); });
  EXPECT_TRUE(submit(committer, 0, 1000));
  committer.drain();
  EXPECT_EQ(taken, 1);
}

}  // namespace
}  // namespace vf::concurrency
