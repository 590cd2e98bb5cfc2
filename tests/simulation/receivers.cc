#include "receivers.h"

#include <algorithm>

#include "event/envelope.h"

namespace vf::simulation {
namespace {

crypto::WebhookSigner signer_of(const std::string& secret) {
  return std::move(crypto::WebhookSigner::create({secret}).value());
}

http::Response with_status(int status) {
  http::Response response;
  response.status = status;
  return response;
}

}  // namespace

http::Request as_received(const http::Outgoing& request) {
  http::Request received;
  received.method = request.method;
  received.target = "/internal/events";
  for (const auto& [name, value] : request.headers) received.headers.add(name, value);
  received.body = request.body;
  return received;
}

Environment::Environment(Params params)
    : clock_(params.clock),
      random_(params.random),
      signer_(signer_of(params.secret)),
      store_(params.outbox, params.random) {
  store_.on_death = [this] { died_ = true; };
}

void Environment::receive(const http::Outgoing& request, Respond respond) {
  auto verdict = receive::judge(as_received(request), signer_, {}, clock_.now() + skew_);
  if (auto* answer = std::get_if<http::Response>(&verdict)) return respond(std::move(*answer));
  waiting_.push_back({std::move(std::get<receive::Ask>(verdict)), std::move(respond)});
}

void Environment::work() {
  const size_t count = std::min<size_t>(waiting_.size(), 1 + random_.below(4));
  if (count == 0) return;
  std::vector<Waiting> batch(std::make_move_iterator(waiting_.begin()),
                             std::make_move_iterator(waiting_.begin() + static_cast<std::ptrdiff_t>(count)));
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
  std::vector<receive::Ask> asks;
  for (auto& item : batch) asks.push_back(std::move(item.ask));
  auto answers = receive::settle(store_, asks, clock_.now() + skew_, nullptr);
  for (size_t i = 0; i < batch.size(); ++i) {
    batch[i].respond(died_ ? Result<http::Response>(unavailable("connection reset")) : std::move(answers[i]));
  }
  if (died_) crash();
}

void Environment::crash() {
  died_ = false;
  for (auto& item : std::exchange(waiting_, {})) item.respond(unavailable("connection reset"));
}

void Environment::heal() {
  skew_ = Millis{0};
  store_.unkindness = {};
}

Stranger::Stranger(const Clock& clock, const std::string& secret, bool single)
    : clock_(clock), signer_(signer_of(secret)), single_(single) {}

void Stranger::receive(const http::Outgoing& request, Respond respond) {
  const auto received = as_received(request);
  const auto header = [&](std::string_view name) { return received.headers.unique(name).value_or(""); };
  const crypto::WebhookSigner::Signed signature{header("webhook-id"), header("webhook-timestamp"),
                                                header("webhook-signature"), request.body};
  if (!signer_.verify(signature, clock_.now())) return respond(with_status(401));
  const auto events = read_envelopes(request.body, 1000);
  require(events.has_value(), "a request that holds no envelopes was sent");
  if (std::ranges::any_of(*events, &Stranger::refuses, &Event::id)) return respond(with_status(422));
  if (fails_on(events->front().id)) return respond(with_status(500));
  for (const Event& event : *events) taken_.insert(event.id);
  respond(with_status(200));
}

}  // namespace vf::simulation
