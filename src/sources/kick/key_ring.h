// KeyRing: the public keys Kick's deliveries are proved with, and the fetching of a new one when none of them fits.
// Stands under KickSource. Thread safe.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "crypto/public_key.h"

namespace vf::sources::kick {

using KeySet = std::vector<crypto::PublicKey>;
/// Asks the provider for its key and answers once, from any thread, with the PEM text. Must not block.
using FetchKey = std::function<void(std::function<void(Result<std::string> pem)>)>;

inline constexpr std::chrono::minutes kFetchPause{1};
inline constexpr size_t kFetchWaitersMax = 64;
inline constexpr size_t kKeysMax = 4;

class KeyRing {
 public:
  /// Without `fetch` the keys stay as they are.
  KeyRing(KeySet keys, FetchKey fetch);

  /// The keys of now, newest first; the set itself never changes.
  std::shared_ptr<const KeySet> keys() const;

  /// Starts a fetch, or joins the one in flight; `done` learns whether the keys changed. False, and `done` is never
  /// called, when the last fetch began less than a minute ago, too many wait already, or there is no way to fetch.
  bool refresh(Instant now, std::function<void(bool changed)> done);

  /// Why the last fetch brought no key; empty when it did, or before the first.
  std::string problem() const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with a fetch in flight, which may outlive this
};

/// The PEM inside the answer of GET /public/v1/public-key: {"data":{"public_key":"-----BEGIN…"},"message":"OK"}.
Result<std::string> read_public_key_answer(std::string_view body);

}  // namespace vf::sources::kick
