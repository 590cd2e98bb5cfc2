// The raw log's schema: the migrations sql/lake/NNNN_name.sql are compiled in and applied in order, forward only. The
// table vf._migrations records which migrations were applied, with a checksum of their text. All drivers share this
// code: a driver provides Execute. One process migrates at a time. Each statement of a migration must be idempotent:
// the engine has no transactions, so after a crash the statements are run again.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "lake/retention.h"
#include "store/migration.h"

namespace vf::lake {

using store::Migration;

/// Returns the migrations compiled into this binary, in order.
std::span<const Migration> migrations();

/// Runs one statement. A SELECT returns RowBinary.
using Execute = std::function<Result<std::string>(const std::string& sql)>;

/// Says where the tables are: on one server, or on every replica of a cluster of one shard.
struct Layout {
  std::string cluster = {};  // as in the server's remote_servers; empty: one server
};

/// Returns `sql` with {on_cluster}, {engine} and {settings} replaced for this layout.
std::string laid_out(std::string_view sql, const Layout& layout);

/// Returns the migrations that are not applied yet, in order. Error `conflict`: an applied migration was
/// changed since, or a newer vf applied one that this version cannot run with.
Result<std::vector<Migration>> pending_migrations(const Execute& execute, std::span<const Migration> known);

/// Returns the names of applied migrations that are not in `known`: a newer vf applied them. If pending_migrations()
/// succeeds, this version can run with all of them.
Result<std::vector<std::string>> newer_migrations(const Execute& execute, std::span<const Migration> known);

/// Applies the pending migrations. Returns their number.
Result<size_t> migrate(const Execute& execute, std::span<const Migration> known, const Layout& layout, Instant now);

/// Returns whether the TTL of vf.raw_events is that of `wanted`.
Result<bool> has_retention(const Execute& execute, const RetentionPolicy& wanted);
/// Sets the TTL of vf.raw_events to that of `wanted`, unless it is set already.
Result<void> set_retention(const Execute& execute, const RetentionPolicy& wanted);

/// Returns the names of the changes that are left to make: those of `pending`, and "retention" unless `has_retention`.
std::vector<std::string> names_of(std::span<const Migration> pending, bool has_retention);

/// Splits a migration file into its statements; each ends in a semicolon at the end of a line.
std::vector<std::string_view> split_statements(std::string_view sql);

}  // namespace vf::lake
