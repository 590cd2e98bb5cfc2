// The raw log's schema: sql/lake/NNNN_name.sql, compiled in, applied in order, forward only. The table vf._migrations
// records which were applied, with a checksum of their text. All drivers share it: a driver provides Execute. One
// process migrates at a time. Each statement of a file must be idempotent: there are no transactions, so a crash
// repeats it.
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

/// The migrations in this binary, in order.
std::span<const Migration> migrations();

/// Runs one statement. A SELECT returns RowBinary.
using Execute = std::function<Result<std::string>(const std::string& sql)>;

/// Where the tables are: on one server, or on every replica of a cluster of one shard.
struct Layout {
  std::string cluster = {};  // as in the server's remote_servers; empty: one server
};

/// `sql` with {on_cluster}, {engine} and {settings} replaced for this layout.
std::string laid_out(std::string_view sql, const Layout& layout);

/// The migrations that are not applied yet, in order. Changes nothing. Error `conflict`: an applied migration was
/// changed since, or a newer vf applied one that this version cannot run with.
Result<std::vector<Migration>> pending_migrations(const Execute& execute, std::span<const Migration> known);

/// Names of applied migrations that are not in `known`: those of a newer vf. Where pending_migrations() succeeds, this
/// version can run with all of them.
Result<std::vector<std::string>> newer_migrations(const Execute& execute, std::span<const Migration> known);

/// Applies the pending migrations. Returns their number.
Result<size_t> migrate(const Execute& execute, std::span<const Migration> known, const Layout& layout, Instant now);

/// Whether vf.raw_events keeps its rows for the wanted spans.
Result<bool> has_retention(const Execute& execute, const RetentionPolicy& wanted);
/// Sets the table's TTL to them; without a statement where it is set already.
Result<void> set_retention(const Execute& execute, const RetentionPolicy& wanted);

/// What is left to do, for people: the migrations' names, and "retention" unless `has_retention`.
std::vector<std::string> names_of(std::span<const Migration> pending, bool has_retention);

/// The statements of a file: each ends in a semicolon at the end of a line.
std::vector<std::string_view> split_statements(std::string_view sql);

}  // namespace vf::lake
