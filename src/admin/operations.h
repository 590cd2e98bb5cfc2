// Operations: the port by which the admin API reads and operates a running hub. `app` implements it. Any thread may
// call every function at any time; those that read may block on a store.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "event/event.h"
#include "fanout/status.h"
#include "fanout/target.h"
#include "fanout/target_watch.h"
#include "intake/source_metrics.h"
#include "outbox/writer.h"
#include "raw_log/reconciliation.h"

namespace vf::admin {

struct LakeStatus {
  std::string driver = "none";
  std::string state = "none";  // ok, backing off
  std::string last_error;
  int64_t rows_inserted = 0;
  std::optional<Position> cursor;
};

/// What one environment answered when it was asked for the outcome of an event.
struct EnvironmentAnswer {
  std::string name;
  std::string status;  // applied, ignored, quarantined, dropped, not received, unknown (`reason` says why)
  std::optional<Instant> at;
  std::string reason;
};

/// A call of an environment's listener for a person.
struct EnvironmentCall {
  std::string environment;
  std::string method, path;  // path: what follows the listener's address: "/internal/jobs…"
  std::string body = {};
  std::string caller = {};  // who asked for it: "token ops from 10.0.0.7"
};
/// Receives the body of a 200. Errors: those that the environment answers; `not_found`: the hub has no environment of
/// this name; `unavailable`: it did not answer in time, or too many calls of it are under way.
using OnAnswer = std::function<void(Result<std::string>)>;

class Operations {
 public:
  virtual ~Operations() = default;

  /// Returns the counts of the sources that are configured and not off.
  virtual std::vector<intake::SourceCounts> sources() const = 0;
  /// Returns the targets as configured.
  virtual std::vector<fanout::Target> targets() const = 0;
  /// Returns the status of each of targets(), in their order.
  virtual std::vector<fanout::Status> target_statuses() const = 0;
  /// Returns the targets that are no longer configured while the store holds events for them.
  virtual std::vector<fanout::LeftTarget> left_targets() const = 0;
  /// Ends the alarm of such a target. Error `not_found`: there is no alarm of a left target with this name.
  virtual void dismiss(const std::string& target, outbox::OnDone done) = 0;
  /// Orders a mode for a target; nullopt: back to the configured mode. Error `not_found`: no such target.
  virtual void set_mode(const std::string& target, std::optional<fanout::Mode> mode, outbox::OnDone done) = 0;

  /// Returns the state of the raw log's engine and feeder; LakeStatus{} when there is no raw log.
  virtual LakeStatus lake() const = 0;
  virtual bool has_lake() const = 0;
  /// Returns an event from the raw log; nullopt when it is not there, or when there is no raw log.
  virtual Result<std::optional<Event>> find_in_lake(Uuid event_id) const = 0;
  /// Starts a reconciliation of outbox and raw log. Error `not_found`: there is no raw log. Error `conflict`: one is
  /// under way.
  /// `asked_by`: who asks for it, as an audit log names a caller.
  virtual void start_reconciliation(const raw_log::ReconciliationRequest& request, const std::string& asked_by,
                                    outbox::OnDone done) = 0;
  /// Returns the reconciliation that was started last. Error `not_found`: there is no raw log.
  virtual Result<raw_log::ReconciliationStatus> reconciliation() const = 0;

  /// These act as the functions of outbox::DeadLetters with these names. `consumer` is a target's name or kRawLog.
  /// Error `not_found` also when there is no such consumer.
  virtual void retry_dead(const std::string& consumer, Uuid event_id, outbox::OnDone done) = 0;
  virtual void put_dead(const std::string& consumer, Uuid event_id, outbox::OnDone done) = 0;
  virtual void drop_dead(const std::string& consumer, Uuid event_id, outbox::OnDone done) = 0;

  // Both of these return at once, and complete from another thread within a few seconds:
  /// Asks every environment that is a receiver of this hub what it did with an event.
  virtual void ask_environments(Uuid event_id, std::function<void(std::vector<EnvironmentAnswer>)> done) const = 0;
  virtual void call_environment(EnvironmentCall call, OnAnswer done) const = 0;
};

}  // namespace vf::admin
