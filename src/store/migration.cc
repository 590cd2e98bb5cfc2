#include "store/migration.h"

#include <fmt/format.h>

#include <algorithm>

namespace vf::store {
namespace {

bool is_known(std::span<const Migration> known, const AppliedMigration& row) {
  return std::ranges::find(known, row.version, &Migration::version) != known.end();
}

bool is_compatible(const AppliedMigration& row, std::span<const Migration> known) {
  const int64_t newest = known.empty() ? 0 : known.back().version;
  return row.version > newest && row.runs_with != 0 && row.runs_with <= newest;
}

Error made_by_newer(const AppliedMigration& row, std::span<const Migration> known, const MigrationTarget& target) {
  return conflict(
      fmt::format("{} has migration {}, which this vf does not know (its newest is {}): run the vf that made it, or a "
                  "newer one, then `{}`",
                  target.database, row.name, known.empty() ? "none" : known.back().name, target.command));
}

Error changed(const AppliedMigration& row, const Migration& migration, const MigrationTarget& target) {
  return conflict(
      fmt::format("migration {} of {} differs from the one applied as {}: applied migrations must not change; "
                  "restore sql/ from the release that made this database, rebuild, then `{}`",
                  migration.name, target.database, row.name, target.command));
}

}  // namespace

Result<std::vector<Migration>> plan_migrations(std::span<const Migration> known,
                                               std::span<const AppliedMigration> applied,
                                               const MigrationTarget& target) {
  for (const AppliedMigration& row : applied) {
    const auto match = std::ranges::find(known, row.version, &Migration::version);
    if (match == known.end()) {
      if (!is_compatible(row, known)) return made_by_newer(row, known, target);
      continue;
    }
    if (match->checksum != row.checksum || match->name != row.name) return changed(row, *match, target);
  }
  const int64_t newest = applied.empty() ? 0 : applied.back().version;
  std::vector<Migration> pending;
  for (const Migration& migration : known) {
    if (std::ranges::find(applied, migration.version, &AppliedMigration::version) != applied.end()) continue;
    if (migration.version < newest) {
      return conflict(
          fmt::format("migration {} of {} is older than {}, which is applied already: number it after the "
                      "newest, rebuild, then `{}`",
                      migration.name, target.database, applied.back().name, target.command));
    }
    pending.push_back(migration);
  }
  return pending;
}

std::vector<std::string> newer_migrations(std::span<const Migration> known, std::span<const AppliedMigration> applied) {
  std::vector<std::string> names;
  for (const AppliedMigration& row : applied) {
    if (!is_known(known, row)) names.push_back(row.name);
  }
  return names;
}

}  // namespace vf::store
