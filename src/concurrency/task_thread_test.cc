// TaskThread: order, its bound, its drain.
#include "concurrency/task_thread.h"

#include <gtest/gtest.h>

#include <latch>

namespace vf::concurrency {
namespace {

TEST(TaskThread, RunsInOrderRefusesAtItsBoundAndDrains) {
  std::latch entered{1}, go{1};
  std::vector<int> done;
  TaskThread tasks("tasks", 2);
  TaskThread::Task first = [&] {
    entered.count_down();
    go.wait();
    done.push_back(0);
  };
  ASSERT_TRUE(tasks.post(first));
  entered.wait();
  for (int i = 1; i <= 2; ++i) {
    TaskThread::Task next = [&done, i] { done.push_back(i); };
    EXPECT_TRUE(tasks.post(next));
  }
  bool refused_ran = false;
  TaskThread::Task third = [&refused_ran] { refused_ran = true; };
  EXPECT_FALSE(tasks.post(third));
  third();  // untouched
  EXPECT_TRUE(refused_ran);
  go.count_down();
  tasks.drain();
  EXPECT_EQ(done, (std::vector<int>{0, 1, 2}));
  EXPECT_FALSE(tasks.post(third));
}

}  // namespace
}  // namespace vf::concurrency
