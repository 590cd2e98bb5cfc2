#include "receive/receiver.h"

namespace vf::receive {
namespace {

// Estimates the memory of a waiting request: the bodies of its events, and for each event its fields, projection and
// rows.
size_t bytes_of(const Operation& operation, size_t body_bytes) {
  constexpr size_t kPerEvent = 1024;
  const auto* apply = std::get_if<ApplyEvents>(&operation);
  return body_bytes + (apply ? apply->events.size() * kPerEvent : 0);
}

}  // namespace

Receiver::Receiver(Params params)
    : store_(params.store),
      clock_(params.services.clock),
      signer_(std::make_shared<const crypto::WebhookSigner>(std::move(params.signer))),
      limits_(params.limits),
      metrics_(params.environment, params.services),
      queue_("apply:" + params.environment, params.queue,
             [this](std::vector<Pending> batch) { apply(std::move(batch)); }) {}

void Receiver::handle(http::Request request, http::Respond respond) {
  const auto began = clock_.steady();
  auto decoded = decode(request, *signer_.get(), limits_, clock_.now());
  if (auto* refusal = std::get_if<http::Response>(&decoded)) return answer(respond, std::move(*refusal), began);
  const size_t bytes = bytes_of(std::get<Operation>(decoded), request.body.size());
  Pending pending{.operation = std::get<Operation>(std::move(decoded)), .respond = std::move(respond), .began = began};
  if (queue_.submit(pending, bytes)) return;
  answer(pending.respond, busy("too many requests wait for the store"), began);
}

void Receiver::replace_signer(crypto::WebhookSigner signer) {
  signer_.replace(std::make_shared<const crypto::WebhookSigner>(std::move(signer)));
}

void Receiver::apply(std::vector<Pending> batch) {
  std::vector<Operation> operations;
  operations.reserve(batch.size());
  for (Pending& pending : batch) operations.push_back(std::move(pending.operation));
  const Watch watch{.on_event = [this](const EventReport& report) { metrics_.record(report); },
                    .on_failure = [this](const Error& failure) { metrics_.record(failure); }};
  auto answers = apply_requests(store_, operations, clock_.now(), watch);
  for (size_t i = 0; i < batch.size(); ++i) answer(batch[i].respond, std::move(answers[i]), batch[i].began);
}

void Receiver::answer(http::Respond& respond, http::Response response, SteadyTime began) {
  metrics_.record(clock_.steady() - began);
  respond(std::move(response));
}

}  // namespace vf::receive
