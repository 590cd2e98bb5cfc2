#include "projections/row_draft.h"

#include "base/result.h"

namespace vf::projections {

RowDraft::RowDraft(TableId id, const store::Stamp& stamp) {
  row_.table = &table(id);
  row_.cells.resize(row_.table->columns.size());
  row_.stamps.assign(row_.table->groups.size(), stamp);
}

RowDraft& RowDraft::set(std::string_view column, Cell cell) {
  row_.cells[index_of(column)] = std::move(cell);
  return *this;
}

RowDraft& RowDraft::set(std::string_view column, Cell cell, const store::Stamp& stamp) {
  const size_t index = index_of(column);
  row_.cells[index] = std::move(cell);
  row_.stamps[row_.table->columns[index].group] = stamp;
  return *this;
}

size_t RowDraft::index_of(std::string_view column) const {
  const auto columns = row_.table->columns;
  size_t index = 0;
  while (index < columns.size() && columns[index].name != column) ++index;
  VF_INVARIANT(index < columns.size());
  return index;
}

}  // namespace vf::projections
