#include "lake/chdb/chdb_raw_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <utility>

#include "lake/chdb/connection.h"
#include "lake/chdb/open_folder.h"
#include "lake/engine_error.h"
#include "lake/engine_raw_log.h"
#include "lake/raw_events.h"
#include "lake/schema.h"

namespace vf::lake::chdb {
namespace {

// Options of the engine, which starts with the first connection. They keep room for the hub's own work: merges have one
// thread of lower priority, and caches are bounded (their default is gigabytes). bench/raw_log_bench.cc compares
// settings.
std::vector<std::string> engine_options(const std::string& path) {
  return {
      "--path=" + path,
      // This file does not exist. Without the option the engine would read a config.xml of the working folder or home.
      "--config-file=" + path + "/config.xml",
      "--background_pool_size=1",
      "--os_threads_nice_value_merge_mutate=5",
      "--mark_cache_size=67108864",
      "--index_mark_cache_size=16777216",
      "--primary_index_cache_size=67108864",
      "--query_condition_cache_size=8388608",
      "--compiled_expression_cache_size=16777216",
  };
}

// Options of one connection.
std::vector<std::string> session_options() {
  return {
      "--max_threads=2",
      "--max_insert_threads=1",
      "--max_memory_usage=1073741824",  // limit of one statement
      "--async_insert=0",               // chDB's default of 1 answers before the data is stored
      "--input_format_parallel_parsing=0",
      "--min_table_rows_to_use_projection_index=0",  // uses the projections as indexes from the first row on
      "--query_profiler_real_time_period_ns=0",      // sends no signals to our threads
      "--query_profiler_cpu_time_period_ns=0",
  };
}

class ChdbRawLog final : public EngineRawLog {
 public:
  ChdbRawLog(OpenFolder folder, std::unique_ptr<Connection> writer, std::unique_ptr<Connection> reader)
      : folder_(std::move(folder)), writer_(std::move(writer)), reader_(std::move(reader)) {}

  // `token` is not used: after a kill between the token's log and the part's rename, MergeTree would drop the rows when
  // they are sent again. The feeder's look-up guards against repeated rows.
  Result<void> insert(std::span<const RawRow> rows, const std::string&) override {
    if (rows.empty()) return {};
    size_t bytes = 0;
    for (const auto& row : rows) bytes += 512 + row.event->body.size() + row.event->headers.size();
    std::string encoded;
    encoded.reserve(bytes);
    for (const auto& row : rows) append_row(encoded, row);
    const std::lock_guard lock(write_mutex_);
    VF_TRY(folder_.check());
    VF_TRY(insert_outcome(writer_->insert(insert_statement(), encoded)));
    return folder_.check();  // a folder that goes away takes the rows along
  }

  // An insert of chDB ends before insert() returns, and with its process: no insert runs while this function has the
  // lock.
  Result<void> abort_pending() override {
    const std::lock_guard lock(write_mutex_);
    VF_TRY(folder_.check());
    auto answer = writer_->query("SELECT 1");
    if (!answer) return answer.error();
    return {};
  }

 private:
  Result<std::string> select(const std::string& sql, bool) override {
    const std::lock_guard lock(read_mutex_);
    return reader_->query(sql);
  }

  const OpenFolder folder_;
  std::mutex write_mutex_, read_mutex_;
  std::unique_ptr<Connection> writer_, reader_;
};

// The engine holds an flock on the file `status` of its folder. It reports a second user of the folder on stderr only.
Result<void> refuse_if_in_use(const std::string& path) {
  const int file = ::open((path + "/status").c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  const bool in_use = ::flock(file, LOCK_EX | LOCK_NB) != 0;
  ::close(file);
  if (!in_use) return {};
  return conflict(fmt::format("lake: {} is in use by another process; only one process can use a chDB lake", path));
}

struct Engine {
  const Library& library;
  std::vector<std::string> options;
};

Result<std::string> absolute_path(const ChdbParams& params) {
  std::error_code failed;
  // The path must be absolute: the engine's fsync of a folder fails on a relative one.
  const auto path = std::filesystem::absolute(params.path, failed).lexically_normal();
  if (failed) return unavailable(fmt::format("lake: {}: {}", params.path, failed.message()));
  return path.string();
}

Result<Engine> prepare_engine(const ChdbParams& params) {
  VF_ASSIGN(auto path, absolute_path(params));
  std::error_code failed;
  std::filesystem::create_directories(path, failed);
  if (failed) return unavailable(fmt::format("lake: cannot create {}: {}", params.path, failed.message()));
  // The engine's files have the rights that the umask leaves: the folder keeps other users out.
  std::filesystem::permissions(path, std::filesystem::perms::owner_all, failed);
  VF_ASSIGN(auto library, Library::load(params.library));
  VF_TRY(refuse_if_in_use(path));
  Engine engine{*library, engine_options(path)};
  std::ranges::copy(session_options(), std::back_inserter(engine.options));
  std::ranges::copy(params.engine_options, std::back_inserter(engine.options));
  return engine;
}

Execute executing(Connection& connection) {
  return [&connection](const std::string& sql) { return connection.query(sql); };
}

using Names = Result<std::vector<std::string>>;

Names pending_changes(const Execute& execute, const RetentionPolicy& retention) {
  VF_ASSIGN(auto left, pending_migrations(execute, migrations()));
  VF_ASSIGN(auto same, has_retention(execute, retention));
  return names_of(left, same);
}

// Returns the result of `query` on the folder's engine, or `without_folder` when the folder does not exist.
template <class Query>
Names query_folder(const ChdbParams& params, std::vector<std::string> without_folder, const Query& query) {
  VF_ASSIGN(auto path, absolute_path(params));
  if (!std::filesystem::exists(path)) return without_folder;
  VF_ASSIGN(auto engine, prepare_engine(params));
  VF_ASSIGN(auto connection, Connection::open(engine.library, engine.options));
  return query(executing(*connection));
}

}  // namespace

Result<std::unique_ptr<RawLog>> open_chdb(const ChdbParams& params, const Clock& clock) {
  VF_ASSIGN(auto engine, prepare_engine(params));
  VF_ASSIGN(auto writer, Connection::open(engine.library, engine.options));
  const Execute execute = executing(*writer);
  VF_TRY(lake::migrate(execute, migrations(), {}, clock.now()));
  VF_TRY(set_retention(execute, params.retention));
  VF_ASSIGN(auto reader, Connection::open(engine.library, engine.options));
  VF_ASSIGN(const auto path, absolute_path(params));
  VF_ASSIGN(auto folder, OpenFolder::record(path));
  return std::unique_ptr<RawLog>(std::make_unique<ChdbRawLog>(std::move(folder), std::move(writer), std::move(reader)));
}

Names pending(const ChdbParams& params) {
  return query_folder(params, names_of(migrations(), false),
                      [&params](const Execute& execute) { return pending_changes(execute, params.retention); });
}

Names newer(const ChdbParams& params) {
  return query_folder(params, {}, [](const Execute& execute) { return newer_migrations(execute, migrations()); });
}

Names migrate(const ChdbParams& params, const Clock& clock) {
  auto left = pending(params);
  if (!left || left->empty()) return left;
  VF_TRY(open_chdb(params, clock));
  return left;
}

}  // namespace vf::lake::chdb
