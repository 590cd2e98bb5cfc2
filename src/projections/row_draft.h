// RowDraft: builds one row of a projected table, cell by cell, by column name. A value used by one thread.
// An unknown column is a defect of the projector and ends the process: the projector's test finds it.
#pragma once

#include <optional>
#include <string_view>

#include "projections/tables.h"
#include "store/table.h"

namespace vf::projections {

using Cell = std::optional<store::Value>;  // nullopt: the event does not mention the column

class RowDraft {
 public:
  /// Every group starts with `stamp`.
  RowDraft(TableId id, const store::Stamp& stamp);
  RowDraft& set(std::string_view column, Cell cell);
  /// Also gives the column's group a stamp of its own.
  RowDraft& set(std::string_view column, Cell cell, const store::Stamp& stamp);
  store::Row take() && { return std::move(row_); }

 private:
  size_t index_of(std::string_view column) const;
  store::Row row_;
};

}  // namespace vf::projections
