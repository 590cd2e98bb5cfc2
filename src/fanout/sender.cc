#include "fanout/sender.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "crypto/digest.h"
#include "event/envelope.h"

namespace vf::fanout {
namespace {

// Returns the webhook-id, which is the same for the same events in the same order, in every attempt and after every
// restart; each half of a split batch has its own. It is the event's id for a receiver of single events, else "batch_"
// and 32 hex digits, and never contains a '.'.
std::string webhook_id(Delivery delivery, std::span<const Uuid> events) {
  if (delivery == Delivery::single) return events.front().to_string();
  const std::string_view ids(reinterpret_cast<const char*>(events.data()), events.size_bytes());
  return "batch_" + to_hex(std::string_view(crypto::sha256(ids)).substr(0, 16));
}

struct Attempt {
  std::string webhook_id;
  std::string body;  // one envelope, or a batch of them
  Instant now;       // the time of this attempt, for timestamp and signature
};

// Builds the signed request that carries events to a target: CloudEvents in a Standard Webhooks delivery.
http::Outgoing make_request(const Target& target, const crypto::WebhookSigner& signer, Attempt attempt) {
  http::Outgoing request;
  request.url = target.url;
  request.connect_timeout = target.connect_timeout;
  request.timeout = target.timeout;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(attempt.now).time_since_epoch().count();
  auto signature = signer.sign(attempt.webhook_id, attempt.now, attempt.body);
  const auto content_type = target.delivery == Delivery::single ? kSingleContentType : kBatchContentType;
  request.headers = {{"Content-Type", std::string(content_type)},
                     {"webhook-id", std::move(attempt.webhook_id)},
                     {"webhook-timestamp", std::to_string(seconds)},
                     {"webhook-signature", std::move(signature)}};
  request.body = std::move(attempt.body);
  return request;
}

std::string text_of(const Answer& answer) {
  return answer.detail.empty() ? answer.reason : answer.reason + ": " + answer.detail;
}

}  // namespace

Sender::Sender(Params params)
    : params_(std::move(params)),
      breaker_(params_.tuning.breaker, params_.ports.random),
      retries_(params_.target.name) {}

bool Sender::may_send() const { return breaker_.may_send(params_.ports.clock.steady(), in_flight_); }

void Sender::send() {
  auto& store = params_.store;
  if (may_send() && store.may_call()) {
    if (const auto loaded = retries_.load(params_.ports.outbox, params_.ports.clock); !loaded) {
      store.failed(loaded.error());
    }
  }
  while (may_send()) {
    // Retries get a quarter of the window; while the window is one, they take turns with fresh events.
    const size_t share = std::max<size_t>(1, breaker_.window() / 4);
    const bool retry = retries_.anything_waits() && retries_in_flight_ < share && store.may_call() &&
                       !(retry_was_last_ && params_.batches.anything_waits());
    retry_was_last_ = retry;
    if (retry) {
      send_retry(*retries_.next());
    } else if (const auto part = params_.batches.next(params_.ports.clock.now())) {
      send_part(*part);
    } else {
      return;
    }
  }
}

void Sender::send_part(PartRef ref) {
  std::vector<Uuid> ids;
  for (const Item& item : params_.batches.items(ref)) ids.push_back(item.id);
  transmit(ids, params_.batches.body(ref), [this, ref](const Answer& answer) { part_answered(ref, answer); });
}

void Sender::send_retry(store::PutDelivery row) {
  const auto found = params_.ports.outbox.find(row.event_id);
  if (!found) {
    params_.store.failed(found.error());
    return retries_.requeue(std::move(row));
  }
  const Uuid id = row.event_id;
  if (!*found) {
    Answer lost;
    lost.reason = "the outbox no longer holds the event";
    row.attempts = attempts_max();
    return write_exception(std::move(row), lost, [this, id] { retries_.finish(id); });
  }
  std::string body = is_single() ? "" : "[";
  append_envelope(body, (*found)->event);
  if (!is_single()) body += ']';
  ++retries_in_flight_;
  transmit({&id, 1}, std::move(body), [this, row = std::move(row)](const Answer& answer) mutable {
    VF_INVARIANT(retries_in_flight_ > 0);
    --retries_in_flight_;
    retry_answered(std::move(row), answer);
  });
}

void Sender::transmit(std::span<const Uuid> ids, std::string body, OnAnswer on_answer) {
  const Target& target = params_.target;
  ++in_flight_;
  ++params_.status.requests;
  breaker_.sent();
  const auto results = !is_single() && is_our_receiver(target) ? std::optional(ids.size()) : std::nullopt;
  Attempt attempt{
      .webhook_id = webhook_id(target.delivery, ids), .body = std::move(body), .now = params_.ports.clock.now()};
  params_.ports.send(make_request(target, params_.signer, std::move(attempt)),
                     [this, results, on_answer = std::move(on_answer)](Result<http::Response> response) mutable {
                       VF_INVARIANT(in_flight_ > 0);
                       --in_flight_;
                       on_answer(classify(response, params_.ports.clock.now(), results));
                     });
}

void Sender::part_answered(PartRef ref, const Answer& answer) {
  Batches& batches = params_.batches;
  const int64_t attempts = record(answer);
  if (!batches.has(ref)) return;  // the cursor was moved meanwhile
  const auto items = batches.items(ref);
  if (answer.response_class == ResponseClass::delivered) {
    params_.status.delivered += static_cast<int64_t>(items.size());
    params_.status.last_delivery_lag = params_.ports.clock.now() - items.front().received;
    batches.complete(ref, true);
  } else if (params_.mode.is_muted()) {
    batches.skip(ref, params_.mode.skip_reason());
  } else if (answer.response_class == ResponseClass::refused && items.size() > 1) {
    batches.split(ref);
  } else if (answer.response_class == ResponseClass::refused && refuses_everything()) {
    batches.requeue_last(ref);
  } else if (is_target_failure(answer)) {
    batches.requeue(ref);
  } else {
    if (answer.response_class == ResponseClass::refused) ++refusals_;
    store::PutDelivery row;
    row.position = items.front().position;
    row.event_id = items.front().id;
    row.attempts = attempts;
    write_exception(std::move(row), answer, [this, ref] {
      if (params_.batches.has(ref)) params_.batches.complete(ref, false);
    });
  }
}

void Sender::retry_answered(store::PutDelivery row, const Answer& answer) {
  const int64_t attempts = record(answer);
  const Uuid id = row.event_id;
  if (answer.response_class == ResponseClass::delivered) {
    ++params_.status.delivered;
    params_.writes.write(store::DropDelivery{.target = params_.target.name, .event_id = id},
                         [this, id] { retries_.finish(id); });
  } else if (is_target_failure(answer)) {
    retries_.requeue(std::move(row));
  } else {
    row.attempts += attempts;
    write_exception(std::move(row), answer, [this, id] { retries_.finish(id); });
  }
}

bool Sender::is_target_failure(const Answer& answer) const {
  return answer.response_class == ResponseClass::target_failure ||
         (answer.response_class == ResponseClass::refused && refuses_everything()) ||
         (answer.response_class == ResponseClass::server_error && !is_single());
}

// Updates status, breaker and counters; returns how many attempts the answer counts towards the event's death.
int64_t Sender::record(const Answer& answer) {
  const auto& clock = params_.ports.clock;
  Status& status = params_.status;
  const bool was_healthy = breaker_.closed();
  if (answer.response_class == ResponseClass::delivered) {
    status.last_success_at = clock.now();
    status.quarantined += answer.quarantined;
    gone_ = false;
    refusals_ = 0;
  } else {
    ++status.failed;
    // The status is logged, so it must not quote a foreign receiver, whose text may contain personal data.
    status.last_error = is_our_receiver(params_.target) ? text_of(answer) : answer.reason;
    status.last_error_at = clock.now();
    gone_ = answer.gone;
  }
  const bool is_failure = is_target_failure(answer);
  if (!is_failure && answer.response_class != ResponseClass::server_error) {
    server_errors_ = 0;
    breaker_.succeeded();
  } else if (is_failure || !was_healthy || ++server_errors_ >= params_.tuning.server_errors_max) {
    breaker_.failed(clock.steady(), answer.retry_after);
  }
  return was_healthy || answer.response_class == ResponseClass::refused ? 1 : 0;
}

// Defers the event for another attempt, or dead-letters it after the last one.
void Sender::write_exception(store::PutDelivery row, const Answer& answer, std::function<void()> then) {
  const auto& ports = params_.ports;
  row.target = params_.target.name;
  row.reason = text_of(answer);
  if (row.attempts >= attempts_max()) {
    row.state = store::PutDelivery::State::dead;
    ++params_.status.dead;
    if (ports.on_dead) ports.on_dead(row.event_id, answer.reason);
  } else {
    row.state = store::PutDelivery::State::retry;
    row.next_attempt_at = ports.clock.now() + retry_delay(row.attempts, ports.random);
    ++params_.status.retried;
  }
  params_.writes.write(std::move(row), std::move(then));
}

void Sender::describe(Status& status) const {
  const auto& clock = params_.ports.clock;
  status.in_flight = in_flight_;
  if (const auto at = breaker_.retry_at()) {
    const auto wait = std::chrono::ceil<Millis>(*at - clock.steady());
    status.next_attempt_at = clock.now() + std::max(wait, Millis{0});
    status.state = breaker_.failures() >= params_.tuning.open_after ? State::open : State::backing_off;
  }
  if (gone_) {
    status.alarm = "the target answers 410 Gone: pause it, or correct its url";
  } else if (refuses_everything()) {
    status.alarm = fmt::format(
        "the target refused {} events in a row and accepted none in between ({}): no more events become dead letters "
        "until it accepts one or an operator resumes it",
        refusals_, status.last_error);
  } else if (status.state == State::open) {
    status.alarm = fmt::format("{} failures in a row: {}", breaker_.failures(), status.last_error);
  }
}

}  // namespace vf::fanout
