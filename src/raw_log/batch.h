// Batch: the rows behind the feeder's cursor that have been read from the outbox and are not in the raw log yet.
// Bounded in rows and in bytes of bodies and headers. A value of one thread; no I/O.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/outbox_store.h"

namespace vf::raw_log {

struct BatchLimits {
  size_t rows_max = 10'000;      // a smaller batch costs up to twice as much per row
  size_t bytes_max = 16u << 20;  // of bodies and headers; an event that is larger is a batch alone
};

class Batch {
 public:
  explicit Batch(BatchLimits limits) : limits_(limits) {}

  bool is_empty() const { return rows_.empty(); }
  bool is_full() const { return rows_.size() >= limits_.rows_max || bytes_ >= limits_.bytes_max; }
  const std::vector<store::OutboxRow>& rows() const { return rows_; }
  /// Returns the position of the last row. The batch must not be empty.
  Position end() const;

  /// Returns the read that fills the batch: the rows that still fit, after its last row or, when it is empty, after
  /// `cursor`.
  store::ReadAfter next_rows(Position cursor) const;
  void append(std::vector<store::OutboxRow> rows);

  /// Returns the read of the next piece of a pinned range: at most `rows_max` rows after `cursor`.
  store::ReadAfter next_piece(Position cursor, size_t rows_max) const;
  /// Drops the rows after position `pinned_to`, and the rows beyond `rows_max`.
  void cut_to_piece(Position pinned_to, size_t rows_max);

  void clear();

 private:
  const BatchLimits limits_;
  std::vector<store::OutboxRow> rows_;
  size_t bytes_ = 0;
};

std::vector<const Event*> events_of(const std::vector<store::OutboxRow>& rows);
/// Returns the SHA-256 over the events' ids in their order, in hexadecimal: it identifies the batch.
std::string digest_of(const std::vector<const Event*>& events);

}  // namespace vf::raw_log
