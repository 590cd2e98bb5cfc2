// NetworkLoop: one network thread with its io_context, its connections, one timer for all their deadlines, and the
// mailbox in which other threads put answers. Private to this folder (includes Asio).
// Any thread may call the functions up to join() and those of Mailbox; only the loop's thread may call the others.
#pragma once

#include <atomic>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "http/idle_list.h"
#include "http/server.h"

namespace vf::http {

class Connection;
class NetworkLoop;

using SteadyClock = std::chrono::steady_clock;

/// The parameters, handler and counters of one server, which all its network threads share. Thread safe: they are
/// constants and atomics.
struct ServerState {
  ServerState(ServerParams given, Handler answers) : params(std::move(given)), handler(std::move(answers)) {}

  const ServerParams params;
  const Handler handler;

  std::atomic<bool> draining{false};
  std::atomic<size_t> open{0};            // open connections, without those over the limit
  std::atomic<size_t> turned_away{0};     // connections over the limit that are being answered 503
  std::atomic<size_t> buffered_bytes{0};  // memory of long requests: see ServerParams::buffered_bytes_max

  std::atomic<uint64_t> connections_total{0}, connections_refused{0}, connections_evicted{0};
  std::atomic<uint64_t> requests_total{0}, responses_4xx{0}, responses_5xx{0}, malformed{0}, timed_out{0};

  std::mutex mutex;
  std::condition_variable emptied;  // notified when no connection is left: drain() waits for that
};

/// An accepted socket that is handed to a loop.
struct Arrival {
  int fd = -1;
  bool ipv6 = false;
  bool over_limit = false;  // it is answered 503 and closed
  std::string peer;
};

/// Identifies one request of one connection. An answer is dropped when its request is no longer the current one.
struct Ticket {
  uint32_t slot = 0;
  uint64_t exchange = 0;
};

/// The answers from other threads. It outlives the loop, because an answer may come after the server's end. Answers
/// that come together wake the loop once.
class Mailbox {
 public:
  explicit Mailbox(NetworkLoop& loop) : loop_(&loop) {}
  /// Hands an answer to the loop. It is dropped when its request is no longer the current one, or after close().
  void put(Ticket ticket, Response response);
  /// Drops all letters, now and from now on.
  void close();

 private:
  friend class NetworkLoop;
  struct Letter {
    Ticket ticket;
    Response response;
  };
  std::mutex mutex_;
  NetworkLoop* loop_;
  std::vector<Letter> letters_;
};

class NetworkLoop {
 public:
  using Executor = boost::asio::io_context::executor_type;

  explicit NetworkLoop(ServerState& state);
  NetworkLoop(const NetworkLoop&) = delete;
  NetworkLoop& operator=(const NetworkLoop&) = delete;

  void start(std::string thread_name);
  void adopt(Arrival arrival);
  /// Closes the longest idle connection and adopts the arrival in its place. When no connection is idle, calls
  /// `refused` with the arrival, on the loop's thread.
  void adopt_for_idle(Arrival arrival, std::function<void(Arrival)> refused);
  /// Returns when the longest idle connection became idle; SteadyClock::time_point::max() when no connection is idle.
  SteadyClock::time_point idle_since() const { return idle_.idle_since(); }
  size_t idle_connections() const { return idle_.size(); }
  /// Closes idle connections; the others are closed after their answer.
  void drain();
  /// Closes all connections and lets the thread end.
  void abort();
  /// Waits for the thread's end. Call abort() first.
  void join() { thread_.join(); }

  // The functions below are for connections, on the loop's thread.
  ServerState& state() { return state_; }
  boost::asio::io_context& context() { return context_; }
  const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }
  IdleList& idle() { return idle_; }
  /// Returns the buffer that all connections share: the next read of any of them overwrites it.
  std::span<char> read_buffer() { return {read_buffer_.get(), kReadBufferBytes}; }
  uint64_t next_exchange() { return ++exchange_; }
  uint32_t enter(Connection& connection);
  void leave(uint32_t slot);

 private:
  friend class Mailbox;
  using Timer = boost::asio::basic_waitable_timer<SteadyClock, boost::asio::wait_traits<SteadyClock>, Executor>;

  static constexpr size_t kReadBufferBytes = 64u << 10;

  bool evict_longest_idle();
  void read_mail();
  bool answer_at_once(Ticket ticket, Response& response);
  void schedule_sweep();

  ServerState& state_;
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<Executor> work_;
  Timer sweep_timer_;
  SteadyClock::duration sweep_period_;
  std::shared_ptr<Mailbox> mailbox_;
  std::vector<Mailbox::Letter> mail_;
  std::vector<Connection*> slots_;
  std::vector<uint32_t> free_slots_;
  IdleList idle_;
  std::unique_ptr<char[]> read_buffer_ = std::make_unique_for_overwrite<char[]>(kReadBufferBytes);
  uint64_t exchange_ = 0;
  bool aborted_ = false;
  std::jthread thread_;
};

}  // namespace vf::http
