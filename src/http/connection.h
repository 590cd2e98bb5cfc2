// Connection: the state of one accepted connection on a network loop: its requests, answers, limits and deadlines. The
// coroutine serve() below calls the steps. Private to this folder (includes Asio). Only the loop's thread uses it.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <coroutine>
#include <exception>
#include <optional>

#include "http/network_loop.h"
#include "http/request_parser.h"

namespace vf::http {

/// The type of a coroutine that no caller awaits: it runs at once and frees itself at its end.
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

  /// Parses the bytes that have arrived. Returns true once the request is complete or refused, or the connection has
  /// ended.
  bool parse();
  /// Calls the handler, unless the request is refused already.
  void call_handler();
  /// Appends the answer to the bytes to be sent.
  void take_answer();
  /// Frees the memory of the request, after its answer was sent.
  void finish_exchange();
  bool has_output() const { return sent_ < output_.size(); }
  bool is_open() const { return !gone_ && !closing_; }
  /// Begins to read and discard the rest of the peer's input, for a while. After a refusal the peer may still be
  /// sending: closing at once would reset the connection, and the peer would lose the answer.
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
  /// Returns whether the handler of this request is running on this thread, so that its answer needs no mailbox.
  bool is_in_handler(uint64_t exchange) const;
  void check_deadline(SteadyClock::time_point now);
  void close_if_idle();
  /// Closes the connection, so that a new one takes its place. Does nothing and returns false when bytes of its next
  /// request have arrived.
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
  bool has_place_ = true;  // this connection counts towards connections_max
  IdleLink idle_link_;
  const uint32_t slot_;

  RequestParser parser_;
  std::unique_ptr<char[]> buffer_;  // gets the next request's first bytes; null before the first answer
  std::string_view fresh_;          // bytes just read, in buffer_ or the loop's buffer, for the parser
  std::string unread_;              // bytes read, but not taken by the parser
  bool kept_ = false;               // a request was answered on this connection
  std::string output_;
  size_t sent_ = 0;

  uint64_t exchange_ = 0;  // the current request; 0: none
  std::optional<Response> answer_;
  std::coroutine_handle<> waiting_for_answer_;
  bool head_ = false;
  bool http_1_0_ = false;
  bool continued_ = false;    // "100 Continue" was sent
  size_t charged_bytes_ = 0;  // this connection's share of ServerState::buffered_bytes

  Waits waits_ = Waits::for_request;
  SteadyClock::time_point deadline_;
  bool peer_ended_ = false;  // the peer has closed its sending side
  bool closing_ = false;     // the connection is closed after the current answer
  bool refused_ = false;     // the current answer is a refusal; the request was not read to its end
  bool gone_ = false;        // nothing more can be sent
  size_t linger_bytes_ = 0;
};

/// Runs a connection from its first byte to its end.
Detached serve(NetworkLoop& loop, Arrival arrival);

}  // namespace vf::http
