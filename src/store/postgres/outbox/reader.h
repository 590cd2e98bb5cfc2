// OutboxReader: following the outbox on PostgreSQL. Transactions do not commit in the order of their ids, so a read
// returns only rows below the horizon, the oldest transaction that still runs: below it no new row can appear.
// Thread safe.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "store/outbox_store.h"
#include "store/postgres/connection.h"

namespace vf::store::postgres {

/// The places of the outbox's readers, so that the next read can leave out the partitions of past days. Rows are
/// received in the order of their positions, except across a correction of the server's clock: therefore a floor lies
/// an hour lower, at the beginning of a day, and the reader checks from time to time for rows that it hides. Thread
/// safe.
class ReadTrail {
 public:
  /// A reader's place at one position.
  struct Place {
    Instant floor;        // days before it have no row after the position, as far as is known
    Position checked_to;  // no row was hidden up to here
    Millis checked_at;    // steady clock
  };

  std::optional<Place> find(Position position) const;
  void remember(Position position, const Place& place);
  void clear();

  /// The floor that follows from the receive time of a row.
  static Instant floor_of(Instant received);

 private:
  static constexpr size_t kPlacesMax = 256;

  mutable std::mutex mutex_;
  std::map<Position, Place> places_;
  std::deque<Position> order_;  // oldest first
};

class OutboxReader {
 public:
  /// `check_every`: how often a reader checks for rows that its floor may hide.
  explicit OutboxReader(Millis check_every) : check_every_(check_every) {}

  /// As OutboxStore::read_after(). Error `internal` when rows before the reader's position were hidden: the server's
  /// clock was set back by more than an hour.
  Result<std::vector<OutboxRow>> read(Connection& db, const ReadAfter& params);

 private:
  Result<std::vector<OutboxRow>> fetch(Connection& db, const ReadAfter& params, std::optional<Instant> floor);
  Result<void> check_nothing_hidden(Connection& db, const ReadTrail::Place& place, Position end);

  const Millis check_every_;
  ReadTrail trail_;
};

}  // namespace vf::store::postgres
