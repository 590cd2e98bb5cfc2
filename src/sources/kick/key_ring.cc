#include "sources/kick/key_ring.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "sources/json_fields.h"

namespace vf::sources::kick {

struct KeyRing::State {
  const FetchKey fetch;
  mutable std::mutex mutex;  // guards everything below; never held during a callback
  std::shared_ptr<const KeySet> keys;
  std::vector<std::function<void(bool)>> waiters;
  bool in_flight = false;
  std::optional<Instant> last_fetch;

  State(KeySet first_keys, FetchKey fetch_key)
      : fetch(std::move(fetch_key)), keys(std::make_shared<const KeySet>(std::move(first_keys))) {}

  enum class Turn { refused, joined, fetches };
  Turn take_turn(Instant now, std::function<void(bool)> done);
  bool add(const Result<std::string>& pem);
  void finish(const Result<std::string>& pem);
};

KeyRing::State::Turn KeyRing::State::take_turn(Instant now, std::function<void(bool)> done) {
  const std::lock_guard lock(mutex);
  if (in_flight && waiters.size() >= kFetchWaitersMax) return Turn::refused;
  // A wall clock that is set back must not stop fetches until it has caught up.
  const bool too_soon = last_fetch && now >= *last_fetch && now - *last_fetch < kFetchPause;
  if (!in_flight && (!fetch || too_soon)) return Turn::refused;
  waiters.push_back(std::move(done));
  if (in_flight) return Turn::joined;
  in_flight = true;
  last_fetch = now;
  return Turn::fetches;
}

/// Returns whether the keys changed. Old keys stay: Kick may still repeat deliveries that were signed before a
/// rotation.
bool KeyRing::State::add(const Result<std::string>& pem) {
  if (!pem) return false;
  auto key = crypto::PublicKey::rsa_from_pem(*pem);
  if (!key) return false;
  const bool known =
      std::ranges::any_of(*keys, [&](const auto& one) { return one.fingerprint() == key->fingerprint(); });
  if (known) return false;
  auto next = std::make_shared<KeySet>(*keys);
  next->insert(next->begin(), *std::move(key));
  next->erase(next->begin() + static_cast<ptrdiff_t>(std::min(next->size(), kKeysMax)), next->end());
  keys = std::move(next);
  return true;
}

void KeyRing::State::finish(const Result<std::string>& pem) {
  std::vector<std::function<void(bool)>> waiting;
  bool changed = false;
  {
    const std::lock_guard lock(mutex);
    changed = add(pem);
    waiting = std::exchange(waiters, {});
    in_flight = false;
  }
  for (const auto& done : waiting) done(changed);
}

KeyRing::KeyRing(KeySet keys, FetchKey fetch) : state_(std::make_shared<State>(std::move(keys), std::move(fetch))) {}

std::shared_ptr<const KeySet> KeyRing::keys() const {
  const std::lock_guard lock(state_->mutex);
  return state_->keys;
}

bool KeyRing::refresh(Instant now, std::function<void(bool changed)> done) {
  const auto turn = state_->take_turn(now, std::move(done));
  if (turn == State::Turn::fetches) {
    state_->fetch([state = state_](const Result<std::string>& pem) { state->finish(pem); });
  }
  return turn != State::Turn::refused;
}

Result<std::string> read_public_key_answer(std::string_view body) {
  const JsonFields fields(body);
  const auto pem = fields.text("/data/public_key");
  if (!pem || pem->empty()) return invalid("the answer has no data.public_key");
  return std::string(*pem);
}

}  // namespace vf::sources::kick
