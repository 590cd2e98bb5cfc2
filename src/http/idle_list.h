// IdleList: the connections of one loop that are between requests, the longest idle first. Adding and removing take
// O(1) and do not allocate: the links are in the connections. Private to this folder. Thread safety: size() and
// idle_since() are for any thread, the rest for the loop's own.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>

namespace vf::http {

class Connection;

/// The part of a connection that links it into the list.
struct IdleLink {
  Connection* before = nullptr;
  Connection* after = nullptr;
  std::chrono::steady_clock::time_point since;
  bool listed = false;
};

class IdleList {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Appends: `now` is not before the time of any listed one. No effect when it is listed already.
  void add(Connection& connection, Time now);
  /// No effect when it is not listed.
  void remove(Connection& connection);
  Connection* longest() const { return first_; }
  static Connection* next(const Connection& connection);
  size_t size() const { return size_.load(std::memory_order_relaxed); }
  /// When the longest idle one became idle; Time::max() when the list is empty.
  Time idle_since() const { return Time(Time::duration(since_.load(std::memory_order_relaxed))); }

 private:
  void publish();

  Connection* first_ = nullptr;
  Connection* last_ = nullptr;
  std::atomic<size_t> size_{0};  // only the loop writes it, and since_
  std::atomic<Time::rep> since_{Time::max().time_since_epoch().count()};
};

}  // namespace vf::http
