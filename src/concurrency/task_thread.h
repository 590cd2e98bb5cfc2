// TaskThread: a thread for work that may block, so that network threads never block. The number of waiting tasks is
// bounded. Any thread may call post().
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

  /// Moves `task` into the queue. Returns false when too many tasks wait, or after drain(); `task` is then unchanged.
  bool post(Task& task) { return tasks_.submit(task, 1); }
  /// Refuses new tasks, runs the waiting ones and ends the thread. Not to be called by two threads at once.
  void drain() { tasks_.drain(); }

 private:
  BatchQueue<Task> tasks_;
};

}  // namespace vf::concurrency
