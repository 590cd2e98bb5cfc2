// BatchQueue's bounds and its drain. The batch function waits on a latch, so queues fill without any sleeping.
#include "concurrency/batch_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <thread>

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

bool submit(BatchQueue<int>& queue, int item, size_t bytes = 1) { return queue.submit(item, bytes); }

TEST(BatchQueue, ItemsThatWaitBehindABatchBecomeOneBatch) {
  Blocked blocked;
  BatchQueue<int> queue("batches", {.waiting_max = 100, .waiting_bytes_max = 100, .batch_max = 3},
                        [&](std::vector<int> batch) { blocked.commit(std::move(batch)); });
  ASSERT_TRUE(submit(queue, 0));
  blocked.entered.wait();
  for (int i = 1; i <= 5; ++i) ASSERT_TRUE(submit(queue, i));
  blocked.go.count_down();
  queue.drain();
  EXPECT_EQ(blocked.batches, (std::vector<size_t>{1, 3, 2}));
  EXPECT_EQ(blocked.items, (std::vector<int>{0, 1, 2, 3, 4, 5}));
}

TEST(BatchQueue, RefusesAtItsBoundOfItemsAndOfBytes) {
  Blocked blocked;
  BatchQueue<int> queue("batches", {.waiting_max = 2, .waiting_bytes_max = 10, .batch_max = 10},
                        [&](std::vector<int> batch) { blocked.commit(std::move(batch)); });
  ASSERT_TRUE(submit(queue, 0));
  blocked.entered.wait();
  EXPECT_TRUE(submit(queue, 1, 10));  // exactly the bound
  EXPECT_FALSE(submit(queue, 2, 1));  // one byte more
  EXPECT_TRUE(submit(queue, 3, 0));   // the second item
  EXPECT_FALSE(submit(queue, 4, 0));  // the third
  int urgent = 5;
  EXPECT_TRUE(queue.submit_urgent(urgent, 100));
  blocked.go.count_down();
  queue.drain();
  EXPECT_EQ(blocked.items, (std::vector<int>{0, 5, 1, 3})) << "the urgent one first";
  EXPECT_FALSE(submit(queue, 6));
}

TEST(BatchQueue, AnEmptyQueueTakesOneItemOfAnyWeight) {
  std::atomic<int> taken{0};
  BatchQueue<int> queue("batches", {.waiting_max = 2, .waiting_bytes_max = 10, .batch_max = 10},
                        [&](std::vector<int> batch) { taken += static_cast<int>(batch.size()); });
  EXPECT_TRUE(submit(queue, 0, 1000));
  queue.drain();
  EXPECT_EQ(taken, 1);
}

TEST(BatchQueue, AnotherLaneTakesTheNextBatchMeanwhile) {
  std::latch both{2};
  std::atomic<int> taken{0};
  BatchQueue<int> queue("batches", {.batch_max = 1, .lanes = 2}, [&](std::vector<int> batch) {
    both.arrive_and_wait();  // waits until both lanes are here
    taken += static_cast<int>(batch.size());
  });
  ASSERT_TRUE(submit(queue, 0));
  ASSERT_TRUE(submit(queue, 1));
  queue.drain();
  EXPECT_EQ(taken, 2);
}

TEST(BatchQueue, AnotherLaneWaitsUntilEnoughItemsWait) {
  std::latch entered{1}, other{1}, go{1};
  std::atomic<int> batches{0};
  BatchQueue<int> queue("batches", {.batch_max = 10, .lanes = 2, .others_from = 3}, [&](std::vector<int> batch) {
    if (batches++ == 0) {
      entered.count_down();
      go.wait();
    } else if (batch.size() == 3) {
      other.count_down();
    }
  });
  ASSERT_TRUE(submit(queue, 0));
  entered.wait();  // the first lane is busy
  ASSERT_TRUE(submit(queue, 1));
  ASSERT_TRUE(submit(queue, 2));
  EXPECT_EQ(queue.waiting(), 2u);
  EXPECT_EQ(batches, 1);
  ASSERT_TRUE(submit(queue, 3));
  other.wait();
  go.count_down();
  queue.drain();
  EXPECT_EQ(batches, 2);
}

TEST(BatchQueue, UrgentItemsKeepTheirOrderOnSeveralLanes) {
  std::mutex mutex;
  std::vector<int> urgent;
  BatchQueue<int> queue("batches", {.batch_max = 3, .lanes = 3}, [&](std::vector<int> batch) {
    const std::lock_guard lock(mutex);
    for (const int item : batch) {
      if (item >= 1000) urgent.push_back(item);
    }
  });
  for (int i = 0; i < 500; ++i) {
    int item = 1000 + i;
    ASSERT_TRUE(submit(queue, i));
    ASSERT_TRUE(queue.submit_urgent(item, 1));
  }
  queue.drain();
  ASSERT_EQ(urgent.size(), 500u);
  EXPECT_TRUE(std::ranges::is_sorted(urgent));
}

TEST(BatchQueue, ItemsSubmittedDuringTheDrainAreHandledOrRefused) {
  std::atomic<int> committed{0}, accepted{0};
  std::atomic<bool> ended{false};
  BatchQueue<int> queue("batches", {.waiting_max = 64, .batch_max = 7, .lanes = 3},
                        [&](std::vector<int> batch) { committed += static_cast<int>(batch.size()); });
  std::latch under_way{4};
  std::vector<std::jthread> submitting;
  for (int t = 0; t < 4; ++t) {
    submitting.emplace_back([&] {
      for (int i = 0; !ended || i < 1000; ++i) {
        if (i == 500) under_way.count_down();
        int item = i;
        const bool urgent = i % 64 == 0 && i < 1000;  // endless urgent items would prevent the drain's end
        accepted += urgent ? queue.submit_urgent(item, 1) : queue.submit(item, 1);
      }
    });
  }
  under_way.wait();
  queue.drain();
  const int after = committed;
  ended = true;
  submitting.clear();
  EXPECT_EQ(committed, after);
  EXPECT_EQ(accepted, after);
  EXPECT_EQ(queue.waiting(), 0u);
}

TEST(BatchQueue, ItemsAddedByAnswersDuringTheDrainAreHandled) {
  std::atomic<int> taken{0};
  std::latch full{2};
  BatchQueue<int>* self = nullptr;
  BatchQueue<int> queue("batches", {.batch_max = 1, .lanes = 2}, [&](std::vector<int> batch) {
    taken += static_cast<int>(batch.size());
    if (batch.front() != 0) return;
    full.arrive_and_wait();
    int more = 1;
    EXPECT_TRUE(self->submit_urgent(more, 1));
  });
  self = &queue;
  ASSERT_TRUE(submit(queue, 0));
  ASSERT_TRUE(submit(queue, 0));
  queue.drain();
  EXPECT_EQ(taken, 4);
}

}  // namespace
}  // namespace vf::concurrency
