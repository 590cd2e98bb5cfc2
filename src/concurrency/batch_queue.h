// BatchQueue: hands waiting items over in batches, so that requests that arrive together share one transaction and one
// fsync. Any thread submits; the batch function runs on threads of the queue, its lanes: with several lanes one gathers
// a batch while the batch of another becomes durable. Bounded by count and by weight (bytes): past a bound submit()
// refuses, and the caller answers 503.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "platform/thread_name.h"

namespace vf::concurrency {

struct BatchQueueParams {
  size_t waiting_max = 8192;
  size_t waiting_bytes_max = 64u << 20;
  size_t batch_max = 512;
  int lanes = 1;           // threads, so batches in progress at once
  size_t others_from = 1;  // lanes but the first take a batch only when this many items wait: small ones cost more
};

template <class Item>
class BatchQueue {
 public:
  /// Owns the batch and must answer every item in it. Must not throw. Called by each lane.
  using HandleBatch = std::function<void(std::vector<Item>)>;

  /// `name`: of the lanes' threads; numbered when there are several.
  BatchQueue(const std::string& name, BatchQueueParams params, HandleBatch handle)
      : params_(params), handle_(std::move(handle)) {
    for (int i = 0; i < params_.lanes; ++i) {
      const auto lane = platform::numbered_name(name, i, params_.lanes);
      lanes_.push_back(platform::named_thread(lane, [this, i] { run(i == 0); }));
    }
  }
  ~BatchQueue() { drain(); }
  BatchQueue(const BatchQueue&) = delete;
  BatchQueue& operator=(const BatchQueue&) = delete;

  /// False when the queue is full or draining; `item` is then untouched. An empty queue takes any one item, however
  /// heavy.
  bool submit(Item& item, size_t bytes) {
    bool many = false;
    {
      const std::lock_guard lock(mutex_);
      const bool full =
          waiting_.size() + urgent_.size() >= params_.waiting_max || waiting_bytes_ + bytes > params_.waiting_bytes_max;
      if (stopping_ || (full && !is_empty())) return false;
      enqueue(waiting_, item, bytes);
      many = waiting_.size() >= params_.others_from;
    }
    wake_first_.notify_one();
    if (many && params_.lanes > 1) wake_others_.notify_one();
    return true;
  }

  /// As submit(), but without bounds, and in order: for the few items that must be neither refused nor reordered. They
  /// go first in their batch. False only after drain().
  bool submit_urgent(Item& item, size_t bytes) {
    {
      const std::lock_guard lock(mutex_);
      if (stopped_) return false;
      enqueue(urgent_, item, bytes);
    }
    wake_first_.notify_one();
    return true;
  }

  /// Refuses new items, hands over what waits, ends the threads. Safe to call again, not from two threads at once.
  void drain() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_first_.notify_one();
    wake_others_.notify_all();
    for (auto& lane : lanes_) {
      if (lane.joinable()) lane.join();
    }
  }

  size_t waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size() + urgent_.size();
  }

 private:
  struct Waiting {
    Item item;
    size_t bytes;
  };
  using Queue = std::vector<Waiting>;

  bool is_empty() const { return waiting_.empty() && urgent_.empty(); }

  void enqueue(Queue& queue, Item& item, size_t bytes) {
    queue.push_back({std::move(item), bytes});
    waiting_bytes_ += bytes;
  }

  void move_to(std::vector<Item>& batch, Queue& queue) {
    const size_t count = std::min(queue.size(), params_.batch_max - batch.size());
    for (size_t i = 0; i < count; ++i) {
      waiting_bytes_ -= queue[i].bytes;
      batch.push_back(std::move(queue[i].item));
    }
    queue.erase(queue.begin(), queue.begin() + static_cast<std::ptrdiff_t>(count));
  }

  // Only the first lane takes urgent items: batches of two lanes have no order between them.
  std::vector<Item> take(bool is_first) {
    std::unique_lock lock(mutex_);
    if (is_first) {
      wake_first_.wait(lock, [this] { return (stopping_ && others_ == 0) || !is_empty(); });
    } else {
      wake_others_.wait(lock, [this] { return stopping_ || waiting_.size() >= params_.others_from; });
    }
    std::vector<Item> batch;
    batch.reserve(std::min(waiting_.size() + urgent_.size(), params_.batch_max));
    if (is_first) move_to(batch, urgent_);
    move_to(batch, waiting_);
    if (is_first) {
      stopped_ = batch.empty();  // empty only when stopping, and no item waits or is in progress
    } else if (batch.empty()) {
      --others_;
      wake_first_.notify_one();
    }
    return batch;
  }

  // The first lane ends last: answers given by the other lanes may add urgent items.
  void run(bool is_first) {
    for (auto batch = take(is_first); !batch.empty(); batch = take(is_first)) handle_(std::move(batch));
  }

  const BatchQueueParams params_;
  const HandleBatch handle_;
  mutable std::mutex mutex_;
  std::condition_variable wake_first_, wake_others_;
  Queue waiting_, urgent_;
  size_t waiting_bytes_ = 0;
  int others_ = params_.lanes - 1;  // lanes running beside the first
  bool stopping_ = false;
  bool stopped_ = false;
  std::vector<std::jthread> lanes_;  // last: they start when everything above is ready
};

}  // namespace vf::concurrency
