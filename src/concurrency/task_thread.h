// TaskThread: a thread for work that may block, so that network threads do not. Bounded: a task that does not fit is
// refused. Any thread calls post().
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "concurrency/batch_queue.h"

namespace vf::concurrency {

class TaskThread {
 public:
  using Task = std::move_only_function<void()>;

  TaskThread(const std::string& name, size_t waiting_max)
      : tasks_(name, {.waiting_max = waiting_max}, [](std::vector<Task> tasks) {
          for (auto& task : tasks) task();
        }) {}

  /// False when too many tasks wait, or after drain(); the task is then untouched.
  bool post(Task& task) { return tasks_.submit(task, 1); }
  /// Runs what waits, then refuses. Not from two threads at once.
  void drain() { tasks_.drain(); }

 private:
  BatchQueue<Task> tasks_;
};

}  // namespace vf::concurrency
