// OutboxReader: reads the outbox on PostgreSQL from a position onward. Transactions do not commit in the order of their
// ids, so a read returns only rows below the horizon (the oldest transaction that is still open): below the horizon no
// new row can appear. Thread safe.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "store/outbox_store.h"
#include "store/postgres/connection.h"

namespace vf::store::postgres {

/// Remembers, for each position that a read has reached, the earliest partition day that the next read must search (its
/// floor): the next read leaves out the partitions of the days before. Receive times increase with positions, except
/// when the server's clock is corrected. Therefore the floor is computed from an hour before the last row's receive
/// time, and the reader checks from time to time for rows in the left-out partitions. Thread safe.
class ReadTrail {
 public:
  /// What is known about the rows after one position.
  struct Place {
    Instant floor;        // the beginning of the earliest partition day that the next read must search
    Position checked_to;  // up to this position the reads have left out no row
    Millis checked_at;    // time of that check, by the steady clock
  };

  std::optional<Place> find(Position position) const;
  void remember(Position position, const Place& place);
  void clear();

  /// Returns the earliest partition day to read after a row with this receive time: the beginning of the UTC day of
  /// `received` minus one hour.
  static Instant floor_of(Instant received);

 private:
  static constexpr size_t kPlacesMax = 256;

  mutable std::mutex mutex_;
  std::map<Position, Place> places_;
  std::deque<Position> order_;  // keys of `places_`, the oldest entry first
};

class OutboxReader {
 public:
  /// `check_every`: how often a reader checks whether its reads have left out rows of earlier days.
  explicit OutboxReader(Millis check_every) : check_every_(check_every) {}

  /// Does what OutboxStore::read_after() describes. Error `internal`: rows before the reader's position were left out
  /// and never read, because the server's clock was set back by more than an hour.
  Result<std::vector<OutboxRow>> read(Connection& db, const ReadAfter& params);

 private:
  Result<std::vector<OutboxRow>> fetch(Connection& db, const ReadAfter& params, std::optional<Instant> floor);
  Result<void> check_nothing_hidden(Connection& db, const ReadTrail::Place& place, Position end);

  const Millis check_every_;
  ReadTrail trail_;
};

}  // namespace vf::store::postgres
