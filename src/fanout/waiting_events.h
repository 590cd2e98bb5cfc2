// WaitingEvents: keeps the events of one target that have failed alone where they belong. The retry rule says when each
// is tried again and when its row is written. This class writes the rows (outbox::WaitingRows reads them), and knows
// which part of a batch each unrecorded event holds open. Single-threaded.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fanout/batches.h"
#include "fanout/dispatcher_ports.h"
#include "fanout/durable_writes.h"
#include "fanout/status.h"
#include "fanout/store_backoff.h"
#include "fanout/target.h"
#include "outbox/waiting_rows.h"
#include "retry/rule.h"

namespace vf::fanout {

class WaitingEvents {
 public:
  struct Params {
    const Target& target;
    const DispatcherPorts& ports;
    retry::Rule& rule;
    Batches& batches;
    DurableWrites& writes;
    StoreBackoff& store;
    Status& status;  // receives counts of deferred events and dead letters
  };
  explicit WaitingEvents(Params params) : params_(params), rows_(params.ports.outbox, params.target.name) {}

  /// The cursor stands where no batch begins: events held in memory are forgotten, and the rows must be loaded.
  void begin_at(Position cursor);
  /// Loads the rows if they must be loaded, and reads once a second which dead letters an operator has retried. Returns
  /// false while the rows are not loaded; nothing may be read from the outbox or sent then.
  bool load();
  /// Does the store hold a row of this event, whose position the cursor has not passed? It must not be sent as a new
  /// one. Answers true once for each.
  bool take_known(Uuid event_id) { return known_.erase(event_id) > 0; }

  /// An attempt at one event, ready to be sent. `gone`: the event is not to be sent any more, and is forgotten.
  struct Attempt {
    enum class State { ready, gone, store_failed } state = State::store_failed;
    std::string body = {};
  };
  /// Prepares the attempt at an event of the lane. An operator or retention may have ended it: its row is read first.
  Attempt next_alone(Uuid event_id);
  /// A request of events that an operator has retried.
  struct Revived {
    std::vector<store::PutDelivery> rows = {};  // empty: none can be sent now
    std::string body = {};
    bool has_failed = false;  // as part of a larger request
  };
  bool any_revived() const { return !cut_up_.empty() || rows_.any_revived(); }
  /// Prepares a request of such events; any_revived() must be true. It ends before a body of bytes_max, after one event
  /// at least.
  Revived next_revived(size_t events_max, size_t bytes_max);
  /// A request of several such events has failed: each is sent again in a request of its own.
  void cut_up(std::vector<store::PutDelivery> rows);

  /// An event failed alone, sent as part of a batch or as a revived one.
  void failed_alone(PartRef ref, const retry::Outcome& outcome, const retry::Reason& reason);
  void failed_alone(const store::PutDelivery& row, const retry::Outcome& outcome, const retry::Reason& reason);
  /// An event that was sent alone is delivered, and out of the rule's lane. `has_row`: the store holds a row of it, or
  /// will hold one.
  void delivered(Uuid event_id, bool has_row);
  /// Writes what the rule has decided.
  void apply(std::vector<retry::Rule::Change> changes);

  /// Another party has changed the event's row: it is read again.
  void row_changed(Uuid event_id);
  /// Another party may have changed rows: they are read soon.
  void rows_changed() { rows_.poll_soon(); }
  /// Completes the events that are held in memory without a delivery: the target's mode skips them.
  void skip_held(store::SkipReason skip_reason);

 private:
  Result<void> load_rows();
  Attempt failed(const Error& error);
  Result<outbox::WaitingRows::Attempt> take_revived();
  void lost(const store::PutDelivery& row);
  void count_dead(Uuid event_id, const std::string& reason);
  void complete(Uuid event_id, bool delivered);
  void forget(Uuid event_id);

  bool is_batch() const { return params_.target.delivery == Delivery::batch; }
  retry::Time time() const { return {.wall = params_.ports.clock.now(), .steady = params_.ports.clock.steady()}; }

  const Params params_;
  outbox::WaitingRows rows_;
  std::deque<store::PutDelivery> cut_up_;
  Position cursor_;
  bool is_loaded_ = false;
  std::set<Uuid> known_;          // events after the cursor of which the store holds a row
  std::map<Uuid, PartRef> held_;  // the parts that the lane's unrecorded events hold open
};

}  // namespace vf::fanout
