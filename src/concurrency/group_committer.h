// GroupCommitter: one thread that takes whatever waits and hands it over as a batch, so that requests which arrive
// together share one transaction and one fsync. submit() may be called by any thread; the batch function runs on the
// committer's own. Bounded by count and by weight (bytes): past a bound submit() refuses, and the caller says 503.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace vf::concurrency {

struct GroupCommitterParams {
  size_t waiting_max = 8192;
  size_t waiting_bytes_max = 64u << 20;
  size_t batch_max = 512;
};

template <class Item>
class GroupCommitter {
 public:
  /// Takes ownership of the batch; must answer every item in it. Must not throw.
  using CommitBatch = std::function<void(std::vector<Item>)>;

  GroupCommitter(GroupCommitterParams params, CommitBatch commit)
      : params_(params), commit_(std::move(commit)), thread_([this] { run(); }) {}
  ~GroupCommitter() { drain(); }
  GroupCommitter(const GroupCommitter&) = delete;
  GroupCommitter& operator=(const GroupCommitter&) = delete;

  /// False when the queue is full or draining; `item` is then untouched. One item is always taken by an empty queue,
  /// however heavy.
  bool submit(Item& item, size_t bytes) {
    {
      const std::lock_guard lock(mutex_);
      const bool full = waiting_.size() >= params_.waiting_max || waiting_bytes_ + bytes > params_.waiting_bytes_max;
      if (stopping_ || (full && !waiting_.empty())) return false;
      enqueue(item, bytes);
    }
    wake_.notify_one();
    return true;
  }

  /// As submit(), but past every bound: for the few items that must not be crowded out. Refused only when drained.
  bool submit_urgent(Item& item, size_t bytes) {
    {
      const std::lock_guard lock(mutex_);
      if (stopped_) return false;
      enqueue(item, bytes);
    }
    wake_.notify_one();
    return true;
  }

  /// Refuses new items, commits what waits, ends the thread. Safe to call again, not from two threads at once.
  void drain() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

  size_t waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
  }

 private:
  struct Waiting {
    Item item;
    size_t bytes;
  };

  void enqueue(Item& item, size_t bytes) {
    waiting_.push_back({std::move(item), bytes});
    waiting_bytes_ += bytes;
  }

  std::vector<Item> take() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    const size_t count = std::min(waiting_.size(), params_.batch_max);
    std::vector<Item> batch;
    batch.reserve(count);
    for (size_t i = 0; i < count; ++i) {
      waiting_bytes_ -= waiting_[i].bytes;
      batch.push_back(std::move(waiting_[i].item));
    }
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
    stopped_ = batch.empty();  // only when stopping, and nothing waits
    return batch;
  }

  void run() {
    for (auto batch = take(); !batch.empty(); batch = take()) commit_(std::move(batch));
  }

  const GroupCommitterParams params_;
  const CommitBatch commit_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Waiting> waiting_;
  size_t waiting_bytes_ = 0;
  bool stopping_ = false;
  bool stopped_ = false;
  std::thread thread_;  // last: starts when everything above is ready
};

}  // namespace vf::concurrency
