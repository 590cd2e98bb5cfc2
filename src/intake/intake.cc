#include "intake/intake.h"

#include <algorithm>
#include <utility>

#include "http/content_coding.h"

namespace vf::intake {
namespace {

constexpr std::string_view kNotDecoded = "not decoded";
constexpr std::string_view kNotCommitted = "not committed: send it again";
constexpr std::string_view kKeyNotFetched = "the provider's key could not be fetched: send it again";

// Returns the source that a path names: /webhooks/<source>. Proxies and people add slashes, which mean nothing.
std::string_view source_of(std::string_view path) {
  const auto next = [&path] {
    path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
    const auto segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    return segment;
  };
  if (next() != "webhooks") return {};
  const auto source = next();
  return next().empty() ? source : std::string_view();
}

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

// One request. It lives until it is answered, on any thread.
struct Intake::Call {
  http::Request request;
  http::Respond respond;
  std::shared_ptr<Route> route;
  SteadyTime begun{0};
  Instant deadline;
  Event accepted;           // the event without its body, for the metrics
  bool is_waiting = false;  // guarded, as is `place`, by Intake::mutex_
  Calls::iterator place;
};

Intake::Intake(Params params)
    : committer_(params.committer),
      clock_(params.services.clock),
      services_(params.services),
      body_bytes_max_(params.body_bytes_max),
      answer_timeout_(params.answer_timeout) {
  replace_sources(std::move(params.sources));
}

// A source that was there before counts on: the same name has the same counters.
void Intake::replace_sources(SourceMap sources) {
  auto routes = std::make_shared<Routes>();
  for (auto& [name, receiving] : sources) {
    routes->emplace(name, Route{std::move(receiving), SourceMetrics(name, services_)});
  }
  routes_.replace(std::move(routes));
}

SourceMap Intake::sources() const {
  SourceMap map;
  for (const auto& [name, route] : *routes_.get()) map.emplace(name, route.receiving);
  return map;
}

void Intake::handle(http::Request request, http::Respond respond) {
  const auto routes = routes_.get();
  const auto found = routes->find(source_of(request.path()));
  if (found == routes->end()) {
    return respond(http::problem(404, "no such source: webhooks are received at /webhooks/<source>"));
  }
  if (request.method != "POST") {
    auto response = http::problem(405, "webhooks are sent with POST");
    response.headers.emplace_back("Allow", "POST");
    return respond(std::move(response));
  }
  auto call = std::make_shared<Call>();
  call->route = std::shared_ptr<Route>(routes, &found->second);
  call->begun = clock_.steady();
  const Instant now = clock_.now();
  call->deadline = now + answer_timeout_.load();
  call->request = std::move(request);
  call->respond = std::move(respond);
  if (auto refusal = http::decode_body(call->request, body_bytes_max_)) {
    return answer(*call, {.outcome = Outcome::refused, .reason = kNotDecoded}, std::move(*refusal));
  }
  auto verification = call->route->receiving.source->verify(call->request, now);
  handle_verification(std::move(call), std::move(verification), true);
}

void Intake::handle_verification(std::shared_ptr<Call> call, sources::Verification verification, bool may_refresh) {
  if (auto* delivery = std::get_if<sources::Delivery>(&verification))
    return commit(std::move(call), std::move(*delivery));
  if (auto* handshake = std::get_if<sources::Handshake>(&verification)) {
    return answer(*call, {.outcome = Outcome::handshake}, std::move(handshake->answer));
  }
  const auto refusal = std::get<sources::Refusal>(verification);
  if (!refusal.unknown_key || !may_refresh) return refuse(*call, refusal);
  // The provider may have changed its key: fetch it, then verify once more.
  call->route->receiving.source->refresh_keys(clock_.now(), [this, call, refusal](sources::KeyRefresh refreshed) {
    switch (refreshed) {
      case sources::KeyRefresh::unchanged:
        return refuse(*call, refusal);
      case sources::KeyRefresh::failed:
        return answer(*call, {.outcome = Outcome::unavailable}, try_later(kKeyNotFetched));
      case sources::KeyRefresh::changed:
        handle_verification(call, call->route->receiving.source->verify(call->request, clock_.now()), false);
    }
  });
}

void Intake::refuse(Call& call, const sources::Refusal& refusal) {
  answer(call, {.outcome = Outcome::refused, .reason = refusal.reason}, http::problem(401, refusal.reason));
}

void Intake::commit(std::shared_ptr<Call> call, sources::Delivery delivery) {
  call->accepted.id = delivery.event.id;
  call->accepted.source = delivery.event.source;
  call->accepted.type = delivery.event.type;
  call->accepted.time = delivery.event.time;
  call->request = {};  // frees the request: the event holds what is kept of it
  store::AddEvent add{.event = std::move(delivery.event),
                      .fan_out = call->route->receiving.fan_out,
                      .body_key = std::move(delivery.body_key),
                      .replay_guard = delivery.replay_guard};
  begin_waiting(call);
  const bool taken =
      committer_.add(std::move(add), call->deadline, [this, call](const Result<store::WriteResult>& result) {
        if (end_waiting(*call)) committed(*call, result);
      });
  if (!taken && end_waiting(*call))
    answer(*call, {.outcome = Outcome::overloaded}, try_later("too many deliveries are waiting: send it again"));
}

void Intake::committed(Call& call, const Result<store::WriteResult>& result) {
  if (!result) {
    const bool away = result.error().code != Code::invalid;
    return answer(call, {.outcome = away ? Outcome::unavailable : Outcome::rejected},
                  away ? try_later(kNotCommitted) : http::problem(500, "the store refused this event"));
  }
  const auto& added = std::get<store::EventAdded>(*result);
  call.accepted.received = added.received;
  answer(call, {.outcome = added.duplicate ? Outcome::duplicate : Outcome::accepted, .event = &call.accepted},
         kept(added));
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

void Intake::answer_within(Millis at_most) { answer_timeout_ = std::min(answer_timeout_.load(), at_most); }

void Intake::answer_overdue() {
  const auto begun_by = clock_.steady() - answer_timeout_.load();
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
  for (const auto& call : overdue) answer(*call, {.outcome = Outcome::unavailable}, try_later(kNotCommitted));
}

void Intake::answer(Call& call, Answered answered, http::Response response) {
  answered.took = clock_.steady() - call.begun;
  call.route->metrics.record(answered);
  call.respond(std::move(response));
}

std::vector<SourceCounts> Intake::counts() const {
  std::vector<SourceCounts> all;
  const auto routes = routes_.get();
  for (const auto& [name, route] : *routes) {
    all.push_back({.name = name,
                   .fan_out = route.receiving.fan_out,
                   .accepted = route.metrics.count(Outcome::accepted),
                   .duplicates = route.metrics.count(Outcome::duplicate),
                   .refused = route.metrics.count(Outcome::refused),
                   .unavailable = route.metrics.count(Outcome::unavailable)});
  }
  return all;
}

}  // namespace vf::intake
