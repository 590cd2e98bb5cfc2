#include "network.h"

#include <algorithm>

namespace vf::simulation {

void Network::send(Receiver& to, http::Outgoing request, http::Completion done) {
  check_identity(to, request);
  auto pending = std::make_shared<Pending>(std::move(done), senders_gone_);
  requests_.push_back({&to, std::move(request), std::move(pending)});
}

// The same webhook-id always carries the same body: a receiver may drop a webhook-id that it has seen.
void Network::check_identity(const Receiver& to, const http::Outgoing& request) {
  const auto id = std::ranges::find(request.headers, "webhook-id", &std::pair<std::string, std::string>::first);
  require(id != request.headers.end(), "a request without webhook-id was sent");
  const auto [body, is_new] = bodies_.try_emplace({&to, id->second}, request.body);
  require(is_new || body->second == request.body, "{} was sent with another body than before", id->second);
}

void Network::answer(Pending& pending, Result<http::Response> response) {
  if (!pending.done || pending.sender != senders_gone_) return;  // answered already, or its sender is gone
  std::exchange(pending.done, nullptr)(std::move(response));
}

void Network::arrive(const Request& request) {
  request.to->receive(request.request, [this, pending = request.pending](Result<http::Response> response) {
    answers_.push_back({pending, std::move(response)});
  });
}

Network::Request Network::take_request(size_t index) {
  Request request = std::move(requests_[index]);
  requests_.erase(requests_.begin() + static_cast<std::ptrdiff_t>(index));
  return request;
}

void Network::move_request() {
  const size_t index = random_.below(requests_.size());
  switch (gentle ? 9 : random_.below(12)) {
    case 0:
      journal_.note("request lost");
      return answer(*take_request(index).pending, unavailable("timeout"));
    case 1:  // the sender times out, and the request arrives later
      journal_.note("request late");
      return answer(*requests_[index].pending, unavailable("timeout"));
    case 2:
      journal_.note("request repeated");
      return arrive(Request{requests_[index]});
    case 3: {
      journal_.note("receiver overloaded");
      http::Response busy;
      busy.status = 503;
      if (random_.below(2) == 0) busy.headers.emplace_back("Retry-After", std::to_string(random_.below(90)));
      return answer(*take_request(index).pending, std::move(busy));
    }
    default:
      return arrive(take_request(index));
  }
}

void Network::move_answer() {
  const size_t index = random_.below(answers_.size());
  Answer moved = std::move(answers_[index]);
  answers_.erase(answers_.begin() + static_cast<std::ptrdiff_t>(index));
  const bool cut = !gentle && random_.below(6) == 0;
  if (cut) journal_.note("answer cut");
  answer(*moved.pending, cut ? Result<http::Response>(unavailable("connection reset")) : std::move(moved.response));
}

void Network::move() {
  const size_t all = requests_.size() + answers_.size();
  if (all == 0) return;
  random_.below(all) < requests_.size() ? move_request() : move_answer();
}

void Network::deliver_all() {
  while (!requests_.empty()) arrive(take_request(0));
  while (!answers_.empty()) {
    Answer moved = std::move(answers_.front());
    answers_.erase(answers_.begin());
    answer(*moved.pending, std::move(moved.response));
  }
}

}  // namespace vf::simulation
