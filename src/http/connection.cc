#include "http/connection.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include "http/response_text.h"

namespace vf::http {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr size_t kSmallBufferBytes = 4096;  // what an idle connection holds
constexpr size_t kFreeBodyBytes = 8192;     // of each body; beyond, it counts as buffered
constexpr size_t kOutputBytesKept = 16384;
constexpr size_t kLingerBytesMax = 16u << 20;
constexpr std::chrono::milliseconds kLingerTime{2'000};

Response overloaded(std::string_view why) {
  Response response = problem(503, why);
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

/// What a handler holds to answer with. Works once.
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
  loop_.leave(slot_);
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
  parsed_ += parser_.feed(unread());
  if (peer_ended_) parser_.feed_end();
  const State state = parser_.state();
  if (state == State::failed) {
    ++loop_.state().malformed;
    refuse(parser_.failure());
  } else if (!charge_body()) {
    refuse(overloaded("too many long requests at once"));
  } else if (state == State::start && (peer_ended_ || loop_.state().draining)) {
    gone_ = true;
  } else if (state != State::complete) {
    wait_for_more();
    return false;
  }
  return true;
}

void Connection::wait_for_more() {
  using State = RequestParser::State;
  const ServerParams& params = loop_.state().params;
  if (parser_.state() == State::start) {
    wait(Waits::for_request, params.idle_timeout);
  } else if (waits_ != Waits::for_rest) {
    wait(Waits::for_rest, params.request_timeout);
  }
  if (parser_.state() == State::body && parser_.expects_continue() && !continued_) {
    continued_ = true;
    if (parser_.body_bytes() == 0 && unread().empty()) output_.append("HTTP/1.1 100 Continue\r\n\r\n");
  }
  make_room();
}

/// The buffer is small until unread bytes fill it, which only long headers do: a body is taken out as it comes.
void Connection::make_room() {
  input_.erase(0, parsed_);
  received_ -= parsed_;
  parsed_ = 0;
  const bool full = received_ >= kSmallBufferBytes;
  input_.resize(full ? std::max(2 * kSmallBufferBytes, loop_.state().params.headers_bytes_max) : kSmallBufferBytes);
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
  closing_ = closing_ || answer_->close || state.draining;
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
  release_body();
  if (output_.capacity() > kOutputBytesKept) output_ = {};
  if (input_.capacity() <= kSmallBufferBytes || unread().size() > kSmallBufferBytes) return;
  std::string small(unread());
  received_ = small.size();
  parsed_ = 0;
  small.resize(kSmallBufferBytes);
  input_ = std::move(small);
}

void Connection::begin_lingering() {
  error_code error;
  const bool may_be_sending = refused_ || !unread().empty() || socket_.available(error) > 0;
  if (gone_ || !may_be_sending) return;
  socket_.shutdown(Socket::shutdown_send, error);
  parser_.reset();
  parsed_ = received_ = 0;
  input_.resize(kSmallBufferBytes);
  linger_bytes_ = kLingerBytesMax;
  wait(Waits::for_close, kLingerTime);
}

void Connection::discard_input() {
  linger_bytes_ -= std::min(linger_bytes_, received_);
  received_ = 0;
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

void Connection::check_deadline(Steady::time_point now) {
  if (now < deadline_) return;
  deadline_ = Steady::time_point::max();
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

void Connection::abort() {
  gone_ = true;
  error_code error;
  socket_.close(error);
  if (const auto waiting = std::exchange(waiting_for_answer_, nullptr)) waiting.resume();
}

void Connection::start_read(std::coroutine_handle<> waiting) {
  const auto room = boost::asio::buffer(input_.data() + received_, input_.size() - received_);
  socket_.async_read_some(room, [this, waiting](error_code error, size_t bytes) {
    on_read(error, bytes);
    waiting.resume();
  });
}

void Connection::on_read(error_code error, size_t bytes) {
  received_ += bytes;
  if (error == boost::asio::error::eof) {
    peer_ended_ = true;
  } else if (error && error != boost::asio::error::operation_aborted) {
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
  deadline_ = Steady::now() + at_most;
}

void Connection::refuse(Response response) {
  waits_ = Waits::for_answer;
  head_ = parser_.is_head();
  refused_ = closing_ = true;
  answer_ = std::move(response);
}

/// Short bodies are free, so that a few long ones, sent slowly, cannot use up what the short ones need.
bool Connection::charge_body() {
  const size_t body = parser_.body_memory();
  const size_t due = body > kFreeBodyBytes ? body - kFreeBodyBytes : 0;
  if (due <= charged_bytes_) return true;
  const size_t more = due - charged_bytes_;
  charged_bytes_ = due;
  return loop_.state().buffered_bytes.fetch_add(more) + more <= loop_.state().params.buffered_bytes_max;
}

void Connection::release_body() { loop_.state().buffered_bytes -= std::exchange(charged_bytes_, 0); }

}  // namespace vf::http
