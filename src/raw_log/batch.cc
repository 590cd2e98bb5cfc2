#include "raw_log/batch.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/bytes.h"
#include "crypto/digest.h"

namespace vf::raw_log {
namespace {

size_t bytes_of(const store::OutboxRow& row) { return row.event.body.size() + row.event.headers.size(); }

}  // namespace

Position Batch::end() const {
  VF_INVARIANT(!rows_.empty());
  return rows_.back().event.position;
}

store::ReadAfter Batch::next_rows(Position cursor) const {
  VF_INVARIANT(!is_full());
  return {.after = is_empty() ? cursor : end(),
          .rows_max = limits_.rows_max - rows_.size(),
          .bytes_max = limits_.bytes_max - bytes_};
}

void Batch::append(std::vector<store::OutboxRow> rows) {
  for (auto& row : rows) {
    bytes_ += bytes_of(row);
    rows_.push_back(std::move(row));
  }
}

store::ReadAfter Batch::next_piece(Position cursor, size_t rows_max) const {
  return {.after = cursor, .rows_max = std::min(limits_.rows_max, rows_max), .bytes_max = limits_.bytes_max};
}

void Batch::cut_to_piece(Position pinned_to, size_t rows_max) {
  std::erase_if(rows_, [pinned_to](const auto& row) { return row.event.position > pinned_to; });
  if (rows_.size() > rows_max) rows_.erase(rows_.begin() + static_cast<std::ptrdiff_t>(rows_max), rows_.end());
  bytes_ = 0;
  for (const auto& row : rows_) bytes_ += bytes_of(row);
}

void Batch::clear() {
  rows_.clear();
  bytes_ = 0;
}

std::vector<const Event*> events_of(const std::vector<store::OutboxRow>& rows) {
  std::vector<const Event*> events;
  events.reserve(rows.size());
  for (const auto& row : rows) events.push_back(&row.event);
  return events;
}

std::string digest_of(const std::vector<const Event*>& events) {
  crypto::Sha256 digest;
  for (const Event* event : events) {
    digest.update({reinterpret_cast<const char*>(event->id.bytes.data()), event->id.bytes.size()});
  }
  const auto bytes = digest.finish();
  return to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace vf::raw_log
