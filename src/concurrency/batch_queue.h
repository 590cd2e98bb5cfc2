// BatchQueue: hands waiting items over in batches, so that requests that arrive together share one transaction and one
// fsync. Any thread may submit items. The batch function runs on threads of the queue, called lanes: with several
// lanes, one takes a batch while the batch of another becomes durable. The queue is bounded by the number and the bytes
// of its items: past a bound submit() refuses the item, and the caller answers 503.
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
  int lanes = 1;  // the number of threads, and so of batches in progress at once
  // A lane other than the first takes a batch only when at least this many items wait: small batches cost more.
  size_t others_from = 1;
};

template <class Item>
class BatchQueue {
 public:
  /// Each lane calls this function with its batch. The function owns the batch, must answer every item in it, and must
  /// not throw.
  using HandleBatch = std::function<void(std::vector<Item>)>;

  /// `name` is the name of the lanes' threads; they are numbered when there are several.
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

  /// Moves `item`, which counts as `bytes`, into the queue. Returns false when the queue is full or draining; `item` is
  /// then unchanged. An empty queue accepts any item, whatever its size.
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

  /// As submit(), but no bound applies, and urgent items are handled in the order in which they were submitted: for the
  /// few items that must be neither refused nor reordered. They come first in their batch. Returns false only after
  /// drain().
  bool submit_urgent(Item& item, size_t bytes) {
    {
      const std::lock_guard lock(mutex_);
      if (stopped_) return false;
      enqueue(urgent_, item, bytes);
    }
    wake_first_.notify_one();
    return true;
  }

  /// Refuses new items, hands over the waiting ones and ends the threads. May be called again, but not by two threads
  /// at once.
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

  // Only the first lane takes urgent items, because batches of two lanes have no order between them.
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
      stopped_ = batch.empty();  // only when stopping, with no item waiting or in progress
    } else if (batch.empty()) {
      --others_;
      wake_first_.notify_one();
    }
    return batch;
  }

  // The first lane ends last, because the other lanes may submit urgent items while they handle their batches.
  void run(bool is_first) {
    for (auto batch = take(is_first); !batch.empty(); batch = take(is_first)) handle_(std::move(batch));
  }

  const BatchQueueParams params_;
  const HandleBatch handle_;
  mutable std::mutex mutex_;
  std::condition_variable wake_first_, wake_others_;
  Queue waiting_, urgent_;
  size_t waiting_bytes_ = 0;
  int others_ = params_.lanes - 1;  // running lanes, without the first
  bool stopping_ = false;
  bool stopped_ = false;
  std::vector<std::jthread> lanes_;  // the last member: the threads use all members above
};

}  // namespace vf::concurrency
