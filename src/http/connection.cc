#include "http/connection.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include "http/response_text.h"

namespace vf::http {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr size_t kBufferBytes = 4096;  // the read buffer of a kept connection
constexpr size_t kOutputBytesKept = 1024;
constexpr size_t kLingerBytesMax = 16u << 20;
constexpr std::chrono::milliseconds kLingerTime{2'000};

Response overloaded(std::string_view why) {
  Response response = problem(503, why);
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

/// The Respond that a handler gets. Only the first call has an effect.
class Responder {
 public:
  Responder(std::shared_ptr<Mailbox> mailbox, Ticket ticket) : mailbox_(std::move(mailbox)), ticket_(ticket) {}
  void operator()(Response response) {
    if (const auto mailbox = std::exchange(mailbox_, nullptr)) mailbox->put(ticket_, std::move(response));
  }

 private:
  std::shared_ptr<Mailbox> mailbox_;
  Ticket ticket_;
};

}  // namespace

Detached serve(NetworkLoop& loop, Arrival arrival) {
  Connection connection(loop, arrival);
  while (connection.is_open()) {
    while (!connection.parse()) {
      while (connection.has_output()) co_await connection.write();
      co_await connection.read();
    }
    connection.call_handler();
    co_await connection.answered();
    connection.take_answer();
    while (connection.has_output()) co_await connection.write();
    connection.finish_exchange();
  }
  connection.begin_lingering();
  while (connection.is_lingering()) {
    co_await connection.read();
    connection.discard_input();
  }
}

Connection::Connection(NetworkLoop& loop, const Arrival& arrival)
    : loop_(loop),
      socket_(loop.context()),
      peer_(arrival.peer),
      over_limit_(arrival.over_limit),
      slot_(loop.enter(*this)),
      parser_({loop.state().params.headers_bytes_max, loop.state().params.body_bytes_max}) {
  error_code error;
  socket_.assign(arrival.ipv6 ? tcp::v6() : tcp::v4(), arrival.fd, error);
  socket_.non_blocking(true, error);
  socket_.set_option(tcp::no_delay(true), error);
}

Connection::~Connection() {
  release_charge();
  loop_.idle().remove(*this);
  loop_.leave(slot_);
  if (!has_place_) return;
  ServerState& state = loop_.state();
  auto& count = over_limit_ ? state.turned_away : state.open;
  if (count.fetch_sub(1) == 1) {
    const std::lock_guard lock(state.mutex);
    state.emptied.notify_all();
  }
}

bool Connection::parse() {
  using State = RequestParser::State;
  if (over_limit_) refuse(overloaded("too many connections"));
  if (answer_ || gone_) return true;
  // The bytes are charged before they are stored. Otherwise each refusal would cost memory: blocks that are freed at
  // once leave holes in the heap.
  if (!charge(fresh_.size())) {
    refuse(overloaded("too many long requests at once"));
    return true;
  }
  feed_parser();
  if (peer_ended_) parser_.feed_end();
  const State state = parser_.state();
  if (state == State::failed) {
    ++loop_.state().malformed;
    refuse(parser_.failure());
  } else if (!charge(0)) {
    refuse(overloaded("too many long requests at once"));
  } else if (state == State::start && (peer_ended_ || loop_.state().draining)) {
    gone_ = true;
  } else if (state != State::complete) {
    wait_for_more();
    return false;
  }
  return true;
}

/// Passes fresh bytes to the parser and copies the rest to unread_, because all connections share the loop's buffer.
void Connection::feed_parser() {
  if (unread_.empty()) {
    unread_ = fresh_.substr(parser_.feed(fresh_));
  } else {
    unread_ += fresh_;
    unread_.erase(0, parser_.feed(unread_));
    if (unread_.empty()) unread_ = std::string();
  }
  fresh_ = {};
}

void Connection::wait_for_more() {
  using State = RequestParser::State;
  const ServerParams& params = loop_.state().params;
  if (parser_.state() == State::start) {
    if (idle_link_.listed) return;
    wait(Waits::for_request, params.idle_timeout);
    loop_.idle().add(*this, deadline_ - params.idle_timeout);
    return;
  }
  buffer_.reset();
  if (waits_ != Waits::for_rest) wait(Waits::for_rest, params.request_timeout);
  if (parser_.state() == State::body && parser_.expects_continue() && !continued_) {
    continued_ = true;
    if (parser_.body_bytes() == 0 && unread_.empty()) output_.append("HTTP/1.1 100 Continue\r\n\r\n");
  }
}

void Connection::call_handler() {
  if (answer_ || gone_) return;
  waits_ = Waits::for_answer;
  head_ = parser_.is_head();
  http_1_0_ = parser_.is_http_1_0();
  closing_ = !parser_.keep_alive();
  continued_ = false;
  exchange_ = loop_.next_exchange();
  ++loop_.state().requests_total;
  Request request = parser_.take();
  request.peer = peer_;
  loop_.state().handler(std::move(request), Responder(loop_.mailbox(), {slot_, exchange_}));
}

void Connection::take_answer() {
  if (gone_) return;
  ServerState& state = loop_.state();
  closing_ = closing_ || answer_->close || state.draining || !has_place_;
  append_response(output_, *answer_, {.head = head_, .close = closing_, .keep_alive = http_1_0_});
  if (answer_->status >= 500) {
    ++state.responses_5xx;
  } else if (answer_->status >= 400) {
    ++state.responses_4xx;
  }
  answer_.reset();
  exchange_ = 0;
}

void Connection::finish_exchange() {
  release_charge();
  kept_ = true;
  if (output_.capacity() > kOutputBytesKept) output_ = std::string();
}

void Connection::begin_lingering() {
  error_code error;
  const bool may_be_sending = refused_ || !unread_.empty() || socket_.available(error) > 0;
  if (gone_ || !may_be_sending) return;
  socket_.shutdown(Socket::shutdown_send, error);
  parser_.reset();
  release_charge();
  unread_ = std::string();
  buffer_.reset();
  kept_ = false;
  linger_bytes_ = kLingerBytesMax;
  wait(Waits::for_close, kLingerTime);
}

void Connection::discard_input() {
  linger_bytes_ -= std::min(linger_bytes_, fresh_.size());
  fresh_ = {};
  if (peer_ended_) linger_bytes_ = 0;
}

void Connection::answer(uint64_t exchange, Response response) {
  if (exchange != exchange_ || answer_ || gone_) return;
  answer_ = std::move(response);
  if (const auto waiting = std::exchange(waiting_for_answer_, nullptr)) waiting.resume();
}

bool Connection::is_in_handler(uint64_t exchange) const {
  return exchange == exchange_ && !answer_ && !waiting_for_answer_;
}

void Connection::check_deadline(SteadyClock::time_point now) {
  if (now < deadline_) return;
  deadline_ = SteadyClock::time_point::max();
  switch (waits_) {
    case Waits::for_answer:
      ++loop_.state().timed_out;
      return answer(exchange_, overloaded("no answer in time"));
    case Waits::for_rest:
      ++loop_.state().timed_out;
      refuse(problem(408, "request not complete in time"));
      break;
    case Waits::for_request:
    case Waits::for_peer:
    case Waits::for_close:
      gone_ = true;
  }
  error_code error;
  socket_.cancel(error);
}

void Connection::close_if_idle() {
  error_code error;
  if (waits_ != Waits::for_request || socket_.available(error) > 0) return;
  gone_ = true;
  socket_.cancel(error);
}

bool Connection::give_place() {
  error_code error;
  if (!idle_link_.listed || socket_.available(error) > 0) return false;
  loop_.idle().remove(*this);
  has_place_ = false;
  gone_ = true;
  socket_.cancel(error);
  return true;
}

void Connection::abort() {
  gone_ = true;
  error_code error;
  socket_.close(error);
  if (const auto waiting = std::exchange(waiting_for_answer_, nullptr)) waiting.resume();
}

/// Between requests a connection has a buffer of its own and reads as soon as bytes arrive. Before its first answer,
/// and while it waits for the rest of a request, a connection has no buffer: thousands of such connections may stall.
void Connection::start_read(std::coroutine_handle<> waiting) {
  if (!kept_ || waits_ != Waits::for_request) return wait_readable(waiting);
  if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(kBufferBytes);
  socket_.async_read_some(boost::asio::buffer(buffer_.get(), kBufferBytes),
                          [this, waiting](error_code error, size_t bytes) {
                            fresh_ = {buffer_.get(), bytes};
                            on_read(error);
                            waiting.resume();
                          });
}

void Connection::wait_readable(std::coroutine_handle<> waiting) {
  socket_.async_wait(Socket::wait_read, [this, waiting](error_code error) {
    if (!error && !gone_) {
      const auto room = loop_.read_buffer();
      fresh_ = {room.data(), socket_.read_some(boost::asio::buffer(room.data(), room.size()), error)};
    }
    on_read(error);
    waiting.resume();
  });
}

void Connection::on_read(error_code error) {
  if (!fresh_.empty()) {
    loop_.idle().remove(*this);
    // give_place() was called after these bytes were read and before they were parsed: answer the request, then close.
    if (!has_place_ && socket_.is_open()) gone_ = false;
  }
  if (error == boost::asio::error::eof) {
    peer_ended_ = true;
  } else if (error && error != boost::asio::error::operation_aborted && error != boost::asio::error::would_block) {
    gone_ = true;
  }
}

bool Connection::write_now() {
  error_code error;
  const size_t bytes = socket_.write_some(boost::asio::buffer(output_.data() + sent_, output_.size() - sent_), error);
  if (error == boost::asio::error::would_block) return false;
  on_written(error, bytes);
  return true;
}

void Connection::start_write(std::coroutine_handle<> waiting) {
  if (waits_ != Waits::for_rest) wait(Waits::for_peer, loop_.state().params.request_timeout);
  const auto rest = boost::asio::buffer(output_.data() + sent_, output_.size() - sent_);
  socket_.async_write_some(rest, [this, waiting](error_code error, size_t bytes) {
    on_written(error, bytes);
    waiting.resume();
  });
}

void Connection::on_written(error_code error, size_t bytes) {
  sent_ += bytes;
  if (error) gone_ = true;
  if (gone_ || sent_ == output_.size()) {
    output_.clear();
    sent_ = 0;
  }
}

void Connection::start_waiting(std::coroutine_handle<> waiting) {
  waiting_for_answer_ = waiting;
  wait(Waits::for_answer, loop_.state().params.response_timeout);
}

void Connection::wait(Waits what, std::chrono::milliseconds at_most) {
  waits_ = what;
  deadline_ = SteadyClock::now() + at_most;
}

void Connection::refuse(Response response) {
  waits_ = Waits::for_answer;
  head_ = parser_.is_head();
  refused_ = closing_ = true;
  answer_ = std::move(response);
}

/// Short requests are not charged, so that a few long requests, sent slowly, cannot use up the memory for short ones.
bool Connection::charge(size_t more_bytes) {
  const size_t held = parser_.memory() + unread_.capacity() + more_bytes;
  const size_t due = held > kFreeRequestBytes ? held - kFreeRequestBytes : 0;
  if (due <= charged_bytes_) return true;
  const size_t more = due - charged_bytes_;
  auto& all = loop_.state().buffered_bytes;
  if (all.fetch_add(more) + more > loop_.state().params.buffered_bytes_max) {
    all -= more;
    return false;
  }
  charged_bytes_ = due;
  return true;
}

void Connection::release_charge() {
  if (charged_bytes_ > 0) loop_.state().buffered_bytes -= std::exchange(charged_bytes_, 0);
}

}  // namespace vf::http
