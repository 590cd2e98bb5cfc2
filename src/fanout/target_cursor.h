// TargetCursor: where one target's cursor stands in the store, and every move of it: created at the first start, taken
// over rows that retention removed, advanced over completed batches, moved to the present on detachment.
// Single-threaded; reads the store directly, writes through the committer.
//
//   missing  the store may hold no cursor            create() → writing
//   writing  its first row, or a move over a gap     the write's completion → unread
//   unread   the store holds it                      load() → known, or writing (a gap), or missing
//   known    delivery runs                           a cursor that the store has lost → missing
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

/// The write that gives a target its first cursor, where its `start` says at the moment of the commit. The store
/// ignores it when the target has a cursor.
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
    std::function<void(Position)> on_jump;  // the cursor stands where no batch begins: read on from there
  };
  explicit TargetCursor(Params params);

  Position position() const { return position_; }
  bool is_known() const { return phase_ == Phase::known; }
  bool is_unread() const { return phase_ == Phase::unread; }
  /// Is a move on its way to the store?
  bool is_moving() const { return moving_; }
  /// Is the move to the present still to be done?
  bool is_jumping() const { return jump_reason_.has_value(); }
  /// May rows behind the position be read? Not while a jump, or an advance of unknown outcome, may change it.
  bool is_certain() const { return !is_jumping() && !is_unknown_; }

  /// Writes the first cursor when the store may hold none.
  void create();
  /// Takes what the store holds for an unread cursor. True: the position is known.
  bool load(std::optional<Position> stored, Position purged);

  /// Reads the position anew: an operator, or a fail-over to a standby that lagged, may have moved the cursor.
  void find();
  /// Finds the position after an unknown outcome, and makes the move to the present.
  void step();
  /// Moves over the batches that are completed.
  void advance();
  /// Leaves the backlog behind. `reason` goes to the audit log.
  void jump_to_present(std::string reason) { jump_reason_ = std::move(reason); }

  /// How many events retention removed before the target read them; empty: none, or the operator has seen it.
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
