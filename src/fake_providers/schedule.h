// Schedule: decides what is sent when. Takes the events of the fake providers, adds the configured faults (repeats, the
// same fact under a second id, late and overtaken deliveries, forgeries, outages) and the provider's retries, and
// returns signed requests as they become due. Pure: chance and time are arguments. One thread.
#pragma once

#include <map>
#include <optional>
#include <string_view>

#include "base/random.h"
#include "fake_providers/signer.h"

namespace vf::fake_providers {

/// Percentages are of all events. The default is a provider without faults.
struct Faults {
  double repeat_percent = 0;     // the same message once more, within two seconds
  double second_id_percent = 0;  // Kick: the same body under another message id, as a second subscription sends it
  double late_percent = 0;       // sent later by up to late_by_max
  Millis late_by_max{10'000};
  double overtaken_percent = 0;  // sent up to half a second later, behind what follows
  double tampered_percent = 0;   // beside the good request, a copy with one bit of its body flipped
  Millis outage_every{0};        // 0: never. The provider sends nothing for outage_length, then everything at once
  Millis outage_length{0};
};

struct Delivery {
  enum class Kind { first, repeat, second_id, tampered };
  Kind kind = Kind::first;
  Payload payload;
  http::Outgoing request;  // signed by the first take(); a retry sends the same bytes
  int attempts = 0;        // 1 after the first take()
};
std::string_view to_string(Delivery::Kind kind);

/// The pause before the attempt that follows `attempts` failed ones; nullopt: the provider gives up.
std::optional<Millis> retry_pause(int attempts);

class Schedule {
 public:
  /// `seed` may be that of the ProviderMix: the numbers drawn here are independent of those drawn there.
  Schedule(Faults faults, Signer signer, uint64_t seed);

  void add(Payload payload, Instant now);
  /// Schedules it again after its retry_pause(), which must exist.
  void retry(Delivery delivery, Instant now);
  /// The next that is due.
  std::optional<Delivery> take(Instant now);
  size_t size() const { return waiting_.size(); }

 private:
  bool strikes(double percent) { return random_.unit() * 100 < percent; }
  Millis up_to(Millis most) {
    return Millis(static_cast<int64_t>(random_.below(static_cast<uint64_t>(most.count()) + 1)));
  }
  void plan(Delivery::Kind kind, Payload payload, Instant due);
  Instant after_outage(Instant due) const;

  Faults faults_;
  Signer signer_;
  SeededRandom random_;
  std::optional<Instant> began_;
  std::multimap<Instant, Delivery> waiting_;  // by when they are due
};

}  // namespace vf::fake_providers
