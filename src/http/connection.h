// Connection: one peer on a network loop: its requests, answers, limits and deadlines. The coroutine serve() below runs
// it step by step; the class holds the state. Private to this folder (includes Asio).
// Used by its loop's thread alone.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <coroutine>
#include <exception>
#include <optional>

#include "http/network_loop.h"
#include "http/request_parser.h"

namespace vf::http {

/// A coroutine without an awaiter: it runs at once and frees itself at its end.
struct Detached {
  struct promise_type {
    Detached get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};

class Connection {
 public:
  Connection(NetworkLoop& loop, const Arrival& arrival);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The steps of serve().

  /// Parses the bytes that have arrived. True once there is a request, a refusal, or the end of the connection.
  bool parse();
  /// Calls the handler, unless the request is refused already.
  void call_handler();
  /// Appends the answer to the output.
  void take_answer();
  /// After the answer was sent: frees what the request took.
  void finish_exchange();
  bool has_output() const { return sent_ < output_.size(); }
  bool is_open() const { return !gone_ && !closing_; }
  /// After a refusal the peer may still be sending. Closing at once would reset the connection, and the peer would lose
  /// the answer; so the rest of its input is read and discarded for a while.
  void begin_lingering();
  bool is_lingering() const { return !gone_ && linger_bytes_ > 0; }
  void discard_input();

  struct Read {
    Connection& connection;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting) { connection.start_read(waiting); }
    void await_resume() const noexcept {}
  };
  struct Write {
    Connection& connection;
    bool await_ready() { return connection.write_now(); }
    void await_suspend(std::coroutine_handle<> waiting) { connection.start_write(waiting); }
    void await_resume() const noexcept {}
  };
  struct Answer {
    Connection& connection;
    bool await_ready() const noexcept { return connection.answer_.has_value() || connection.gone_; }
    void await_suspend(std::coroutine_handle<> waiting) { connection.start_waiting(waiting); }
    void await_resume() const noexcept {}
  };
  Read read() { return {*this}; }
  Write write() { return {*this}; }
  Answer answered() { return {*this}; }

  // Calls from outside the coroutine.

  void answer(uint64_t exchange, Response response);
  /// The handler of this request is running: its answer needs no mailbox.
  bool is_in_handler(uint64_t exchange) const;
  void check_deadline(SteadyClock::time_point now);
  void close_if_idle();
  /// Closes the connection to free its place. False, without effect, when bytes of a next request have arrived.
  bool give_place();
  void abort();
  IdleLink& idle_link() { return idle_link_; }
  const IdleLink& idle_link() const { return idle_link_; }

 private:
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, NetworkLoop::Executor>;
  enum class Waits { for_request, for_rest, for_answer, for_peer, for_close };

  void start_read(std::coroutine_handle<> waiting);
  void wait_readable(std::coroutine_handle<> waiting);
  void start_write(std::coroutine_handle<> waiting);
  void start_waiting(std::coroutine_handle<> waiting);
  bool write_now();
  void on_read(boost::system::error_code error);
  void on_written(boost::system::error_code error, size_t bytes);
  void wait(Waits what, std::chrono::milliseconds at_most);
  void wait_for_more();
  void refuse(Response response);
  bool charge(size_t more_bytes);
  void release_charge();
  void feed_parser();

  NetworkLoop& loop_;
  Socket socket_;
  std::string peer_;
  const bool over_limit_;
  bool has_place_ = true;  // counts towards connections_max
  IdleLink idle_link_;
  const uint32_t slot_;

  RequestParser parser_;
  std::unique_ptr<char[]> buffer_;  // for the next request: only between requests, after the first
  std::string_view fresh_;          // just read, in buffer_ or the loop's; the parser gets it first
  std::string unread_;              // read, but not taken by the parser
  bool kept_ = false;               // has answered a request
  std::string output_;
  size_t sent_ = 0;

  uint64_t exchange_ = 0;  // the current one; 0: none
  std::optional<Response> answer_;
  std::coroutine_handle<> waiting_for_answer_;
  bool head_ = false;
  bool http_1_0_ = false;
  bool continued_ = false;    // "100 Continue" was sent
  size_t charged_bytes_ = 0;  // of ServerState::buffered_bytes

  Waits waits_ = Waits::for_request;
  SteadyClock::time_point deadline_;
  bool peer_ended_ = false;  // the peer has closed its sending side
  bool closing_ = false;     // after the current answer
  bool refused_ = false;     // the current answer is a refusal; the request was not read to its end
  bool gone_ = false;        // nothing more can be sent
  size_t linger_bytes_ = 0;
};

/// A connection from its first byte to its end.
Detached serve(NetworkLoop& loop, Arrival arrival);

}  // namespace vf::http
