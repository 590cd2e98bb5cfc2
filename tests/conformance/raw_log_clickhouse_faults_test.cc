// The ClickHouse driver when the server or the network fails. Doubles: the stand-in server, which fails as the test
// orders. Oracle: the events that the test itself inserted.
#include <gmock/gmock.h>

#include <map>
#include <thread>
#include <unordered_set>

#include "base/random.h"
#include "lake/clickhouse/session.h"
#include "raw_log_chdb.h"
#include "raw_log_clickhouse.h"

namespace vf::lake::conformance {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kInsert = "INSERT INTO vf.raw_events";
constexpr const char* kSelect = "FROM vf.raw_events";

struct ClickHouseFaults : testing::Test {
  void SetUp() override {
    if (const auto why = chdb_missing(); !why.empty()) GTEST_SKIP() << why;
    host = std::make_unique<ClickHouseHost>(cluster);
    open();
  }
  void open() {
    log.reset();
    auto opened = host->open();
    ASSERT_TRUE(opened) << opened.error().message;
    log = std::move(*opened);
  }
  Result<void> insert(const std::vector<Event>& events) { return log->insert(rows_of(events), "token"); }
  // Does what the feeder does after an unknown outcome.
  void repair(const std::vector<Event>& events) {
    const auto aborted = log->abort_pending();
    ASSERT_TRUE(aborted) << aborted.error().message;
    const auto present = log->ids_present(ids_of(events), events.front().received, events.back().received);
    ASSERT_TRUE(present) << present.error().message;
    const std::unordered_set<Uuid> held(present->begin(), present->end());
    auto rows = rows_of(events);
    std::erase_if(rows, [&held](const RawRow& row) { return held.contains(row.event->id); });
    const auto done = log->insert(rows, "token");
    ASSERT_TRUE(done) << done.error().message;
  }
  void expect_each_once(const std::vector<Event>& events) {
    EXPECT_EQ(rows_in(*log).value_or(-1), static_cast<int64_t>(events.size()));
    const auto present = log->ids_present(ids_of(events), events.front().received, events.back().received);
    ASSERT_TRUE(present);
    EXPECT_EQ(present->size(), events.size());
  }

  std::string cluster;
  std::unique_ptr<ClickHouseHost> host;
  std::unique_ptr<RawLog> log;
};

struct ClickHouseCluster : ClickHouseFaults {
  ClickHouseCluster() { cluster = "vf"; }
};

struct Broken {
  const char* kind;
  int code = 0;
};
struct ClickHouseUnknownOutcome : ClickHouseFaults, testing::WithParamInterface<Broken> {};

TEST_P(ClickHouseUnknownOutcome, IsRepairedToExactlyOnce) {
  const auto events = sample_events(0, 500);
  const std::vector<Event> first(events.begin(), events.begin() + 100), second(events.begin() + 100, events.end());
  ASSERT_TRUE(insert(first)) << "opens connections on which curl might send the next insert a second time";
  host->server.fault(GetParam().kind, kInsert, GetParam().code);
  const auto broken = insert(second);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, Code::unavailable) << broken.error().message;
  repair(second);
  expect_each_once(events);
}

INSTANTIATE_TEST_SUITE_P(Faults, ClickHouseUnknownOutcome,
                         testing::Values(Broken{"drop_before"}, Broken{"drop_after"}, Broken{"hold_cut"},
                                         Broken{"error", 241}, Broken{"error", 252}, Broken{"error", 319},
                                         Broken{"error", 999}, Broken{"late", 241}, Broken{"late_tagged", 159},
                                         Broken{"foreign"}),
                         [](const auto& info) {
                           return std::string(info.param.kind) + "_" + std::to_string(info.param.code);
                         });

TEST_F(ClickHouseFaults, AbortPendingEndsAnInsertThatLostItsClient) {
  const auto events = sample_events(0, 10);
  host->server.fault("hold_cut");
  ASSERT_FALSE(insert(events));
  host->server.wait_until_holding();
  ASSERT_TRUE(log->abort_pending());
  host->server.release();  // has no effect: the insert was killed
  host->server.wait_until_idle();
  EXPECT_EQ(*rows_in(*log), 0);
}

TEST_F(ClickHouseFaults, AbortPendingEndsAnInsertOfAnEarlierProcess) {
  const auto events = sample_events(0, 10);
  host->server.fault("hold_cut");
  ASSERT_FALSE(insert(events));
  host->server.wait_until_holding();
  open();
  repair(events);
  expect_each_once(events);
}

// An insert that abort_pending() cannot reach, such as one on a replica that is cut off, is harmless by its token.
TEST_F(ClickHouseCluster, RepeatOfAnInsertThatStillRunsIsHarmless) {
  const auto events = sample_events(0, 10);
  host->server.fault("hold_cut");
  ASSERT_FALSE(insert(events));
  host->server.wait_until_holding();
  ASSERT_TRUE(insert(events));
  host->server.release();
  host->server.wait_until_idle();
  expect_each_once(events);
}

// An interrupted batch has stored whole parts, so the missing rows are sent again as the same parts with the same
// tokens.
TEST_F(ClickHouseCluster, TokenOfAPartIsIndependentOfTheRestOfTheBatch) {
  auto events = sample_events(0, 4);
  for (size_t i = 2; i < 4; ++i) events[i].received += std::chrono::days{31};
  ASSERT_TRUE(insert(events));
  ASSERT_TRUE(insert({events[2], events[3]}));
  expect_each_once(events);
  ASSERT_TRUE(insert({events[3]})) << "another part";
  EXPECT_EQ(*rows_in(*log), 5);
}

TEST_F(ClickHouseCluster, StatementsNameTheCluster) {
  ASSERT_TRUE(insert(sample_events(0, 2)));
  ASSERT_TRUE(log->abort_pending());
  const auto statements = host->server.log();
  EXPECT_THAT(statements, Contains(AllOf(HasSubstr("insert_deduplicate=1&insert_deduplication_token="),
                                         HasSubstr("query_id=vf-raw-log-"))));
  EXPECT_THAT(statements, Contains(AllOf(HasSubstr("skip_unavailable_shards=1"),
                                         HasSubstr("FROM clusterAllReplicas('vf', system.processes)"))));
  EXPECT_THAT(statements, Contains(HasSubstr("KILL QUERY ON CLUSTER 'vf' WHERE")));
  EXPECT_THAT(statements, Contains(HasSubstr("CREATE DATABASE IF NOT EXISTS vf ON CLUSTER 'vf'")));
}

TEST_F(ClickHouseFaults, OneServerGetsNoToken) {
  ASSERT_TRUE(insert(sample_events(0, 2)));
  const auto statements = host->server.log();
  EXPECT_THAT(statements, Not(Contains(HasSubstr("insert_deduplication_token"))));
  EXPECT_THAT(statements, Contains(HasSubstr("insert_deduplicate=0")));
}

// The user's profile on the server may have other settings: a limit of rows with the mode `break`, a query cache, small
// blocks. (The stand-in gives each setting to the engine, which refuses unknown names.)
TEST_F(ClickHouseFaults, StatementsSetWhatTheyRelyOn) {
  ASSERT_TRUE(insert(sample_events(0, 2)));
  ASSERT_TRUE(log->tally(Instant{}, Instant{} + std::chrono::hours{1}));
  const auto statements = host->server.log();
  for (const char* setting : {"async_insert=0", "max_insert_block_size=1048449"})
    EXPECT_THAT(statements, Contains(AllOf(HasSubstr(setting), HasSubstr("INSERT"), HasSubstr("raw_events"))));
  for (const char* setting : {"result_overflow_mode=throw", "timeout_overflow_mode=throw", "limit=0",
                              "use_query_cache=0", "wait_end_of_query=1", "max_execution_time="})
    EXPECT_THAT(statements, Contains(AllOf(HasSubstr(setting), HasSubstr("uniqExact(event_id)"))));
}

TEST_F(ClickHouseFaults, AwayAndBack) {
  const auto events = sample_events(0, 20);
  ASSERT_TRUE(insert(events));
  host->server.crash();
  const auto lost = insert(sample_events(20, 5));
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, Code::unavailable);
  EXPECT_EQ(rows_in(*log).error().code, Code::unavailable);
  EXPECT_EQ(log->abort_pending().error().code, Code::unavailable);
  host->server.start();
  expect_each_once(events);
  EXPECT_TRUE(insert(sample_events(20, 5)));
}

// Like raw_log_kill_test.cc for chDB: the server is killed at a random instruction of an insert.
TEST_F(ClickHouseFaults, ServerKilledDuringInsertsLosesAndRepeatsNothing) {
  constexpr uint64_t kBatchRows = 300;
  SeededRandom random(20261123);
  uint64_t next = 0;
  const auto batch_of = [](uint64_t number) { return sample_events(number * kBatchRows, kBatchRows); };
  for (int kill_number = 0; kill_number < 8; ++kill_number) {
    const auto delay = std::chrono::microseconds{2'000 + random.below(60'000)};
    std::jthread killer([this, delay] {
      std::this_thread::sleep_for(delay);  // chooses the instruction at which the server is killed
      host->server.crash();
    });
    while (insert(batch_of(next))) ++next;
    killer.join();
    host->server.start();
    repair(batch_of(next++));
  }
  expect_each_once(sample_events(0, next * kBatchRows));
}

TEST_F(ClickHouseFaults, LakeThatIsAwayAtTheStartIsUsedOnceItIsBack) {
  host->server.crash();
  auto opened = clickhouse::open_clickhouse(host->params);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(rows_in(**opened).error().code, Code::unavailable);
  host->server.start();
  EXPECT_TRUE((*opened)->insert(rows_of(sample_events(0, 5)), ""));
  EXPECT_EQ(*rows_in(**opened), 5);
}

TEST_F(ClickHouseFaults, NextAddressTakesOver) {
  clickhouse_test::Server gone({.user = "vf", .password = "it's secret"});
  host->params.url = "http://vf@" + gone.address() + "," + host->server.address() + "/vf";
  gone.crash();
  auto both = clickhouse::open_clickhouse(host->params);
  ASSERT_TRUE(both) << both.error().message;
  EXPECT_TRUE(rows_in(**both));
  EXPECT_TRUE((*both)->insert(rows_of(sample_events(0, 5)), ""));
  EXPECT_EQ(*rows_in(*log), 5);
}

TEST_F(ClickHouseFaults, InsertIsNeverSentToASecondAddress) {
  host->params.url = "http://vf@" + host->server.address() + "," + host->server.address() + "/vf";
  open();
  host->server.fault("drop_after");
  ASSERT_FALSE(insert(sample_events(0, 5)));
  EXPECT_EQ(*rows_in(*log), 5) << "a read goes to the second address";
}

TEST_F(ClickHouseFaults, ReplicaThatLostItsKeeperIsLeft) {
  clickhouse_test::Server other({.user = "vf", .password = "it's secret"});
  auto only = host->params;
  only.url = other.url();
  ASSERT_TRUE(clickhouse::migrate(only, SystemClock()));
  host->params.url = "http://vf@" + host->server.address() + "," + other.address() + "/vf";
  open();
  host->server.fault("error", kInsert, 242);
  EXPECT_EQ(insert(sample_events(0, 5)).error().code, Code::unavailable);
  EXPECT_TRUE(insert(sample_events(0, 5)));
  EXPECT_THAT(other.log(), Contains(HasSubstr("INSERT INTO vf.raw_events")));
}

TEST_F(ClickHouseFaults, InsertsDoNotWaitForReads) {
  host->server.fault("hold", kSelect);
  std::jthread reader([this] { EXPECT_TRUE(rows_in(*log)); });
  host->server.wait_until_holding();
  EXPECT_TRUE(insert(sample_events(0, 5)));
  host->server.release();
}

TEST_F(ClickHouseFaults, GiveUpEndsTheWaitForAnAnswer) {
  host->server.fault("hold", kInsert);
  std::jthread ending([this] {
    host->server.wait_until_holding();
    log->give_up();
  });
  const auto begun = std::chrono::steady_clock::now();
  const auto cut = insert(sample_events(0, 5));
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, Code::unavailable);
  EXPECT_EQ(rows_in(*log).error().code, Code::unavailable);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, host->params.timeout);
  host->server.release();
}

TEST_F(ClickHouseFaults, WrongPasswordErrorNamesTheRemedyNotThePassword) {
  host->params.password = "hunter2";
  auto opened = clickhouse::open_clickhouse(host->params);
  ASSERT_TRUE(opened) << "the hub runs without its lake";
  const auto refused = (*opened)->insert(rows_of(sample_events(0, 1)), "");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unavailable) << "no event becomes a dead letter for it";
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("Code: 516"), HasSubstr("ingest.lake_password")));
  EXPECT_THAT(refused.error().message, Not(HasSubstr("hunter2")));
}

TEST_F(ClickHouseFaults, LateExceptionIsAnError) {
  const auto events = sample_events(0, 3);
  ASSERT_TRUE(insert(events));
  for (const char* kind : {"late", "late_tagged"}) {
    const auto each = [&](auto call) {
      host->server.fault(kind, kSelect, 241);
      const auto answer = call();
      ASSERT_FALSE(answer) << kind;
      EXPECT_EQ(answer.error().code, Code::unavailable) << answer.error().message;
      EXPECT_THAT(answer.error().message, StartsWith("lake: Code: 241."));
    };
    each([&] { return rows_in(*log); });
    each([&] { return log->ids_present(ids_of(events), events.front().received, events.back().received); });
    each([&] { return log->find(events[0].id); });
  }
}

TEST_F(ClickHouseFaults, TextOfAnEventIsNotTakenForAnException) {
  Event event = sample_event(1);
  event.body = "Code: 241. DB::Exception: I am a chat message (version 26.7.2.1 (official build))\n";
  ASSERT_TRUE(insert({event}));
  const auto found = log->find(event.id);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->body, event.body);
}

TEST_F(ClickHouseFaults, RowsAreSentCompressedAsConfigured) {
  uint64_t next = 0;
  for (const auto compression :
       {clickhouse::Compression::zstd, clickhouse::Compression::gzip, clickhouse::Compression::none}) {
    host->params.compression = compression;
    open();
    ASSERT_TRUE(insert(sample_events(next, 100)));
    next += 100;
  }
  EXPECT_EQ(*rows_in(*log), 300);
  std::map<std::string, int> encodings;
  for (const auto& line : host->server.log()) {
    if (line.find(kInsert) != std::string::npos) ++encodings[line.substr(0, line.find(' '))];
  }
  EXPECT_EQ(encodings, (std::map<std::string, int>{{"zstd", 1}, {"gzip", 1}, {"", 1}}));
}

TEST_F(ClickHouseFaults, OpeningDoesNotMigrateAndNamesTheCommand) {
  clickhouse_test::Server fresh({.user = "vf", .password = "it's secret"});
  host->params.url = fresh.url();
  const auto refused = clickhouse::open_clickhouse(host->params);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("0001_raw_events"), HasSubstr("`vf migrate lake`")));
  EXPECT_THAT(*clickhouse::pending(host->params), ElementsAre("0001_raw_events", "retention"));
  EXPECT_THAT(fresh.log(), Not(Contains(HasSubstr("CREATE"))));
  EXPECT_THAT(*clickhouse::migrate(host->params, SystemClock()), ElementsAre("0001_raw_events", "retention"));
  EXPECT_TRUE(clickhouse::open_clickhouse(host->params));
  EXPECT_TRUE(clickhouse::pending(host->params)->empty());
}

TEST_F(ClickHouseFaults, RetentionOtherThanTheTablesIsRefused) {
  host->params.retention.by_source["sumsub"] = std::chrono::days{30};
  const auto refused = clickhouse::open_clickhouse(host->params);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("ingest.retention.raw_events"), HasSubstr("`vf migrate lake`")));
  EXPECT_THAT(*clickhouse::migrate(host->params, SystemClock()), ElementsAre("retention"));
  EXPECT_TRUE(clickhouse::open_clickhouse(host->params));
}

// No row may become a dead letter because a table is missing.
TEST_F(ClickHouseFaults, InsertIntoAMissingTableIsUnavailable) {
  host->server.fault("error", kInsert, 60);
  const auto refused = insert(sample_events(0, 1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("`vf migrate lake`"));
}

TEST_F(ClickHouseFaults, RowsThatTheServerCannotParseAreInvalid) {
  clickhouse::Session session(
      {.addresses = std::make_shared<clickhouse::Addresses>(std::vector{"http://" + host->server.address() + "/"}),
       .user = "vf",
       .password = "it's secret"});
  const auto refused = session.insert("INSERT INTO vf.raw_events (event_id)", "too short", {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::invalid) << refused.error().message;
}

}  // namespace
}  // namespace vf::lake::conformance
