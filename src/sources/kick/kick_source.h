// KickSource: verifies Kick's webhooks (RSA over id.timestamp.body) and maps them to events.
// https://docs.kick.com/events/webhook-security. Thread safe.
#pragma once

#include <optional>
#include <string>

#include "sources/kick/key_ring.h"
#include "sources/source.h"

namespace vf::sources::kick {

class KickSource final : public Source {
 public:
  struct Params {
    std::string name = "kick";
    KeySet keys;                    // tried in order
    std::optional<Millis> max_age;  // of the signed time; nullopt: no check, not even for the future
    FetchKey fetch_key;             // may be empty
  };
  explicit KickSource(Params params);

  const std::string& name() const override { return name_; }
  Verification verify(const http::Request& request, Instant now) const override;
  bool refresh_keys(Instant now, std::function<void(bool changed)> done) override;

 private:
  std::string name_;
  std::optional<Millis> max_age_;
  KeyRing keys_;
};

/// How far ahead of our clock a delivery may be signed.
inline constexpr std::chrono::minutes kFutureMax{5};

}  // namespace vf::sources::kick
