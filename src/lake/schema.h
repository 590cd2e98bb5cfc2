// The raw log's schema: sql/lake/NNNN_name.sql, compiled in, applied in order, forward only. The table vf._migrations
// says which were applied, and with what text. The same for every driver: a driver gives Execute. One process migrates
// at a time. Each statement of a file must be idempotent: there are no transactions, and a crash repeats it.
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

/// What this binary carries, in order.
std::span<const Migration> migrations();

/// Runs one statement; a SELECT answers in RowBinary.
using Execute = std::function<Result<std::string>(const std::string& sql)>;

/// Where the tables live: on one server, or on every replica of a cluster of one shard.
struct Layout {
  std::string cluster = {};  // as in the server's remote_servers; empty: one server
};

/// Puts the layout's words where `sql` has {on_cluster}, {engine} and {settings}.
std::string laid_out(std::string_view sql, const Layout& layout);

/// Not applied yet, in order. Changes nothing. Error `conflict`: one was changed after it was applied, or a newer vf
/// applied what this one cannot run with.
Result<std::vector<Migration>> pending_migrations(const Execute& execute, std::span<const Migration> known);

/// Names of those applied that are not known: a newer vf's. Where pending_migrations() succeeds, all can be run with.
Result<std::vector<std::string>> newer_migrations(const Execute& execute, std::span<const Migration> known);

/// Applies what is pending; says how many that were.
Result<size_t> migrate(const Execute& execute, std::span<const Migration> known, const Layout& layout, Instant now);

/// Does vf.raw_events keep its rows for the spans that are wanted?
Result<bool> has_retention(const Execute& execute, const Retention& wanted);
/// Makes it so, by the table's TTL; no statement where it is so already.
Result<void> set_retention(const Execute& execute, const Retention& wanted);

/// What is to be done, for people: the migrations' names, and "retention" unless that is as wanted.
std::vector<std::string> names_of(std::span<const Migration> pending, bool has_retention);

/// The statements of a file: each ends in a semicolon at the end of a line.
std::vector<std::string_view> split_statements(std::string_view sql);

}  // namespace vf::lake
