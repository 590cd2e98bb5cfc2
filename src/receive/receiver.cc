#include "receive/receiver.h"

#include <algorithm>

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
      queue_(params_.queue, [this](std::vector<Work> batch) { perform(std::move(batch)); }) {}

void Receiver::handle(http::Request request, http::Respond respond) {
  const auto began = params_.clock.steady();
  auto verdict = judge(request, params_.signer, params_.limits, params_.clock.now());
  if (auto* refusal = std::get_if<http::Response>(&verdict)) return answer(respond, std::move(*refusal), began);
  const size_t bytes = weight(std::get<Ask>(verdict), request.body.size());
  Work work = Asked{std::get<Ask>(std::move(verdict)), std::move(respond), began};
  if (queue_.submit(work, bytes)) return;
  answer(std::get<Asked>(work).respond, busy("too many requests wait for the store"), began);
}

void Receiver::purge(const store::Purge& step, Purged done) {
  Work work = Purge{step, std::move(done)};
  if (!queue_.submit_urgent(work, 0)) std::get<Purge>(work).done(unavailable("the receiver is stopped"));
}

void Receiver::retry_quarantined(Instant tried_before, Retried done) {
  Work work = Retry{tried_before, std::move(done)};
  if (!queue_.submit_urgent(work, 0)) std::get<Retry>(work).done(unavailable("the receiver is stopped"));
}

void Receiver::perform(std::vector<Work> batch) {
  std::vector<Ask> asks;
  std::vector<Asked*> asked;
  for (Work& work : batch) {
    if (auto* request = std::get_if<Asked>(&work)) {
      asks.push_back(std::move(request->ask));
      asked.push_back(request);
    }
  }
  OnEvent report;  // with the time after the commit: a lag that leaves the commit out would be no lag
  if (params_.on_event) {
    report = [this](const EventReport& event) { params_.on_event({event.event, event.status, params_.clock.now()}); };
  }
  auto answers = settle(params_.store, asks, params_.clock.now(), report);
  for (size_t i = 0; i < asked.size(); ++i) answer(asked[i]->respond, std::move(answers[i]), asked[i]->began);
  for (Work& work : batch) {
    if (auto* purge = std::get_if<Purge>(&work)) purge->done(params_.store.purge(purge->step));
    if (auto* retry = std::get_if<Retry>(&work)) {
      // A clock that is put back must not make a pass meet its own attempts again, and never end.
      const Instant now = std::max(params_.clock.now(), retry->tried_before);
      retry->done(receive::retry_quarantined(params_.store, now, retry->tried_before));
    }
  }
}

void Receiver::answer(http::Respond& respond, http::Response response, std::chrono::nanoseconds began) {
  if (params_.on_answer) params_.on_answer({response.status, params_.clock.steady() - began});
  respond(std::move(response));
}

}  // namespace vf::receive
