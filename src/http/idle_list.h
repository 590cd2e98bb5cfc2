// IdleList: the connections of one network loop that are between requests, the longest idle first. Adding and removing
// take O(1) and do not allocate, because the links are in the connections. Private to this folder. Any thread may call
// size() and idle_since(); only the loop's thread may call the others.
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

  /// Appends `connection`, idle since `now`, which must not be before the time of any connection in the list. Does
  /// nothing when `connection` is in the list already.
  void add(Connection& connection, Time now);
  /// Does nothing when `connection` is not in the list.
  void remove(Connection& connection);
  Connection* longest() const { return first_; }
  static Connection* next(const Connection& connection);
  size_t size() const { return size_.load(std::memory_order_relaxed); }
  /// Returns when the longest idle connection became idle; Time::max() when the list is empty.
  Time idle_since() const { return Time(Time::duration(since_.load(std::memory_order_relaxed))); }

 private:
  void publish();

  Connection* first_ = nullptr;
  Connection* last_ = nullptr;
  std::atomic<size_t> size_{0};  // only the loop's thread writes size_ and since_
  std::atomic<Time::rep> since_{Time::max().time_since_epoch().count()};
};

}  // namespace vf::http
