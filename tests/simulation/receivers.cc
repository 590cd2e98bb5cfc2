#include "receivers.h"

#include <algorithm>

#include "event/envelope_reader.h"

namespace vf::simulation {
namespace {

crypto::WebhookSigner signer_of(const std::string& secret) {
  return std::move(crypto::WebhookSigner::create({secret}).value());
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
    : around_(params.around),
      signatures_(signer_of(params.secret)),
      store_(params.outbox, params.around),
      listener_({.name = "environment", .clock = clock_, .signatures = &signatures_}, receive::routes({}, *this)) {
  store_.on_death = [this] { died_ = true; };
}

void Environment::receive(const http::Outgoing& request, Respond respond) {
  arriving_ = std::move(respond);
  listener_.handle(as_received(request), [this](http::Response refusal) {
    around_.journal.note("environment refuses", static_cast<uint64_t>(refusal.status));
    std::exchange(arriving_, {})(std::move(refusal));
  });
}

// The answer comes from work(), or never: the request's own way to answer is for refusals.
void Environment::perform(receive::Operation operation, receive::Asked) {
  waiting_.push_back({std::move(operation), std::exchange(arriving_, {})});
}

void Environment::work() {
  const size_t count = std::min<size_t>(waiting_.size(), 1 + around_.random.below(4));
  if (count == 0) return;
  std::vector<Waiting> batch(std::make_move_iterator(waiting_.begin()),
                             std::make_move_iterator(waiting_.begin() + static_cast<std::ptrdiff_t>(count)));
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
  std::vector<receive::Operation> operations;
  for (auto& item : batch) operations.push_back(std::move(item.operation));
  auto answers = receive::apply_requests(store_, operations, clock_.now(), {});
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
  clock_.skew = Millis{0};
  store_.faults = {};
}

ForeignReceiver::ForeignReceiver(Surroundings around, const std::string& secret, bool single)
    : around_(around), signer_(signer_of(secret)), single_(single) {}

void ForeignReceiver::receive(const http::Outgoing& request, Respond respond) {
  const auto received = as_received(request);
  const auto header = [&](std::string_view name) { return received.headers.unique(name).value_or(""); };
  const crypto::WebhookSigner::Signed signature{header("webhook-id"), header("webhook-timestamp"),
                                                header("webhook-signature"), request.body};
  if (!signer_.verify(signature, around_.clock.now())) return refuse(401, respond);
  const auto events = read_envelopes(request.body, 1000);
  require(events.has_value(), "a request that holds no envelopes was sent");
  if (std::ranges::any_of(*events, &ForeignReceiver::refuses, &Event::id)) return refuse(422, respond);
  if (fails_on(events->front().id)) return refuse(500, respond);
  for (const Event& event : *events) {
    if (taken_.insert(event.id).second) around_.journal.note("event accepted by the foreign receiver");
  }
  respond(http::Response{});
}

void ForeignReceiver::refuse(int status, const Respond& respond) {
  around_.journal.note("foreign receiver refuses", static_cast<uint64_t>(status));
  http::Response response;
  response.status = status;
  respond(std::move(response));
}

}  // namespace vf::simulation
