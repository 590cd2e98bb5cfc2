// Schedule: decides when each request of the fake providers is sent. Takes their events, adds the configured faults
// (repeats, the same fact under a second id, late and overtaken deliveries, forgeries, outages) and the provider's
// retries, and returns signed requests when they are due. No I/O: seed and time are arguments. One thread.
#pragma once

#include <map>
#include <optional>
#include <string_view>

#include "base/random.h"
#include "fake_providers/signer.h"

namespace vf::fake_providers {

/// Percentages are of all events. The default is a provider without faults.
struct Faults {
  double repeat_percent = 0;     // the same message is sent once more, within two seconds
  double second_id_percent = 0;  // Kick only: the same body is sent again under another message id
  double late_percent = 0;       // the message is sent late, by up to late_by_max
  Millis late_by_max{10'000};
  double overtaken_percent = 0;  // the message is sent up to half a second late, after some that follow it
  double tampered_percent = 0;   // a copy with one flipped bit in its body is sent beside the good request
  Millis outage_every{0};        // 0: never. In an outage nothing is sent for outage_length, then everything at once
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

/// Returns the pause after `attempts` failed attempts; nullopt when the provider gives up then.
std::optional<Millis> retry_pause(int attempts);

class Schedule {
 public:
  /// `seed` may be the seed of the ProviderMix: both draw numbers independently.
  Schedule(Faults faults, Signer signer, uint64_t seed);

  void add(Payload payload, Instant now);
  /// Schedules `delivery` again after its retry_pause(), which must not be nullopt.
  void retry(Delivery delivery, Instant now);
  /// Removes and returns the next delivery that is due; nullopt when none is due.
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
  std::multimap<Instant, Delivery> waiting_;  // by the time at which they are due
};

}  // namespace vf::fake_providers
