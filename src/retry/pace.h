// Pace: decides when a receiver may be sent a request, and of how many events. Every delivery widens the window (the
// requests in flight) by one and the size of requests by an eighth; a failure halves the size. One isolated failure
// leaves the window as it is. After five failures in a row, or when a fresh request is answered with 429, or with 503
// and Retry-After, the receiver backs off (exponentially with full jitter): nothing is sent until a probe of one event,
// which ends the back-off when it is delivered and doubles it when it fails.
//
// One answer may be the fault of one event. So a Retry-After that is longer than the hub would choose (`longest`) is
// tested by an early probe of another event after `longest`. If that is delivered, the back-off ends: only the event
// that got the answer waits (retry/lane.h), and such an answer makes this receiver wait no more, until a test has
// failed. If it fails, the whole wait is kept: a receiver that limits requests gets one more of them in such a wait.
// Only a test that may say nothing is repeated, once: of a piece, which may hold the event that got the answer.
//
// A request that is ten times slower than usual, and a second at least, gives its place in the window to others, so
// that events on which the receiver hangs do not hold up the rest. At most three more windows are lent in this way.
//
// Uses the steady clock; single-threaded; no I/O.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "base/random.h"
#include "base/time.h"
#include "retry/outcome.h"
#include "retry/params.h"

namespace vf::retry {

/// fresh: no event of the request has failed before. piece: a part of a request that failed. alone: one event that has
/// failed alone before.
enum class Kind { fresh, piece, alone };

class Pace {
 public:
  static constexpr int kFailuresMax = 5;  // so many in a row are a failure of the receiver
  static constexpr size_t kLentWindowsMax = 3;

  Pace(const Params& params, Random& random) : params_(params), random_(random), size_(params.events_max) {}

  /// May a request be sent now?
  bool may_send(SteadyTime now) const;
  /// May an event that failed alone be sent now? Such events have a quarter of the window, one place at least, and are
  /// sent one at a time after two failures of such events without a delivery between them.
  bool may_send_alone(SteadyTime now) const;
  /// May an event that failed alone be sent as the probe of a receiver that backs off?
  bool may_probe_alone(SteadyTime now) const { return is_backing_off() && may_send(now) && now >= alone_at_; }
  /// Is the next probe a test of a long Retry-After? It should be of an event that has never failed.
  bool is_testing() const { return test_.has_value(); }
  /// How many events the next request may carry.
  size_t size() const { return is_backing_off() ? 1 : size_; }

  /// `request` is greater than those of all earlier requests.
  void began(uint64_t request, Kind kind, SteadyTime now);
  void ended(uint64_t request, const Outcome& outcome, SteadyTime now);
  /// Ends the back-off and forgets the failures, on an operator's order.
  void forgive();

  bool is_backing_off() const { return backoffs_ > 0; }
  /// Returns how many back-offs in a row the receiver has needed; 0: it is not backing off.
  int backoffs() const { return backoffs_; }
  /// Returns when the next probe may be sent; nullopt while the receiver is not backing off.
  std::optional<SteadyTime> retry_at() const { return is_backing_off() ? std::optional(retry_at_) : std::nullopt; }
  /// The same of a probe with an event that failed alone; never earlier.
  std::optional<SteadyTime> alone_at() const { return is_backing_off() ? std::optional(alone_at_) : std::nullopt; }
  /// Returns when the next place is lent, if time alone makes that happen.
  std::optional<SteadyTime> next_lent_at(SteadyTime now) const;
  size_t in_flight() const { return in_flight_.size(); }
  /// Returns the most requests that may be in flight when all of them are slow.
  static size_t in_flight_max(const Params& params) { return params.window_max * (1 + kLentWindowsMax); }
  size_t window() const { return window_; }

 private:
  struct Request {
    Kind kind = Kind::fresh;
    SteadyTime began{0};
  };
  /// A wait that is tested: what the receiver asked for, longer than `longest`.
  struct Test {
    SteadyTime until{0};
    bool piece_failed = false;
  };
  /// Requests that hold a place in the window, all or those of one kind.
  size_t places_taken(SteadyTime now, std::optional<Kind> kind) const;
  SteadyTime slow_after() const;
  void delivered(const Request& request, bool was_probe, SteadyTime now);
  void failed(const Request& request, bool was_probe, const Outcome& outcome, SteadyTime now);
  void back_off(SteadyTime now, SteadyTime asked);
  void wait(SteadyTime now, SteadyTime chosen, SteadyTime asked);
  void test_failed(Kind kind, SteadyTime now, SteadyTime asked);

  const Params params_;
  Random& random_;
  std::map<uint64_t, Request> in_flight_;  // oldest first
  size_t window_ = 1;
  size_t size_;
  std::optional<SteadyTime> usual_;  // duration of delivered requests, a moving average
  int failures_ = 0;                 // of fresh requests and pieces, since the last delivery
  int failures_alone_ = 0;           // of events alone, since the last delivery
  int backoffs_ = 0;
  std::optional<uint64_t> probe_;  // the request that decides whether the back-off ends
  SteadyTime retry_at_{0};
  SteadyTime alone_at_{0};
  std::optional<Test> test_;
  // The newest test has shown that a long Retry-After was not about the receiver.
  bool asked_in_vain_ = false;
};

}  // namespace vf::retry
