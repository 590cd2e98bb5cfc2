// TargetCursor: knows where one target's cursor stands in the store, and makes every move of it. The cursor is created
// at the target's first start, moved over rows that retention removed, advanced over completed batches, and moved to
// the present on detachment. Single-threaded; reads the store directly, writes through the committer.
//
//   missing  the store may hold no cursor                 create() → writing
//   writing  the first cursor, or a move over a gap       the write's completion → unread
//   unread   the store should hold a cursor               load() → known, or writing (a gap), or missing
//   known    the position is known, delivery runs         the store has lost the cursor → missing
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/time.h"
#include "fanout/batches.h"
#include "fanout/durable_writes.h"
#include "fanout/store_backoff.h"
#include "fanout/target.h"
#include "outbox/writer.h"
#include "store/outbox_store.h"

namespace vf::fanout {

/// Returns the write that creates a target's first cursor, at the place that `start` names at the moment of the commit.
/// The store ignores the write when the target has a cursor.
store::StartConsumer start_consumer(const Target& target);

class TargetCursor {
 public:
  struct Params {
    const Target& target;
    store::OutboxStore& outbox;
    outbox::Writer& writer;
    const Clock& clock;
    Batches& batches;
    DurableWrites& writes;
    StoreBackoff& store;
    std::function<void(Position)> on_jump;  // the cursor stands where no batch begins; reading must go on from there
  };
  explicit TargetCursor(Params params);

  Position position() const { return position_; }
  bool is_known() const { return phase_ == Phase::known; }
  bool is_unread() const { return phase_ == Phase::unread; }
  /// Is a move of the cursor on its way to the store?
  bool is_moving() const { return moving_; }
  /// Is a move to the present ordered and not yet durable?
  bool is_jumping() const { return jump_reason_.has_value(); }
  /// May rows after the position be read? Not while a jump, or an advance of unknown outcome, may change the position.
  bool is_certain() const { return !is_jumping() && !is_unknown_; }

  /// Writes the first cursor when the store may hold none.
  void create();
  /// Takes over the cursor that the store holds (`stored`), in phase `unread`. Returns true when the position is known.
  bool load(std::optional<Position> stored, Position purged);

  /// Reads the position again, because an operator or a fail-over to a standby that lagged may have moved the cursor.
  void find();
  /// Reads the position again after a move of unknown outcome, and starts the move to the present if it is ordered.
  void step();
  /// Moves the cursor over the completed events.
  void advance();
  /// Orders the move to the present, which leaves the backlog behind. `reason` goes to the audit log.
  void jump_to_present(std::string reason) { jump_reason_ = std::move(reason); }

  /// Returns the alarm about events that retention removed before the target read them; empty: there are none, or an
  /// operator has cleared the alarm.
  const std::string& gap_alarm() const { return gap_alarm_; }
  void clear_gap_alarm() { gap_alarm_.clear(); }

 private:
  enum class Phase { missing, writing, unread, known };

  void skip_gap(Position purged);
  void write_jump();
  void set_position(Position position);

  const Params params_;
  const std::string config_version_;
  Phase phase_ = Phase::missing;
  Position position_;
  bool moving_ = false;
  bool is_unknown_ = false;  // a move failed, and may have been committed
  std::optional<std::string> jump_reason_;
  std::string gap_alarm_;
};

}  // namespace vf::fanout
