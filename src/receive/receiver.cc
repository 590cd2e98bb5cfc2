#include "receive/receiver.h"

namespace vf::receive {
namespace {

// What a waiting request takes, about: the bodies as they came, and an event, a projection and its rows for each.
size_t weight(const Ask& ask, size_t body_bytes) {
  constexpr size_t kPerEvent = 1024;
  const auto* apply = std::get_if<ApplyEvents>(&ask);
  return body_bytes + (apply ? apply->events.size() * kPerEvent : 0);
}

}  // namespace

Receiver::Receiver(Params params)
    : params_(std::move(params)),
      queue_("apply:" + params_.environment, params_.queue,
             [this](std::vector<Pending> batch) { perform(std::move(batch)); }) {}

void Receiver::handle(http::Request request, http::Respond respond) {
  const auto began = params_.clock.steady();
  auto decoded = decode(request, params_.signer, params_.limits, params_.clock.now());
  if (auto* refusal = std::get_if<http::Response>(&decoded)) return answer(respond, std::move(*refusal), began);
  const size_t bytes = weight(std::get<Ask>(decoded), request.body.size());
  Pending asked{std::get<Ask>(std::move(decoded)), std::move(respond), began};
  if (queue_.submit(asked, bytes)) return;
  answer(asked.respond, busy("too many requests wait for the store"), began);
}

void Receiver::perform(std::vector<Pending> batch) {
  std::vector<Ask> asks;
  asks.reserve(batch.size());
  for (Pending& asked : batch) asks.push_back(std::move(asked.ask));
  Watch watch{.on_failure = params_.watch.on_failure};
  if (params_.watch.on_event) {  // with the time after the commit: a lag that leaves the commit out would be no lag
    watch.on_event = [this](const EventReport& event) {
      params_.watch.on_event({event.event, event.status, params_.clock.now()});
    };
  }
  auto answers = apply_requests(params_.store, asks, params_.clock.now(), watch);
  for (size_t i = 0; i < batch.size(); ++i) answer(batch[i].respond, std::move(answers[i]), batch[i].began);
}

void Receiver::answer(http::Respond& respond, http::Response response, std::chrono::nanoseconds began) {
  if (params_.on_answer) params_.on_answer({response.status, params_.clock.steady() - began});
  respond(std::move(response));
}

}  // namespace vf::receive
