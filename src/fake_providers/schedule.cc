#include "fake_providers/schedule.h"

#include <array>

#include "fake_providers/made_ids.h"

namespace vf::fake_providers {

using namespace std::chrono_literals;

std::string_view to_string(Delivery::Kind kind) {
  switch (kind) {
    case Delivery::Kind::first:
      return "first";
    case Delivery::Kind::repeat:
      return "repeat";
    case Delivery::Kind::second_id:
      return "second-id";
    case Delivery::Kind::tampered:
      return "tampered";
  }
  return "";
}

// The pauses before retries. Kick does not document its own, and Sumsub's are hours; these are short enough to watch.
std::optional<Millis> retry_pause(int attempts) {
  constexpr std::array<Millis, 8> kPauses{500ms, 1s, 2s, 5s, 10s, 30s, 60s, 120s};
  if (attempts < 1 || static_cast<size_t>(attempts) > kPauses.size()) return std::nullopt;
  return kPauses[static_cast<size_t>(attempts) - 1];
}

Schedule::Schedule(Faults faults, Signer signer, uint64_t seed)
    : faults_(faults), signer_(std::move(signer)), random_(~seed * 0x2545f4914f6cdd1dull) {}

void Schedule::add(Payload payload, Instant now) {
  using Kind = Delivery::Kind;
  if (!began_) began_ = now;
  Instant due = now;
  if (strikes(faults_.late_percent)) due += up_to(faults_.late_by_max);
  if (strikes(faults_.overtaken_percent)) due += up_to(500ms);
  if (strikes(faults_.repeat_percent)) plan(Kind::repeat, payload, due + up_to(2s));
  if (strikes(faults_.tampered_percent)) plan(Kind::tampered, payload, due + up_to(2s));
  if (strikes(faults_.second_id_percent) && payload.provider == Provider::kick) {
    Payload again = payload;
    again.id = make_ulid(now, random_);
    again.subscription_id = make_ulid(now, random_);
    plan(Kind::second_id, std::move(again), due + up_to(2s));
  }
  plan(Kind::first, std::move(payload), due);
}

void Schedule::plan(Delivery::Kind kind, Payload payload, Instant due) {
  waiting_.emplace(after_outage(due), Delivery{kind, std::move(payload), {}, 0});
}

Instant Schedule::after_outage(Instant due) const {
  if (faults_.outage_every <= 0s || due < *began_) return due;
  const Millis into = (due - *began_) % (faults_.outage_every + faults_.outage_length);
  const Millis silent = into - faults_.outage_every;
  return silent < 0s ? due : due + (faults_.outage_length - silent);
}

void Schedule::retry(Delivery delivery, Instant now) {
  const Instant due = now + retry_pause(delivery.attempts).value();
  waiting_.emplace(after_outage(due), std::move(delivery));
}

std::optional<Delivery> Schedule::take(Instant now) {
  if (waiting_.empty() || waiting_.begin()->first > now) return std::nullopt;
  Delivery delivery = std::move(waiting_.extract(waiting_.begin()).mapped());
  if (delivery.attempts++ > 0) return delivery;
  delivery.request = signer_.sign(delivery.payload, now);
  if (delivery.kind == Delivery::Kind::tampered) {
    std::string& body = delivery.request.body;
    body[random_.below(body.size())] ^= 1;
  }
  return delivery;
}

}  // namespace vf::fake_providers
