#include "http/network_loop.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "http/connection.h"
#include "platform/thread_name.h"

namespace vf::http {
namespace {

/// Returns how often the loop checks deadlines. One timer serves all connections, so a deadline may be missed by up to
/// an eighth of the shortest timeout.
SteadyClock::duration sweep_period(const ServerParams& params) {
  using std::chrono::milliseconds;
  const milliseconds shortest = std::min({params.request_timeout, params.idle_timeout, params.response_timeout});
  return std::clamp(shortest / 8, milliseconds{5}, milliseconds{250});
}

// An eviction skips idle connections whose next request has just arrived. It tries at most this many connections.
constexpr int kEvictionsTried = 16;

thread_local NetworkLoop* this_threads_loop = nullptr;

}  // namespace

void Mailbox::put(Ticket ticket, Response response) {
  NetworkLoop* const here = this_threads_loop;
  if (here != nullptr && here->mailbox_.get() == this && here->answer_at_once(ticket, response)) return;
  const std::lock_guard lock(mutex_);
  if (loop_ == nullptr) return;
  letters_.emplace_back(ticket, std::move(response));
  if (letters_.size() > 1) return;
  boost::asio::post(loop_->context_, [loop = loop_] { loop->read_mail(); });
}

void Mailbox::close() {
  const std::lock_guard lock(mutex_);
  loop_ = nullptr;
  letters_.clear();
}

NetworkLoop::NetworkLoop(ServerState& state)
    : state_(state),
      context_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),  // one thread does the I/O; others only post
      work_(context_.get_executor()),
      sweep_timer_(context_.get_executor()),
      sweep_period_(sweep_period(state.params)),
      mailbox_(std::make_shared<Mailbox>(*this)) {}

void NetworkLoop::start(std::string thread_name) {
  schedule_sweep();
  thread_ = platform::named_thread(std::move(thread_name), [this] {
    this_threads_loop = this;
    context_.run();
    mailbox_->close();
  });
}

void NetworkLoop::adopt(Arrival arrival) {
  boost::asio::post(context_, [this, arrival = std::move(arrival)] { serve(*this, arrival); });
}

void NetworkLoop::adopt_for_idle(Arrival arrival, std::function<void(Arrival)> refused) {
  boost::asio::post(context_, [this, arrival = std::move(arrival), refused = std::move(refused)] {
    if (evict_longest_idle()) {
      serve(*this, arrival);
    } else {
      refused(arrival);
    }
  });
}

bool NetworkLoop::evict_longest_idle() {
  Connection* candidate = idle_.longest();
  for (int tried = 0; candidate != nullptr && tried < kEvictionsTried; ++tried) {
    Connection* const next = IdleList::next(*candidate);
    if (candidate->give_place()) {
      ++state_.connections_evicted;
      return true;
    }
    candidate = next;
  }
  return false;
}

void NetworkLoop::drain() {
  boost::asio::post(context_, [this] {
    for (Connection* connection : slots_) {
      if (connection != nullptr) connection->close_if_idle();
    }
  });
}

void NetworkLoop::abort() {
  boost::asio::post(context_, [this] {
    if (aborted_) return;
    aborted_ = true;
    work_.reset();
    sweep_timer_.cancel();
    for (size_t slot = 0; slot < slots_.size(); ++slot) {
      if (slots_[slot] != nullptr) slots_[slot]->abort();
    }
  });
}

uint32_t NetworkLoop::enter(Connection& connection) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.push_back(nullptr);
  }
  const uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  slots_[slot] = &connection;
  return slot;
}

void NetworkLoop::leave(uint32_t slot) {
  slots_[slot] = nullptr;
  free_slots_.push_back(slot);
}

void NetworkLoop::read_mail() {
  {
    const std::lock_guard lock(mailbox_->mutex_);
    mail_.swap(mailbox_->letters_);
  }
  for (auto& [ticket, response] : mail_) {
    Connection* connection = slots_[ticket.slot];
    if (connection != nullptr) connection->answer(ticket.exchange, std::move(response));
  }
  mail_.clear();
}

bool NetworkLoop::answer_at_once(Ticket ticket, Response& response) {
  Connection* connection = slots_[ticket.slot];
  if (connection == nullptr || !connection->is_in_handler(ticket.exchange)) return false;
  connection->answer(ticket.exchange, std::move(response));
  return true;
}

void NetworkLoop::schedule_sweep() {
  sweep_timer_.expires_after(sweep_period_);
  sweep_timer_.async_wait([this](boost::system::error_code error) {
    if (error || aborted_) return;
    const SteadyClock::time_point now = SteadyClock::now();
    for (size_t slot = 0; slot < slots_.size(); ++slot) {
      if (slots_[slot] != nullptr) slots_[slot]->check_deadline(now);
    }
    schedule_sweep();
  });
}

}  // namespace vf::http
