// WaitingRows: the rows in the store of the events that one consumer could not deliver and that wait for another
// attempt: those that failed alone, and the dead letters that an operator has retried ("revived"). Reads them, and
// translates between them and the retry rule; the consumer writes. Used by one thread.
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "retry/rule.h"
#include "store/outbox_store.h"

namespace vf::outbox {

/// How many waiting rows of a consumer are read at most. The rule keeps a tenth of this; only operators' retries of
/// dead letters may exceed that.
inline constexpr size_t kWaitingRowsMax = 100'000;

class WaitingRows {
 public:
  /// `consumer` is a target's name or kRawLog.
  WaitingRows(store::OutboxStore& outbox, std::string consumer) : outbox_(outbox), consumer_(std::move(consumer)) {}

  /// Puts the events of all waiting rows into the lane; revived ones are left out. Recorded events without a row leave
  /// the lane: the store has lost their rows, because it failed over to a standby that lagged, and the events will be
  /// read again. No write of a row may be on its way.
  Result<void> restore(retry::Lane& lane, retry::Time now) const;

  /// Reads revived rows, if none is queued and the last read is a second old, or gave as many rows as one read may.
  Result<void> poll_revived(const retry::Lane& lane, SteadyTime now);
  /// Another party has changed a row: the next poll_revived() reads.
  void poll_soon() { next_poll_ = SteadyTime{0}; }
  bool any_revived() const { return !revived_.empty(); }
  /// Forgets all revived rows, which the next poll_revived() may find again: a write of one of them has failed.
  void forget_revived();
  /// The attempt at a revived event has come to its end: its row is written or removed, so the event may be revived
  /// again. No effect for any other event.
  void finished(Uuid event_id) { taken_.erase(event_id); }

  /// Whether an event may be attempted now. `dead`: an operator or retention has ended its wait; `gone`: its row is
  /// gone. `lost`: the outbox no longer holds the event, so it becomes a dead letter without another attempt (lost()).
  enum class State { ready, dead, gone, lost };
  struct Attempt {
    State state = State::gone;
    store::PutDelivery row = {};
    std::optional<store::OutboxRow> found = {};  // the event, when it is ready
  };
  /// Takes the first revived row; there must be one. After an error the row is the first one still.
  Result<Attempt> next_revived();
  /// Reads again what became of a revived row that was taken before.
  Result<Attempt> prepare(const store::PutDelivery& row);
  /// What has become of an event of the lane. `dead`: an operator or retention has made it a dead letter; `removed`:
  /// its row is gone. An event that is not recorded has no row yet.
  enum class Fate { waits, dead, removed };
  Result<Fate> fate_of(Uuid event_id, bool is_recorded) const;
  /// Reads the consumer's row of an event, in any state.
  Result<std::optional<store::PutDelivery>> find(Uuid event_id) const;

  /// Returns the row that a change of the rule asks for.
  store::PutDelivery row_of(const retry::Rule::Change& change) const;

 private:
  store::OutboxStore& outbox_;
  const std::string consumer_;
  std::deque<store::PutDelivery> revived_;
  std::set<Uuid> taken_;  // revived events that are queued, in flight or being written
  SteadyTime next_poll_{0};
};

/// The reason, for logs, of a dead letter that another party has made of a waiting event; its row says more.
inline constexpr const char* kEndedByOthers = "an operator or retention has ended its attempts";

/// Returns the change that makes a row's event a dead letter, because the outbox no longer holds the event.
retry::Rule::Change lost(const store::PutDelivery& row, Instant now);

}  // namespace vf::outbox
