// Batch: the rows behind the feeder's cursor that have been read from the outbox and are not in the raw log yet.
// Bounded in rows and in bytes of bodies and headers. A value of one thread; no I/O.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/outbox_store.h"

namespace vf::raw_log {

struct BatchLimits {
  size_t rows_max = 10'000;      // smaller batches cost up to twice as much a row
  size_t bytes_max = 16u << 20;  // of bodies and headers; one event always fits
};

class Batch {
 public:
  explicit Batch(BatchLimits limits) : limits_(limits) {}

  bool is_empty() const { return rows_.empty(); }
  bool is_full() const { return rows_.size() >= limits_.rows_max || bytes_ >= limits_.bytes_max; }
  const std::vector<store::OutboxRow>& rows() const { return rows_; }
  /// Position of the last row. Not for an empty batch.
  Position end() const;

  /// What to read next while the batch grows: the rows that still fit, behind its last row or else behind `cursor`.
  store::ReadAfter next_rows(Position cursor) const;
  void append(std::vector<store::OutboxRow> rows);

  /// What to read next of a pinned range: one piece of it, behind `cursor`.
  store::ReadAfter next_piece(Position cursor) const;
  /// Drops rows behind `pinned_to`, and rows beyond one piece.
  void cut_to_piece(Position pinned_to);
  /// From now on a piece has half as many rows as the batch has now. Empties the batch.
  void halve_piece();
  /// From now on a piece is limited as a batch is.
  void reset_piece() { piece_max_ = SIZE_MAX; }

  void clear();

 private:
  const BatchLimits limits_;
  std::vector<store::OutboxRow> rows_;
  size_t bytes_ = 0;
  size_t piece_max_ = SIZE_MAX;  // rows
};

std::vector<const Event*> events_of(const std::vector<store::OutboxRow>& rows);
/// SHA-256 over the events' ids in their order, in hexadecimal: the same batch has the same digest.
std::string digest_of(const std::vector<const Event*>& events);

}  // namespace vf::raw_log
