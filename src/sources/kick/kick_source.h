// KickSource: verifies Kick's webhooks (RSA over id.timestamp.body) and maps them to events.
// https://docs.kick.com/events/webhook-security. Thread safe.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "crypto/public_key.h"
#include "sources/source.h"

namespace vf::sources::kick {

using KeySet = std::vector<crypto::PublicKey>;
/// A function that fetches the provider's key and calls back once, from any thread, with the PEM text. Must not block.
using FetchKey = std::function<void(std::function<void(Result<std::string> pem)>)>;

inline constexpr std::chrono::minutes kFetchPause{1};
inline constexpr std::chrono::seconds kFetchPauseAfterFailure{5};
inline constexpr size_t kFetchWaitersMax = 64;
inline constexpr size_t kKeysMax = 4;

/// KeyRing: holds the public keys that verify deliveries, and fetches a new key when asked to. Thread safe.
class KeyRing {
 public:
  /// Without `fetch` the keys never change.
  KeyRing(KeySet keys, FetchKey fetch);

  /// Returns the current keys, newest first. The returned set never changes.
  std::shared_ptr<const KeySet> keys() const;

  /// Starts a fetch, or joins the one in flight; at its end it calls `done`. A fetch that fails changes no key. Calls
  /// `done` inside the call with the outcome of the last fetch when that began less than kFetchPause ago, or failed and
  /// began less than kFetchPauseAfterFailure ago; with `failed` when kFetchWaitersMax callers wait already; and with
  /// `unchanged` when there is no `fetch`.
  void refresh(Instant now, std::function<void(KeyRefresh)> done);

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with a fetch in flight, which may outlive this object
};

/// Returns the PEM text in the response to GET /public/v1/public-key:
/// {"data":{"public_key":"-----BEGIN…"},"message":"OK"}.
Result<std::string> read_public_key_answer(std::string_view body);

class KickSource final : public Source {
 public:
  struct Params {
    std::string name = "kick";
    KeySet keys;                    // tried in order
    bool keys_are_given = false;    // by the operator: a signature by another key is wrong, also if no fetch succeeds
    std::optional<Millis> max_age;  // how old the signed time may be; nullopt: not checked, not even for the future
    FetchKey fetch_key;             // may be empty
  };
  explicit KickSource(Params params);

  const std::string& name() const override { return name_; }
  Verification verify(const http::Request& request, Instant now) const override;
  void refresh_keys(Instant now, std::function<void(KeyRefresh)> done) override;

 private:
  std::string name_;
  std::optional<Millis> max_age_;
  bool keys_are_given_;
  KeyRing keys_;
};

/// How far ahead of our clock a delivery may be signed.
inline constexpr std::chrono::minutes kFutureMax{5};

}  // namespace vf::sources::kick
