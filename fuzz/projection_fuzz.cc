// Fuzzes the projectors: the input is a body, given to each of them in turn. Every event is applied with whole rows or
// quarantined with a reason, the same each time.
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "projections/registry.h"

namespace {

using namespace vf;
using store::ColumnType;

bool fits(const store::Value& value, ColumnType type) {
  if (std::holds_alternative<std::monostate>(value)) return true;
  switch (type) {
    case ColumnType::integer:
      return std::holds_alternative<int64_t>(value);
    case ColumnType::boolean:
      return std::holds_alternative<bool>(value);
    case ColumnType::time:
      return std::holds_alternative<Instant>(value);
    case ColumnType::text:
      break;
  }
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr && is_utf8(*text) && text->find('\0') == std::string::npos;
}

void check(const store::Row& row) {
  const auto columns = row.table->columns;
  VF_INVARIANT(row.cells.size() == columns.size() && row.stamps.size() == row.table->groups.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    const auto& cell = row.cells[i];
    if (columns[i].merge == store::Merge::key) {
      VF_INVARIANT(cell && !std::holds_alternative<std::monostate>(*cell));
    }
    VF_INVARIANT(!cell || fits(*cell, columns[i].type));
  }
}

bool same(const std::vector<store::Row>& a, const std::vector<store::Row>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].table != b[i].table || a[i].cells != b[i].cells || a[i].stamps != b[i].stamps) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Event event;
  event.source = "fuzz";
  event.message_id = "01JVWMSYEHQFCS2YK1GJ5KX7A1";
  event.body.assign(reinterpret_cast<const char*>(data), size);
  for (const auto& entry : projections::registry()) {
    event.type = entry.type;
    const auto projected = projections::project(event);
    if (projected.status == store::Applied::quarantined) {
      VF_INVARIANT(!projected.reason.empty() && !projected.envelope.empty() && projected.rows.empty());
    } else {
      VF_INVARIANT(projected.status == store::Applied::applied &&
                   projected.rows.size() <= projections::kRowsPerEventMax);
    }
    for (const auto& row : projected.rows) check(row);
    VF_INVARIANT(same(projected.rows, projections::project(event).rows));
  }
  return 0;
}
