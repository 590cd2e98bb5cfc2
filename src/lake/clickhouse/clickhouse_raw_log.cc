#include "lake/clickhouse/clickhouse_raw_log.h"

#include <fmt/format.h>

#include <atomic>
#include <map>
#include <mutex>
#include <utility>

#include "base/bytes.h"
#include "crypto/digest.h"
#include "lake/clickhouse/endpoints.h"
#include "lake/clickhouse/migration.h"
#include "lake/clickhouse/session.h"
#include "lake/engine_error.h"
#include "lake/engine_raw_log.h"
#include "lake/raw_events.h"

namespace vf::lake::clickhouse {
namespace {

constexpr std::string_view kQueryIds = "vf-raw-log-";  // begins the query id of every insert, also of earlier processes

// Timeout for each address at opening: a server that stalls counts as away, so that the hub starts without it.
constexpr Millis kOpenTimeout{2'000};

constexpr std::string_view kCatchUp = "SYSTEM SYNC REPLICA vf.raw_events LIGHTWEIGHT";

// The rows of one partition. They become one part, so the log stores all of them or none.
struct Portion {
  std::string rows;
  crypto::Sha256 ids;
};
using PortionKey = std::pair<std::string_view, std::chrono::year_month>;  // retention class, month of receipt

PortionKey key_of(const RawRow& row) {
  const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(row.event->received)};
  return {row.retention_class, day.year() / day.month()};
}

std::map<PortionKey, Portion> portions_of(std::span<const RawRow> rows) {
  std::map<PortionKey, Portion> portions;
  for (const auto& row : rows) {
    Portion& portion = portions[key_of(row)];
    append_row(portion.rows, row);
    const auto& id = row.event->id.bytes;
    portion.ids.update({reinterpret_cast<const char*>(id.data()), id.size()});
  }
  return portions;
}

class ClickHouseRawLog final : public EngineRawLog {
 public:
  ClickHouseRawLog(ClickHouseParams params, const SessionParams& session, bool checked)
      : params_(std::move(params)), user_(session.user), writer_(session), reader_(session), checked_(checked) {}

  Result<void> check() {
    if (checked_) return {};
    const std::lock_guard lock(read_mutex_);
    return check_locked();
  }

  // Each portion is one part, so a batch that was interrupted has stored whole portions, and a portion that is sent
  // again has the same rows and the same token. On replicas the token makes a repeated insert harmless, even while the
  // first one still runs where abort_pending() cannot reach it. On one server the token is not sent: killed between the
  // token's log and the part's rename, MergeTree would drop the rows when they are sent again. There abort_pending() is
  // the guard.
  Result<void> insert(std::span<const RawRow> rows, const std::string& token) override {
    if (auto known = check(); !known) return insert_outcome(known);
    const std::lock_guard lock(write_mutex_);
    for (auto& [key, portion] : portions_of(rows)) {
      Settings settings = {{"query_id", fmt::format("{}{}", kQueryIds, to_hex(crypto::random_bytes(8)))},
                           {"async_insert", "0"},  // with 1 the server may answer before the data is stored
                           {"input_format_parallel_parsing", "0"},
                           // A smaller block would cut a portion into several parts.
                           {"max_insert_block_size", "1048449"},
                           {"min_insert_block_size_rows", "1048449"},
                           {"min_insert_block_size_bytes", "268402944"}};
      const bool guarded = !params_.cluster.empty() && !token.empty();
      settings.emplace_back("insert_deduplicate", guarded ? "1" : "0");
      if (guarded) {
        const auto ids = portion.ids.finish();
        settings.emplace_back("insert_deduplication_token",
                              to_hex({reinterpret_cast<const char*>(ids.data()), ids.size()}));
      }
      if (auto done = writer_.insert(insert_statement(), portion.rows, settings); !done) return insert_outcome(done);
    }
    return {};
  }

  // On a server an insert goes on after its client has gone, so it must be killed. On a cluster a replica that does not
  // answer is skipped: the token guards against inserts that may still run there.
  Result<void> abort_pending() override {
    if (auto known = check(); !known) return known;
    const std::lock_guard lock(write_mutex_);
    const bool replicated = !params_.cluster.empty();
    const std::string ours =
        fmt::format("WHERE startsWith(query_id, '{}') AND user = {}", kQueryIds, sql_literal(user_));
    const std::string cluster = sql_literal(params_.cluster);
    auto killed = writer_.query(fmt::format("KILL QUERY{} {} SYNC", replicated ? " ON CLUSTER " + cluster : "", ours));
    if (!killed && !replicated) return killed.error();
    const std::string processes =
        replicated ? fmt::format("clusterAllReplicas({}, system.processes)", cluster) : "system.processes";
    Settings counting = read_settings();
    if (replicated) counting.emplace_back("skip_unavailable_shards", "1");
    VF_ASSIGN(auto left, writer_.query(fmt::format("SELECT toInt64(count()) FROM {} {}", processes, ours), counting));
    VF_ASSIGN(const auto count, read_count(left));
    if (count > 0) return unavailable("lake: an earlier insert still runs; waiting for its end");
    // Fetches what other replicas have stored, so that those rows need not be sent again. Best effort: a replica that
    // is down may be the only one to hold a part.
    if (replicated) static_cast<void>(writer_.query(std::string(kCatchUp)));
    return {};
  }

  void give_up() override {
    writer_.give_up();
    reader_.give_up();
  }

  // First catches up: on a replica that is behind, rows that it has not fetched yet would look lost.
  Result<std::vector<HourTally>> tally(Instant from, Instant to) override {
    if (!params_.cluster.empty()) {
      VF_TRY(select(std::string(kCatchUp), false));
    }
    return EngineRawLog::tally(from, to);
  }

 private:
  Result<std::string> select(const std::string& sql, bool holds_text) override {
    const std::lock_guard lock(read_mutex_);
    VF_TRY(check_locked());
    return reader_.query(sql, read_settings(), holds_text);
  }

  Result<void> check_locked() {
    if (checked_) return {};
    auto fits = check_schema(executing(reader_), params_.retention);
    checked_ = fits.has_value();
    return fits;
  }

  const ClickHouseParams params_;
  const std::string user_;
  std::mutex write_mutex_, read_mutex_;
  Session writer_, reader_;
  std::atomic<bool> checked_;
};

}  // namespace

Result<std::unique_ptr<RawLog>> open_clickhouse(const ClickHouseParams& params) {
  VF_ASSIGN(auto session, session_params(params));
  SessionParams hurried = session;
  hurried.connect_timeout = hurried.timeout = std::min(kOpenTimeout, session.timeout);
  hurried.answer_grace = Millis{0};
  Session first(std::move(hurried));
  const auto fits = check_schema(executing(first), params.retention);
  if (!fits && fits.error().code != Code::unavailable) return fits.error();
  return std::unique_ptr<RawLog>(std::make_unique<ClickHouseRawLog>(params, session, fits.has_value()));
}

}  // namespace vf::lake::clickhouse
