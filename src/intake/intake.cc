#include "intake/intake.h"

#include <utility>

namespace vf::intake {
namespace {

constexpr std::string_view kPrefix = "/webhooks/";
constexpr std::string_view kNotCommitted = "not committed: send it again";

http::Response try_later(std::string_view detail) {
  auto response = http::problem(503, detail);
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

http::Response kept(const store::EventAdded& added) {
  http::Response response;
  response.body = added.duplicate ? R"({"status":"duplicate","event_id":")" : R"({"status":"accepted","event_id":")";
  added.event_id.append_to(response.body);
  response.body += "\"}";
  return response;
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::accepted:
      return "accepted";
    case Outcome::duplicate:
      return "duplicate";
    case Outcome::handshake:
      return "handshake";
    case Outcome::refused:
      return "refused";
    case Outcome::overloaded:
      return "overloaded";
    case Outcome::unavailable:
      return "unavailable";
    case Outcome::rejected:
      return "rejected";
  }
  return "rejected";
}

// One request on its way: alive until it is answered, wherever that happens.
struct Intake::Call {
  http::Request request;
  http::Respond respond;
  const Receiving* receiving = nullptr;
  std::chrono::nanoseconds begun{0};
  Instant deadline;
  Event accepted;           // without its body: what the report needs
  bool is_waiting = false;  // with `place`, under the intake's mutex
  Calls::iterator place;
};

void Intake::handle(http::Request request, http::Respond respond) {
  const auto path = request.path();
  const auto found =
      path.starts_with(kPrefix) ? params_.sources.find(path.substr(kPrefix.size())) : params_.sources.end();
  if (found == params_.sources.end()) {
    return respond(http::problem(404, "no such source: webhooks are received at /webhooks/<source>"));
  }
  if (request.method != "POST") {
    auto response = http::problem(405, "webhooks are sent with POST");
    response.headers.emplace_back("Allow", "POST");
    return respond(std::move(response));
  }
  auto call = std::make_shared<Call>();
  call->receiving = &found->second;
  call->begun = params_.clock.steady();
  const Instant now = params_.clock.now();
  call->deadline = now + params_.patience;
  call->request = std::move(request);
  call->respond = std::move(respond);
  auto verification = call->receiving->source->verify(call->request, now);
  settle(std::move(call), std::move(verification), true);
}

void Intake::settle(std::shared_ptr<Call> call, sources::Verification verification, bool may_refresh) {
  if (auto* delivery = std::get_if<sources::Delivery>(&verification))
    return keep(std::move(call), std::move(*delivery));
  if (auto* handshake = std::get_if<sources::Handshake>(&verification)) {
    return answer(*call, Outcome::handshake, {}, std::move(handshake->answer));
  }
  const auto refusal = std::get<sources::Refusal>(verification);
  if (refusal.unknown_key && may_refresh) {
    // The provider may have changed its key: fetch it, then prove once more.
    const auto again = [this, call, refusal](bool changed) {
      if (!changed) return answer(*call, Outcome::refused, refusal.reason, http::problem(401, refusal.reason));
      settle(call, call->receiving->source->verify(call->request, params_.clock.now()), false);
    };
    if (call->receiving->source->refresh_keys(params_.clock.now(), again)) return;
  }
  answer(*call, Outcome::refused, refusal.reason, http::problem(401, refusal.reason));
}

void Intake::keep(std::shared_ptr<Call> call, sources::Delivery delivery) {
  call->accepted.id = delivery.event.id;
  call->accepted.source = delivery.event.source;
  call->accepted.type = delivery.event.type;
  call->accepted.time = delivery.event.time;
  call->request = {};  // the event has what is kept of it
  store::AddEvent add{std::move(delivery.event), call->receiving->fan_out, std::move(delivery.body_key)};
  begin_waiting(call);
  const bool taken =
      params_.committer.add(std::move(add), call->deadline, [this, call](const Result<store::WriteResult>& result) {
        if (end_waiting(*call)) committed(*call, result);
      });
  if (!taken && end_waiting(*call))
    answer(*call, Outcome::overloaded, "queue full", try_later("too many deliveries are waiting: send it again"));
}

void Intake::committed(Call& call, const Result<store::WriteResult>& result) {
  if (!result) {
    const bool away = result.error().code != Code::invalid;
    return answer(call, away ? Outcome::unavailable : Outcome::rejected, to_string(result.error().code),
                  away ? try_later(kNotCommitted) : http::problem(500, "the store refused this event"));
  }
  const auto& added = std::get<store::EventAdded>(*result);
  call.accepted.received = added.received;
  answer(call, added.duplicate ? Outcome::duplicate : Outcome::accepted, {}, kept(added));
}

void Intake::begin_waiting(const std::shared_ptr<Call>& call) {
  const std::lock_guard lock(mutex_);
  call->place = waiting_.insert(waiting_.end(), call);
  call->is_waiting = true;
}

bool Intake::end_waiting(Call& call) {
  Calls ended;  // freed without the lock
  const std::lock_guard lock(mutex_);
  if (!std::exchange(call.is_waiting, false)) return false;
  ended.splice(ended.end(), waiting_, call.place);
  return true;
}

void Intake::answer_overdue() {
  const auto begun_by = params_.clock.steady() - params_.patience;
  Calls overdue;
  {
    const std::lock_guard lock(mutex_);
    for (auto at = waiting_.begin(); at != waiting_.end();) {
      const auto call = at++;
      if ((*call)->begun > begun_by) continue;
      (*call)->is_waiting = false;
      overdue.splice(overdue.end(), waiting_, call);
    }
  }
  for (const auto& call : overdue) answer(*call, Outcome::unavailable, "not in time", try_later(kNotCommitted));
}

void Intake::answer(Call& call, Outcome outcome, std::string_view reason, http::Response response) {
  if (params_.on_answer) {
    const bool has_event = outcome == Outcome::accepted || outcome == Outcome::duplicate;
    params_.on_answer({call.receiving->source->name(), outcome, reason, has_event ? &call.accepted : nullptr,
                       params_.clock.steady() - call.begun});
  }
  call.respond(std::move(response));
}

}  // namespace vf::intake
