// TargetModel: a receiver whose faults one seed draws: events that it refuses for ever in one of many ways, events that
// it takes only after some tries, and faults of the whole receiver over time (down, flapping, overloaded, limited, a
// quota of requests with a long Retry-After, one bad backend of several). Answers one request at a time, with the time
// that the answer takes. Single-threaded.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "base/uuid.h"

namespace vf::simulation {

/// How a request fails. status 0 is a reset; `hangs`: no answer comes at all.
struct Failure {
  int status = 0;
  bool hangs = false;
  std::optional<int> retry_after_s = {};
};

class TargetModel {
 public:
  enum class Weather { healthy, down, flapping, errors, limited, bad_backend, quota };
  struct Params {
    uint64_t events = 0;
    bool may_have_weather = true;
  };
  TargetModel(Random& random, Params params);

  /// A request with these events arrives. Event n of the run has the number n.
  struct Answer {
    std::optional<Failure> failure;  // nullopt: delivered
    Millis after{0};
  };
  Answer receive(const std::vector<uint64_t>& events, SteadyTime now);

  /// Ends the faults of the receiver; those of the events stay.
  void heal() { weather_ = Weather::healthy; }

  bool is_faulty(uint64_t event) const;
  /// Was the receiver healthy from the beginning, with at most one faulty event?
  bool has_one_fault_at_most() const { return is_fair_ && faulty_.size() <= 1 && reluctant_.empty(); }
  /// Is its quota all that this receiver's failures are about?
  bool has_a_quota_only() const { return has_quota_ && faulty_.empty() && reluctant_.empty(); }
  /// Returns the most requests that came in one quota's wait after the receiver had asked for it.
  uint64_t out_of_turn() const { return out_of_turn_most_; }
  bool has(uint64_t event) const { return received_.contains(event); }
  size_t received() const { return received_.size(); }
  const Failure& fault() const { return fault_; }
  const std::string& description() const { return description_; }

  struct Requests {
    uint64_t all = 0;
    uint64_t faulty = 0;  // with a faulty event
  };
  const Requests& requests() const { return requests_; }
  /// Returns how many requests carried the event alone.
  uint64_t alone(uint64_t event) const;

 private:
  void draw_long_retry_after(uint64_t events);
  void draw_faulty(uint64_t events);
  void draw_weather();
  std::optional<Failure> weather_fault(SteadyTime now);
  std::optional<Failure> quota_fault(SteadyTime now);
  Failure any_failure();

  Random& random_;
  Failure fault_;
  std::set<uint64_t> faulty_;
  std::map<uint64_t, int> reluctant_;  // events that are taken after so many more tries
  Weather weather_ = Weather::healthy;
  Failure weather_failure_;
  SteadyTime down_from_{0}, down_for_{0}, period_{0};
  double probability_ = 0;
  double tokens_ = 0, rate_ = 0;
  SteadyTime refilled_{0};
  bool is_fair_ = false, has_quota_ = false;
  uint64_t quota_ = 0, used_ = 0;       // requests that it takes in a period, and has taken in this one
  int64_t quota_period_ = -1;           // the number of this period
  std::optional<SteadyTime> asked_at_;  // when it asked the sender to wait, in this period
  uint64_t out_of_turn_ = 0, out_of_turn_most_ = 0;
  Millis latency_{5};

  std::set<uint64_t> received_;
  std::map<uint64_t, uint64_t> alone_;
  Requests requests_;
  std::string description_;
};

}  // namespace vf::simulation
