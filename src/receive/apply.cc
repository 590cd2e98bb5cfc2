#include "receive/apply.h"

#include <algorithm>
#include <iterator>

#include "api/answer.h"
#include "base/json_text.h"
#include "event/envelope.h"
#include "event/envelope_reader.h"
#include "projections/registry.h"

namespace vf::receive {
namespace {

using store::Applied;
using store::EnvironmentStore;
using store::Projection;

http::Response failure(const Error& error, const OnFailure& on_failure) {
  if (on_failure) {
    const bool may_quote = error.code == Code::invalid;  // the store refused content, and its message may quote it
    on_failure(may_quote ? invalid("the store refuses an event both as rows and in quarantine") : error);
  }
  return error.code == Code::unavailable ? api::busy(error.message) : http::problem(500, error.message);
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
  out += out.empty() || out.back() == '{' ? "\"" : ",\"";
  out.append(name).append("\":");
  append_json_string(out, text);
}

http::Response results(std::span<const Projection> projections, std::span<const Applied> statuses) {
  http::Response answer;
  answer.body.reserve(16 + projections.size() * 80);
  answer.body = "{\"results\":[";
  for (size_t i = 0; i < projections.size(); ++i) {
    answer.body += i == 0 ? "{\"id\":\"" : ",{\"id\":\"";
    projections[i].event_id.append_to(answer.body);
    answer.body.append("\",\"status\":\"").append(store::to_string(statuses[i])).append("\"}");
  }
  answer.body += "]}";
  return answer;
}

void quarantine(Projection& projection, const Event& event, const std::string& reason) {
  projection.status = Applied::quarantined;
  projection.rows.clear();
  projection.reason = "the store refused it: " + reason;
  append_envelope(projection.envelope, event);
}

// Applies all projections in one transaction. When the store refuses the content of some events, they are quarantined
// and the whole batch is applied again; each round quarantines at least one more event.
Result<std::vector<Applied>> apply(EnvironmentStore& store, std::span<const Event> events,
                                   std::span<Projection> projections, Instant now) {
  for (;;) {
    store::Refusals refusals;
    auto statuses = store.apply(projections, now, &refusals);
    if (statuses || refusals.empty()) return statuses;
    for (const auto& [index, reason] : refusals) {
      if (projections[index].status == Applied::quarantined) return statuses;  // the store refuses it in quarantine too
      quarantine(projections[index], events[index], reason);
    }
  }
}

ApplyEvents joined(std::span<ApplyEvents* const> requests) {
  ApplyEvents all;
  for (ApplyEvents* request : requests) {
    std::ranges::move(request->events, std::back_inserter(all.events));
    std::ranges::move(request->projections, std::back_inserter(all.projections));
  }
  return all;
}

// Applies the events of all requests in one transaction. Returns one answer for each request.
std::vector<http::Response> apply_together(EnvironmentStore& store, std::span<ApplyEvents* const> requests, Instant now,
                                           const Watch& watch) {
  ApplyEvents all = joined(requests);
  const auto statuses = apply(store, all.events, all.projections, now);
  if (!statuses) return std::vector(requests.size(), failure(statuses.error(), watch.on_failure));
  std::vector<http::Response> answers;
  size_t from = 0;
  for (const ApplyEvents* request : requests) {
    const size_t count = request->events.size();  // the events were moved from, but can still be counted
    answers.push_back(
        results(std::span(all.projections).subspan(from, count), std::span(*statuses).subspan(from, count)));
    from += count;
  }
  if (!watch.on_event) return answers;
  for (size_t i = 0; i < all.events.size(); ++i) {
    watch.on_event({.event = all.events[i], .status = (*statuses)[i]});
  }
  return answers;
}

http::Response show(EnvironmentStore& store, Uuid id, const OnFailure& on_failure) {
  const auto found = store.processed(id);
  if (!found) return failure(found.error(), on_failure);
  if (!*found) return http::problem(404, kNotReceived);
  const store::ProcessedEvent& event = **found;
  http::Response answer;
  answer.body = "{";
  append_member(answer.body, "id", event.event_id.to_string());
  append_member(answer.body, "source", event.source);
  append_member(answer.body, "type", event.type);
  append_member(answer.body, "status", store::to_string(event.status));
  if (event.time == Instant{}) {
    answer.body += ",\"time\":null";  // the sender gave no time
  } else {
    append_member(answer.body, "time", to_rfc3339(event.time));
  }
  append_member(answer.body, "received_at", to_rfc3339(event.received_at));
  if (!event.reason.empty()) append_member(answer.body, "reason", event.reason);
  answer.body += '}';
  return answer;
}

// Projects a quarantined event again. An event whose envelope cannot be used stays in quarantine with that reason.
Projection try_again(const store::QuarantinedEvent& waiting, Event& event) {
  std::vector<UnusableEnvelope> unusable;
  auto read = read_envelopes(waiting.envelope, 1, &unusable);
  Projection projection;
  if (read && read->size() == 1 && unusable.empty()) {
    event = std::move(read->front());
    projection = projections::project(event);
  } else {
    projection.event_id = waiting.event_id;
    projection.source = waiting.source;
    projection.type = waiting.type;
    projection.status = Applied::quarantined;
    projection.reason = unusable.empty() ? "its envelope cannot be read" : unusable.front().reason;
    projection.envelope = waiting.envelope;
  }
  projection.force = true;
  return projection;
}

http::Response retry(EnvironmentStore& store, Instant now, const OnFailure& on_failure) {
  const auto counts = retry_quarantined(store, now, now + Millis{1});  // all of them
  if (!counts) return failure(counts.error(), on_failure);
  http::Response answer;
  answer.body = "{\"tried\":" + std::to_string(counts->tried) + ",\"applied\":" + std::to_string(counts->applied) +
                ",\"ignored\":" + std::to_string(counts->ignored) +
                ",\"quarantined\":" + std::to_string(counts->quarantined) + "}";
  return answer;
}

}  // namespace

Result<std::vector<Applied>> retry_events(EnvironmentStore& store, std::span<const store::QuarantinedEvent> waiting,
                                          Instant now) {
  ApplyEvents again;
  for (const auto& event : waiting) again.projections.push_back(try_again(event, again.events.emplace_back()));
  return apply(store, again.events, again.projections, now);
}

Result<RetryCounts> retry_quarantined(EnvironmentStore& store, Instant now, Instant tried_before) {
  VF_ASSIGN(const auto waiting, store.not_tried({.from = tried_before, .to = now}, kRetriedMax));
  VF_ASSIGN(const auto statuses, retry_events(store, waiting, now));
  const auto count = [&](Applied status) { return static_cast<size_t>(std::ranges::count(statuses, status)); };
  return RetryCounts{.tried = waiting.size(),
                     .applied = count(Applied::applied),
                     .ignored = count(Applied::ignored),
                     .quarantined = count(Applied::quarantined)};
}

std::vector<http::Response> apply_requests(EnvironmentStore& store, std::vector<Operation>& operations, Instant now,
                                           const Watch& watch) {
  std::vector<http::Response> answers(operations.size());
  std::vector<ApplyEvents*> together;
  std::vector<size_t> places;
  for (size_t i = 0; i < operations.size(); ++i) {
    if (auto* apply = std::get_if<ApplyEvents>(&operations[i])) {
      together.push_back(apply);
      places.push_back(i);
    }
  }
  if (!together.empty()) {
    auto applied = apply_together(store, together, now, watch);
    for (size_t i = 0; i < places.size(); ++i) answers[places[i]] = std::move(applied[i]);
  }
  for (size_t i = 0; i < operations.size(); ++i) {  // after the commit, so that reads see what it wrote
    if (const auto* shown = std::get_if<ShowEvent>(&operations[i])) {
      answers[i] = show(store, shown->id, watch.on_failure);
    } else if (std::holds_alternative<RetryQuarantined>(operations[i])) {
      answers[i] = retry(store, now, watch.on_failure);
    }
  }
  return answers;
}

}  // namespace vf::receive
