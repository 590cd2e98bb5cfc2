// Query plans of the outbox's statements on large tables: no statement may read a whole table. The server logs the plan
// of each statement that it runs (auto_explain), so the statements are those that the hub really sends.
#include <sstream>

#include "postgres/outbox_fixture.h"

namespace vf::postgres_test {
namespace {

using store::StartConsumer;

/// Adds three days of events. The last day is today and ends at 22:00, whatever the time is now, so that the days have
/// the same rows in every run. Some event ids have no time. Also adds cursors, retries, dead letters and audit entries.
constexpr const char* kFill = R"(
SELECT ingest.add_outbox_days((now() AT TIME ZONE 'UTC')::date - 2, (now() AT TIME ZONE 'UTC')::date);
CREATE TEMP TABLE filling AS SELECT n, (n / 400 + 3)::text::xid8 AS tx,
  date_trunc('day', now(), 'UTC') + (n - 120800) * interval '1 second' AS at,
  CASE WHEN n % 10 = 0 THEN ('00000000-0000-8000-8000-' || lpad(to_hex(n), 12, '0'))::uuid
  ELSE (left(ingest.id_at(date_trunc('day', now(), 'UTC') + (n - 120800) * interval '1 second')::text, 23) || '-' ||
        lpad(to_hex(n), 12, '0'))::uuid
  END AS id FROM generate_series(1, 200000) n;
INSERT INTO ingest.ingest_outbox SELECT 1, tx, n, id, 'kick', 'kick.x', 'channel/' || n % 100, at,
  date_trunc('milliseconds', at), n::text, '', '', false, true, true, '{}', '{}' FROM filling;
INSERT INTO ingest.processed_webhooks SELECT id, date_trunc('milliseconds', at), 1, tx, n FROM filling;
INSERT INTO ingest.processed_bodies SELECT sha256(n::text::bytea), id, at FROM filling WHERE n % 10 = 0;
INSERT INTO ingest.ingest_outbox_batch (target, from_position, to_position, count, attempts, sent_at, acked_at,
  config_version, passage) SELECT t, ingest.position_text(1, ((n - 10) / 400 + 3)::text::xid8, n - 10), ingest.position_text(1, tx, n), 10, 1, at,
  at, '', 'sent' FROM filling, unnest(ARRAY['stage', 'production']) t WHERE n % 10 = 0 ORDER BY n;
INSERT INTO ingest.ingest_outbox_delivery SELECT id, 'stage', ingest.position_text(1, tx, n),
  CASE WHEN n % 20 = 0 THEN 'dead' ELSE 'retry' END, 1, at, '' FROM filling WHERE n % 10 = 0 AND n > 150000;
INSERT INTO ingest.ingest_outbox_kept SELECT 1, tx, n, gen_random_uuid(), 'kick', 'kick.x', '', at, at, n::text, '', '',
  false, true, true, '{}', '{}' FROM filling WHERE n % 10 = 0;
INSERT INTO dm.job_runs (id, job, due, parameters, state, holder, asked_by, asked_at, started_at, ended_at, done, counts,
  cursor, error, stop_wanted, idle) SELECT gen_random_uuid(), 'job ' || n % 5, CASE WHEN n % 100 > 0 THEN at END, '{}',
  CASE WHEN n % 5 = 1 THEN 'failed' ELSE 'done' END, '', '', at, at, at, 0, '{}', '', '', false, false FROM filling;
INSERT INTO ingest.ingest_audit (at, actor, action, detail) SELECT at, '', '', '' FROM filling WHERE n % 4 = 0;
)";

/// Each statement by itself, because the time that a connection waits for an answer is that of one call.
void fill(Connection& db) {
  for (std::string_view rest = kFill; rest.contains(';'); rest.remove_prefix(rest.find(';') + 1)) {
    run(db, std::string(rest.substr(0, rest.find(';'))));
  }
}

/// Parameter: whether the tables have statistics. A day's partition is filled before it is first analysed.
class Plans : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    fill(db_);
    if (GetParam()) run(db_, "ANALYZE");
    store_ = open_store({.url = url_, .role = "test"});
    ASSERT_NE(store_, nullptr);
    log_begin_ = server_.log().size();
  }
  void write(const std::vector<Write>& writes) {
    const auto done = store_->write(writes, kStart, nullptr);
    EXPECT_TRUE(done) << done.error().message;
  }
  /// Returns the lines of the logged plans that read a whole large table, or that collect a large part of the outbox
  /// before they sort it; each line with its statement.
  std::string bad_plans() {
    std::istringstream log(server_.log().substr(log_begin_));
    std::string bad;
    std::string statement;
    plans_ = 0;
    for (std::string line; std::getline(log, line);) {
      if (line.contains("Query Text:")) {
        statement.clear();
        ++plans_;
      }
      if (!line.contains("cost=")) statement += line;
      const bool is_gathered =
          line.contains("Bitmap Heap Scan on ingest_outbox_2") && statement.contains("ORDER BY o.era");
      const bool reads_history = line.contains("using job_runs_job ") && statement.contains("state = 'waiting'");
      if (reads_history) bad += statement + "\n" + line + "\n";
      if (!line.contains("Seq Scan on") && !is_gathered) continue;
      for (const char* table : {"ingest_outbox_2", "processed_webhooks", "processed_bodies", "ingest_outbox_batch",
                                "ingest_outbox_delivery", "ingest_outbox_kept", "ingest_audit", "job_runs"}) {
        if (line.contains(table) && cost_of(line) > 20) {
          bad += statement + "\n" + line + "\n";
        }
      }
    }
    return bad;
  }

  static double cost_of(const std::string& line) { return std::stod(line.substr(line.find("..") + 2)); }

  Server server_{{.fsync = false,
                  .settings = {"shared_preload_libraries=auto_explain", "auto_explain.log_min_duration=0",
                               "auto_explain.log_nested_statements=on", "max_wal_size=4GB"}}};
  std::string url_ = migrated_database(server_);
  Connection db_ = connect(url_);
  std::unique_ptr<OutboxStore> store_;
  size_t log_begin_ = 0;
  int plans_ = 0;
};

class OldPlans : public Plans {};  // old partitions always have statistics

TEST_P(Plans, NoStatementReadsAWholeTable) {
  const auto end = *store_->end();
  const auto rows = store_->read_after({.after = {.era = 1, .tx = 500, .seq = 199'000}, .rows_max = 500});
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 500u);
  const Uuid id = rows->front().event.id;
  EXPECT_TRUE(store_->read_after(
      {.after = rows->back().event.position}));  // a read that leaves out the partitions of earlier days
  EXPECT_EQ(store_->backlog(rows->front().event.position)->rows, 999);
  EXPECT_EQ(store_->backlog({})->rows, 100'000);
  EXPECT_TRUE(store_->find(id)->has_value());
  EXPECT_TRUE(store_->ledger(id)->has_value());
  EXPECT_TRUE(store_->cursor("stage")->has_value());
  EXPECT_TRUE(store_->batch_of("stage", rows->front().event.position)->has_value());
  EXPECT_TRUE(store_->open_pin("stage"));
  EXPECT_EQ(store_->deliveries("stage", store::PutDelivery::State::dead, 10)->size(), 10u);
  EXPECT_TRUE(store_->deliveries_of(id));
  EXPECT_EQ(store_->deliveries_after("stage", rows->front().event.position, 10)->size(), 10u);
  EXPECT_EQ(*store_->count_deliveries("stage", store::PutDelivery::State::dead, 1000), 1000);
  EXPECT_EQ(store_->revived("stage", 10)->size(), 0u);
  EXPECT_EQ(store_->search({.subject = "channel/7", .rows_max = 10})->size(), 10u);
  EXPECT_EQ(store_->audit({.rows_max = 10})->size(), 10u);
  EXPECT_TRUE(store_->ping());
  EXPECT_TRUE(store_->purged());

  AddEvent keyed = adding(900'001);
  keyed.body_key = std::string(32, 'k');
  keyed.replay_guard = std::chrono::minutes{10};
  AddEvent captured = adding(900'002);
  captured.body_key = keyed.body_key;
  captured.replay_guard = keyed.replay_guard;
  write({adding(900'000), keyed, captured, adding(900'000)});
  const Position cursor = **store_->cursor("stage");
  write({StartConsumer{"stage", StartConsumer::At::now}, StartConsumer{"new", StartConsumer::At::now},
         StartConsumer{"all", StartConsumer::At::earliest}, store::PutSetting{"a", "b"},
         store::TakeLease{"stage", "me", Millis{60'000}}});
  const Position newest = *store_->end();
  ASSERT_LT(end, newest);
  write({store::PinBatch{.consumer = "stage", .from = cursor, .to = newest, .count = 2, .digest = "", .epoch = 1},
         store::AdvanceCursor{.consumer = "stage", .from = cursor, .to = newest, .epoch = 1},
         store::PutDelivery{.target = "stage", .position = newest, .event_id = id, .reason = "", .epoch = 1},
         store::DropDelivery{"stage", id, 1}, store::MoveCursor{"stage", rows->front().event.position, "", 1}});
  write({store::RetentionStep{.outbox_before = kStart, .ledger_before = kStart, .held_by = {"stage", "production"}}});
  EXPECT_EQ(bad_plans(), "");
  EXPECT_GT(plans_, 60) << "the server logged no plans";
}

TEST_P(OldPlans, RetentionReadsNoWholeTable) {
  const auto time = db_.query("SELECT now() - interval '1 day'");
  ASSERT_TRUE(time);
  const Instant yesterday = time->time_at(0, 0);
  const store::RetentionStep expired{.outbox_before = yesterday, .ledger_before = yesterday, .held_by = {"stage"}};
  for (int i = 0; i < 5; ++i) write({expired});
  const auto store = open_store({.url = url_, .role = "test", .whole_days = false});
  const std::vector<Write> step{store::RetentionStep{
      .outbox_before = yesterday + std::chrono::hours{30}, .ledger_before = yesterday, .held_by = {"stage"}}};
  ASSERT_TRUE(store->write(step, kStart, nullptr));
  EXPECT_EQ(bad_plans(), "");
}

// Of each job a bounded number of runs is kept. So the list of jobs and retention, which concern all jobs, read all
// runs.
TEST_P(Plans, RunsAreFoundWithoutReadingTheirTable) {
  const auto first = store_->runs({.rows_max = 1});
  ASSERT_TRUE(first && first->size() == 1) << first.error().message;
  EXPECT_EQ(store_->runs({.before = first->front().number, .rows_max = 50})->size(), 50u);
  EXPECT_EQ(store_->runs({.job = "job 2", .before = first->front().number, .rows_max = 50})->size(), 50u);
  EXPECT_EQ(store_->runs({.asked_for = true})->size(), 50u);
  EXPECT_EQ(store_->runs({.job = "job 0", .asked_for = true})->size(), 50u);
  EXPECT_TRUE(store_->find_run(first->front().id)->has_value());
  EXPECT_EQ(store_->waiting_jobs(kStart)->size(), 0u);
  const Uuid asked = id_at(kStart, 1);
  const Uuid due = id_at(kStart, 2);
  write(
      {store::RequestRun{.id = asked, .job = "job 2", .asked_by = "ops"},
       store::ClaimRun{.id = {}, .job = "job 2", .holder = "me", .span = Millis{60'000}},
       store::UpdateRun{.id = asked, .holder = "me", .span = Millis{60'000}}, store::StopRun{asked},
       store::EndRun{.id = asked, .holder = "me"},
       store::ClaimRun{
           .id = due, .job = "job 3", .holder = "me", .span = Millis{60'000}, .due = kStart + std::chrono::days{9000}},
       store::EndRun{.id = due, .holder = "me"}});
  EXPECT_EQ(bad_plans(), "");
  EXPECT_GT(plans_, 20) << "the server logged no plans";
}

INSTANTIATE_TEST_SUITE_P(Statistics, OldPlans, testing::Values(true));
INSTANTIATE_TEST_SUITE_P(Statistics, Plans, testing::Bool(),
                         [](const auto& analysed) { return analysed.param ? "known" : "unknown"; });

}  // namespace
}  // namespace vf::postgres_test
