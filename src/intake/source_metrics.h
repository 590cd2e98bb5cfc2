// SourceMetrics: reports how the requests of one source ended, in metrics, log lines and counts for the admin API.
// Thread safe.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "event/event.h"
#include "obs/services.h"

namespace vf::intake {

/// How one request ended; becomes the `outcome` label of vf_intake_requests_total. `overloaded`: the committer's queue
/// was full; `unavailable`: the store was away or too slow; `rejected`: the store refused this event.
enum class Outcome { accepted, duplicate, handshake, refused, overloaded, unavailable, rejected };
inline constexpr std::array kOutcomes{Outcome::accepted,   Outcome::duplicate,   Outcome::handshake, Outcome::refused,
                                      Outcome::overloaded, Outcome::unavailable, Outcome::rejected};
std::string_view to_string(Outcome outcome);

struct Answered {
  Outcome outcome = Outcome::accepted;
  std::string_view reason = {};  // why the request was refused; a fixed short text
  const Event* event = nullptr;  // the event that was accepted or a duplicate; else nullptr
  SteadyTime took{0};            // from the complete request to the answer
};

/// What an operator sees of a source: its requests by outcome, counted since the process started.
struct SourceCounts {
  std::string name;
  bool fan_out = true;
  uint64_t accepted = 0, duplicates = 0, refused = 0, unavailable = 0;
};

class SourceMetrics {
 public:
  SourceMetrics(std::string source, const obs::Services& services);

  void record(const Answered& answered);
  /// Returns how many requests have ended with `outcome` since the process started.
  uint64_t count(Outcome outcome) const { return requests_[static_cast<size_t>(outcome)]->value(); }

 private:
  const std::string source_;
  const obs::Services services_;
  std::array<obs::Counter*, kOutcomes.size()> requests_{};  // indexed by Outcome
  obs::Histogram &request_seconds_, &provider_lag_seconds_;
  obs::Counter& unrecognised_;
};

}  // namespace vf::intake
