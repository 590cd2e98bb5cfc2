#include "receive/receiver.h"

namespace vf::receive {
namespace {

// About the memory of a waiting request: the bodies of its events, and per event its fields, projection and rows.
size_t bytes_of(const Operation& operation, size_t body_bytes) {
  constexpr size_t kPerEvent = 1024;
  const auto* apply = std::get_if<ApplyEvents>(&operation);
  return body_bytes + (apply ? apply->events.size() * kPerEvent : 0);
}

}  // namespace

Receiver::Receiver(Params params)
    : params_(std::move(params)),
      queue_("apply:" + params_.environment, params_.queue,
             [this](std::vector<Pending> batch) { apply(std::move(batch)); }) {}

void Receiver::handle(http::Request request, http::Respond respond) {
  const auto began = params_.clock.steady();
  auto decoded = decode(request, params_.signer, params_.limits, params_.clock.now());
  if (auto* refusal = std::get_if<http::Response>(&decoded)) return answer(respond, std::move(*refusal), began);
  const size_t bytes = bytes_of(std::get<Operation>(decoded), request.body.size());
  Pending pending{.operation = std::get<Operation>(std::move(decoded)), .respond = std::move(respond), .began = began};
  if (queue_.submit(pending, bytes)) return;
  answer(pending.respond, busy("too many requests wait for the store"), began);
}

void Receiver::apply(std::vector<Pending> batch) {
  std::vector<Operation> operations;
  operations.reserve(batch.size());
  for (Pending& pending : batch) operations.push_back(std::move(pending.operation));
  auto answers = apply_requests(params_.store, operations, params_.clock.now(), params_.watch);
  for (size_t i = 0; i < batch.size(); ++i) answer(batch[i].respond, std::move(answers[i]), batch[i].began);
}

void Receiver::answer(http::Respond& respond, http::Response response, SteadyTime began) {
  if (params_.on_answer) params_.on_answer({.status = response.status, .took = params_.clock.steady() - began});
  respond(std::move(response));
}

}  // namespace vf::receive
