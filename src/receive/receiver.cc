#include "receive/receiver.h"

#include "api/answer.h"

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
      limits_(params.limits),
      metrics_(params.environment, params.services),
      queue_("apply:" + params.environment, params.queue,
             [this](std::vector<Pending> batch) { apply(std::move(batch)); }) {}

void Receiver::perform(Operation operation, Asked asked) {
  const size_t bytes = bytes_of(operation, asked.body_bytes);
  Pending pending{.operation = std::move(operation), .asked = std::move(asked)};
  if (queue_.submit(pending, bytes)) return;
  answer(pending.asked, api::busy("too many requests wait for the store"));
}

void Receiver::apply(std::vector<Pending> batch) {
  std::vector<Operation> operations;
  operations.reserve(batch.size());
  for (Pending& pending : batch) operations.push_back(std::move(pending.operation));
  const Watch watch{.on_event = [this](const EventReport& report) { metrics_.record(report); },
                    .on_failure = [this](const Error& failure) { metrics_.record(failure); }};
  auto answers = apply_requests(store_, operations, clock_.now(), watch);
  for (size_t i = 0; i < batch.size(); ++i) answer(batch[i].asked, std::move(answers[i]));
}

void Receiver::answer(Asked& asked, http::Response response) {
  metrics_.record(clock_.steady() - asked.began);
  asked.respond(std::move(response));
}

}  // namespace vf::receive
