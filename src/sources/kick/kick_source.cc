#include "sources/kick/kick_source.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "event/identity.h"
#include "event/json_fields.h"
#include "sources/kick/kick_mapping.h"

namespace vf::sources::kick {
namespace {

// The lengths of signatures: keys have 2048 to 8192 bits.
constexpr size_t kSignatureBytesMin = 256, kSignatureBytesMax = 1024;
constexpr size_t kSignatureTextMax = (kSignatureBytesMax + 2) / 3 * 4;
constexpr size_t kMessageIdMax = 64;

bool is_id_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
}

// A message id has no dot: dots separate the signed parts, and one in the id could move the boundary between them.
bool is_message_id(std::string_view id) {
  return id.size() <= kMessageIdMax && std::ranges::all_of(id, is_id_character);
}

// Returns nullopt when a required header is missing, empty or repeated.
std::optional<KickHeaders> read_headers(const http::Headers& headers) {
  const auto value = [&](std::string_view name) { return headers.unique(name).value_or(std::string_view{}); };
  const KickHeaders out{.message_id = value("Kick-Event-Message-Id"),
                        .timestamp = value("Kick-Event-Message-Timestamp"),
                        .signature = value("Kick-Event-Signature"),
                        .type = value("Kick-Event-Type"),
                        .version = value("Kick-Event-Version"),
                        .subscription_id = value("Kick-Event-Subscription-Id")};
  if (out.message_id.empty() || out.timestamp.empty() || out.signature.empty() || out.type.empty()) return std::nullopt;
  return out;
}

std::optional<std::string> read_signature(std::string_view text) {
  if (text.size() > kSignatureTextMax) return std::nullopt;
  auto bytes = from_base64(text);
  if (!bytes || bytes->size() < kSignatureBytesMin || bytes->size() > kSignatureBytesMax) return std::nullopt;
  return bytes;
}

// Returns why the age is refused; empty when it is accepted. When the timestamp cannot be read, the time in the message
// id counts, which is signed too.
std::string_view age_problem(const KickHeaders& headers, Millis max_age, Instant now) {
  auto sent = sent_time(headers);
  if (!sent) sent = time_inside(headers.message_id);
  if (!sent) return "malformed header";
  if (*sent < now - max_age) return "too old";
  return *sent > now + kFutureMax ? "from the future" : "";
}

}  // namespace

KickSource::KickSource(Params params)
    : name_(std::move(params.name)),
      max_age_(params.max_age),
      keys_are_given_(params.keys_are_given),
      keys_(std::move(params.keys), std::move(params.fetch_key)) {}

Verification KickSource::verify(const http::Request& request, Instant now) const {
  const auto headers = read_headers(request.headers);
  if (!headers) return Refusal{"missing header"};
  const auto signature = is_message_id(headers->message_id) ? read_signature(headers->signature) : std::nullopt;
  if (!signature) return Refusal{"malformed header"};
  if (max_age_) {
    if (const auto problem = age_problem(*headers, *max_age_, now); !problem.empty()) return Refusal{problem};
  }
  const std::string prefix = std::string(headers->message_id).append(".").append(headers->timestamp).append(".");
  const auto keys = keys_.keys();
  const bool verified = std::ranges::any_of(
      *keys, [&](const crypto::PublicKey& key) { return key.verify(prefix, request.body, *signature); });
  if (!verified) return Refusal{.reason = "bad signature", .unknown_key = true};
  return Delivery{.event = map_delivery(name_, *headers, request.body)};
}

void KickSource::refresh_keys(Instant now, std::function<void(KeyRefresh)> done) {
  keys_.refresh(now, [done = std::move(done), given = keys_are_given_](KeyRefresh outcome) {
    done(outcome == KeyRefresh::failed && given ? KeyRefresh::unchanged : outcome);
  });
}

struct KeyRing::State {
  using Done = std::function<void(KeyRefresh)>;

  const FetchKey fetch;
  mutable std::mutex mutex;  // guards everything below; never held during a callback
  std::shared_ptr<const KeySet> keys;
  std::vector<Done> waiters;
  bool in_flight = false;
  std::optional<Instant> last_fetch;
  bool last_failed = false;

  State(KeySet first_keys, FetchKey fetch_key)
      : fetch(std::move(fetch_key)), keys(std::make_shared<const KeySet>(std::move(first_keys))) {}

  bool is_too_soon(Instant now) const;
  std::optional<KeyRefresh> answer_at_once(Instant now) const;
  KeyRefresh add(const Result<std::string>& pem);
  void finish(const Result<std::string>& pem);
};

// A wall clock that is set back must not stop fetches until it has caught up.
bool KeyRing::State::is_too_soon(Instant now) const {
  const Millis pause = last_failed ? Millis{kFetchPauseAfterFailure} : Millis{kFetchPause};
  return last_fetch && now >= *last_fetch && now - *last_fetch < pause;
}

// Returns what a caller is answered without waiting for a fetch; nullopt: the caller waits.
std::optional<KeyRefresh> KeyRing::State::answer_at_once(Instant now) const {
  if (!fetch) return KeyRefresh::unchanged;
  if (in_flight) return waiters.size() < kFetchWaitersMax ? std::nullopt : std::optional(KeyRefresh::failed);
  if (is_too_soon(now)) return last_failed ? KeyRefresh::failed : KeyRefresh::unchanged;
  return std::nullopt;
}

/// Adds a key. Old keys stay: Kick may still repeat deliveries that were signed before a rotation.
KeyRefresh KeyRing::State::add(const Result<std::string>& pem) {
  auto key = pem ? crypto::PublicKey::rsa_from_pem(*pem) : Result<crypto::PublicKey>(pem.error());
  if (!key) return KeyRefresh::failed;
  const bool known =
      std::ranges::any_of(*keys, [&](const auto& one) { return one.fingerprint() == key->fingerprint(); });
  if (known) return KeyRefresh::unchanged;
  auto next = std::make_shared<KeySet>(*keys);
  next->insert(next->begin(), *std::move(key));
  next->erase(next->begin() + static_cast<ptrdiff_t>(std::min(next->size(), kKeysMax)), next->end());
  keys = std::move(next);
  return KeyRefresh::changed;
}

void KeyRing::State::finish(const Result<std::string>& pem) {
  std::vector<Done> waiting;
  auto outcome = KeyRefresh::failed;
  {
    const std::lock_guard lock(mutex);
    outcome = add(pem);
    last_failed = outcome == KeyRefresh::failed;
    waiting = std::exchange(waiters, {});
    in_flight = false;
  }
  for (const auto& done : waiting) done(outcome);
}

KeyRing::KeyRing(KeySet keys, FetchKey fetch) : state_(std::make_shared<State>(std::move(keys), std::move(fetch))) {}

std::shared_ptr<const KeySet> KeyRing::keys() const {
  const std::lock_guard lock(state_->mutex);
  return state_->keys;
}

void KeyRing::refresh(Instant now, std::function<void(KeyRefresh)> done) {
  {
    std::unique_lock lock(state_->mutex);
    if (const auto at_once = state_->answer_at_once(now)) {
      lock.unlock();
      return done(*at_once);
    }
    state_->waiters.push_back(std::move(done));
    if (std::exchange(state_->in_flight, true)) return;
    state_->last_fetch = now;
  }
  state_->fetch([state = state_](const Result<std::string>& pem) { state->finish(pem); });
}

Result<std::string> read_public_key_answer(std::string_view body) {
  const JsonFields fields(body);
  auto pem = fields.at("/data/public_key").text();
  if (!pem || pem->empty()) return invalid("the answer has no data.public_key");
  return *std::move(pem);
}

}  // namespace vf::sources::kick
