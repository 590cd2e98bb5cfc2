// Tests the parts of the driver that only chDB has: the library and its location, signals, one process per folder, TTL,
// options. tests/conformance/raw_log tests the port's contract. These tests are skipped without libchdb.so.
#include "lake/chdb/chdb_raw_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "lake/chdb/connection.h"
#include "lake/engine_error.h"
#include "lake/raw_events.h"
#include "lake/schema.h"

namespace vf::lake::chdb {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Chdb : testing::Test {
  void SetUp() override {
    if (const auto library = Library::load(""); !library) GTEST_SKIP() << library.error().message;
    std::string name = std::filesystem::temp_directory_path() / "vf-chdb-XXXXXX";
    params.path = mkdtemp(name.data());
  }
  void TearDown() override {
    log.reset();
    std::error_code ignored;
    std::filesystem::remove_all(params.path, ignored);
  }
  void open() {
    log.reset();
    auto opened = open_chdb(params, clock);
    ASSERT_TRUE(opened) << opened.error().message;
    log = std::move(*opened);
  }
  // Runs a statement on a connection of the test's own.
  std::string query(const std::string& sql) {
    auto connection =
        Connection::open(**Library::load(""), {"--path=" + params.path, "--min_table_rows_to_use_projection_index=0"});
    if (!connection) return connection.error().message;
    auto answer = (*connection)->query(sql);
    return answer ? *answer : answer.error().message;
  }

  ChdbParams params;
  SystemClock clock;
  std::unique_ptr<RawLog> log;
};

std::atomic<int> caught{0};
void catch_signal(int) { ++caught; }

TEST_F(Chdb, OurSignalHandlersSurvive) {
  constexpr std::array kSignals = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGPIPE, SIGSEGV, SIGABRT, SIGBUS, SIGTSTP};
  std::array<struct sigaction, kSignals.size()> before{};
  struct sigaction ours{};
  ours.sa_handler = catch_signal;
  for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &ours, &before[i]);
  open();
  Event event;
  event.received = clock.now();
  const RawRow row{&event, "default"};
  EXPECT_TRUE(log->insert({&row, 1}, ""));
  EXPECT_TRUE(*log->find(event.id));
  for (const int number : kSignals) {
    caught = 0;
    raise(number);
    EXPECT_EQ(caught.load(), 1) << "signal " << number;
  }
  log.reset();
  for (size_t i = 0; i < kSignals.size(); ++i) {
    struct sigaction now{};
    sigaction(kSignals[i], &before[i], &now);
    EXPECT_EQ(now.sa_handler, &catch_signal) << "signal " << kSignals[i];
  }
}

TEST_F(Chdb, FolderInUseByAnotherProcessIsRefused) {
  const int status = ::open((params.path + "/status").c_str(), O_RDWR | O_CREAT, 0600);
  ASSERT_GE(status, 0);
  ASSERT_EQ(flock(status, LOCK_EX | LOCK_NB), 0);  // like the engine of another process
  const auto refused = open_chdb(params, clock);
  close(status);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("in use by another process"));
}

// Without the check the engine would go on writing into a folder that is no longer there, and the feeder's cursor would
// pass events that no raw log holds.
TEST_F(Chdb, InsertIntoAFolderThatWasMovedIsRefusedUntilItIsBack) {
  open();
  Event event;
  event.received = clock.now();
  const RawRow row{&event, "default"};
  const std::string elsewhere = params.path + ".moved";
  std::filesystem::rename(params.path, elsewhere);
  const auto refused = log->insert({&row, 1}, "");
  EXPECT_THAT(log->abort_pending().error().message, HasSubstr(params.path + " was moved or deleted"));
  std::filesystem::create_directory(params.path);
  EXPECT_THAT(log->insert({&row, 1}, "").error().message, HasSubstr(params.path + " was replaced"));
  std::filesystem::remove_all(params.path);
  std::filesystem::rename(elsewhere, params.path);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unavailable);
  EXPECT_TRUE(log->insert({&row, 1}, ""));
  EXPECT_TRUE(*log->find(event.id));
}

TEST_F(Chdb, FolderIsClosedToOtherUsers) {
  std::filesystem::permissions(params.path, std::filesystem::perms::all);
  open();
  EXPECT_EQ(std::filesystem::status(params.path).permissions(), std::filesystem::perms::owner_all);
}

TEST_F(Chdb, FolderThatCannotBeCreatedIsNamed) {
  std::ofstream(params.path + "/file") << "x";
  params.path += "/file/lake";
  const auto refused = open_chdb(params, clock);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr(params.path));
  params.path = std::filesystem::path(params.path).parent_path().parent_path();
}

TEST_F(Chdb, RelativePathWorks) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(params.path);
  params.path = "lake";
  open();
  const Event event;
  const RawRow row{&event, "default"};
  EXPECT_TRUE(log->insert({&row, 1}, "")) << "the engine's fsync of a folder fails on a relative path";
  params.path = std::filesystem::current_path();
  std::filesystem::current_path(before);
}

TEST_F(Chdb, ConfigXmlOfTheWorkingFolderIsIgnored) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(params.path);
  std::ofstream("config.xml") << "not xml";
  const std::string folder = params.path;
  params.path += "/lake";
  open();
  std::filesystem::current_path(before);
  params.path = folder;
}

TEST_F(Chdb, InsertsAreSynced) {
  open();
  const auto definition = query("SELECT engine_full FROM system.tables WHERE database = 'vf' AND name = 'raw_events'");
  EXPECT_THAT(definition, HasSubstr("fsync_after_insert = 1"));
  EXPECT_THAT(definition, HasSubstr("fsync_part_directory = 1"));
}

TEST_F(Chdb, TtlFollowsTheConfiguration) {
  params.retention.otherwise = std::chrono::days{400};
  open();
  const std::string definition = "SELECT engine_full FROM system.tables WHERE database = 'vf' AND name = 'raw_events'";
  EXPECT_THAT(query(definition), HasSubstr("TTL " + ttl_expression(params.retention) + " SETTINGS"))
      << "otherwise it would be set again at every start";
  params.retention.by_source["sumsub"] = std::chrono::days{90};
  params.retention.by_source["it's"] = std::chrono::days{1};
  open();
  EXPECT_THAT(query(definition), HasSubstr("TTL " + ttl_expression(params.retention) + " SETTINGS"));
}

TEST_F(Chdb, RowsAreDroppedAfterTheSpanOfTheirClass) {
  params.retention.by_source["sumsub"] = std::chrono::days{90};
  open();
  std::vector<Event> events(4);
  for (size_t i = 0; i < events.size(); ++i) events[i].id.bytes[15] = static_cast<uint8_t>(i + 1);
  events[0].received = events[1].received = clock.now() - std::chrono::days{100};
  events[2].received = clock.now() - std::chrono::days{500};
  events[3].received = clock.now();
  const std::vector<RawRow> rows = {
      {&events[0], "sumsub"}, {&events[1], "default"}, {&events[2], "default"}, {&events[3], "sumsub"}};
  ASSERT_TRUE(log->insert(rows, ""));
  query("OPTIMIZE TABLE vf.raw_events FINAL");
  EXPECT_FALSE(*log->find(events[0].id)) << "100 days old, kept for 90";
  EXPECT_TRUE(*log->find(events[1].id)) << "100 days old, kept for 400";
  EXPECT_FALSE(*log->find(events[2].id)) << "500 days old, kept for 400";
  EXPECT_TRUE(*log->find(events[3].id));
}

TEST_F(Chdb, MigrationsAreAppliedOnceAndChangesRefused) {
  open();
  open();
  EXPECT_EQ(read_count(query("SELECT toInt64(count()) FROM vf._migrations")).value_or(-1), 1);
  const Execute execute = [this](const std::string& sql) -> Result<std::string> { return query(sql); };
  auto pending = pending_migrations(execute, migrations());
  ASSERT_TRUE(pending);
  EXPECT_TRUE(pending->empty());
  std::vector<Migration> changed(migrations().begin(), migrations().end());
  changed[0].checksum = "another";
  EXPECT_EQ(pending_migrations(execute, changed).error().code, Code::conflict);
  EXPECT_EQ(pending_migrations(execute, {}).error().code, Code::conflict) << "made by a newer version";
}

TEST_F(Chdb, LakeOfTheNextVersionOpensWhereThatAllowsIt) {
  open();
  const int64_t newest = migrations().back().version;
  const auto applied = [this](int64_t version, int64_t runs_with) {
    return query(
        fmt::format("INSERT INTO vf._migrations (version, name, checksum, runs_with) VALUES ({}, 'next', 'ff', {})",
                    version, runs_with));
  };
  EXPECT_EQ(query("ALTER TABLE vf.raw_events ADD COLUMN tomorrow String"), "");
  EXPECT_EQ(applied(newest + 1, newest), "");
  open();
  Event event;
  event.received = clock.now();
  const std::vector<RawRow> rows = {{&event, "default"}};
  ASSERT_TRUE(log->insert(rows, ""));
  EXPECT_TRUE(*log->find(event.id));
  log.reset();
  EXPECT_THAT(*pending(params), IsEmpty());
  EXPECT_THAT(*newer(params), ElementsAre("next"));
  EXPECT_EQ(applied(newest + 2, 0), "");
  const auto refused = open_chdb(params, clock);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::conflict);
}

TEST_F(Chdb, LakeWithoutTheRunsWithColumnIsMigrated) {
  open();
  EXPECT_EQ(query("ALTER TABLE vf._migrations DROP COLUMN runs_with"), "");
  log.reset();
  EXPECT_THAT(*pending(params), IsEmpty());
  EXPECT_THAT(*newer(params), IsEmpty());
  const Execute execute = [this](const std::string& sql) -> Result<std::string> { return query(sql); };
  std::vector<Migration> known(migrations().begin(), migrations().end());
  known.push_back({known.back().version + 1, "next", "ff", "", known.back().version});
  EXPECT_EQ(lake::migrate(execute, known, {}, clock.now()).value_or(0), 1u);
  EXPECT_THAT(*newer(params), ElementsAre("next"));
  EXPECT_THAT(*pending(params), IsEmpty()) << "it runs with this version";
}

TEST_F(Chdb, PendingChangesAreNamedAndNotMade) {
  const std::string folder = params.path;
  params.path += "/lake";
  EXPECT_THAT(*pending(params), ElementsAre("0001_raw_events", "retention"));
  EXPECT_FALSE(std::filesystem::exists(params.path));
  EXPECT_THAT(*migrate(params, clock), ElementsAre("0001_raw_events", "retention"));
  EXPECT_TRUE(pending(params)->empty());
  EXPECT_TRUE(migrate(params, clock)->empty());
  params.retention.otherwise = std::chrono::days{7};
  EXPECT_THAT(*pending(params), ElementsAre("retention"));
  params.path = folder;
}

TEST_F(Chdb, IdsAndSpansOfReceiptAreFoundByIndex) {
  open();
  std::vector<Event> events(100'000);
  std::vector<RawRow> rows;
  for (size_t i = 0; i < events.size(); ++i) {
    events[i].id.bytes = {static_cast<uint8_t>(i), static_cast<uint8_t>(i >> 8), static_cast<uint8_t>(i >> 16), 7};
    events[i].received = from_unix_millis(1'795'000'000'000 + static_cast<int64_t>(i));
    events[i].subject = "channel/" + std::to_string(i % 1000);
    rows.push_back({&events[i], "default"});
  }
  ASSERT_TRUE(log->insert(rows, ""));
  EXPECT_THAT(query("EXPLAIN indexes = 1, projections = 1 " + select_event(events[5].id)), HasSubstr("by_id"));
  EXPECT_THAT(
      query(fmt::format("EXPLAIN indexes = 1, projections = 1 SELECT body FROM vf.raw_events WHERE received_at >= "
                        "fromUnixTimestamp64Milli({}, 'UTC') AND received_at < fromUnixTimestamp64Milli({}, 'UTC')",
                        unix_millis(events[10].received), unix_millis(events[20].received))),
      HasSubstr("by_received"));
}

TEST(ChdbLibrary, CandidatesAreTheVariableOrBesideTheProgram) {
  EXPECT_THAT(Library::candidates("/opt/my.so", "/app"), ElementsAre("/opt/my.so"));
  const auto files = Library::candidates(nullptr, "/src/build/release");
  EXPECT_EQ(files.front(), "/src/build/release/libchdb.so");
  EXPECT_THAT(files, testing::Contains("/src/build/libchdb/libchdb.so"));
  EXPECT_EQ(files.back(), "libchdb.so");
  EXPECT_EQ(Library::candidates("", "/app").front(), "/app/libchdb.so");
}

TEST(ChdbLibrary, MissingOrOldLibraryErrorSaysHowToGetOne) {
  const auto missing = Library::open({"/nowhere/libchdb.so"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::not_found);
  EXPECT_EQ(missing.error().message,
            "lake: chdb needs libchdb.so: run ./dev fetch-libchdb, or set ingest.lake: none "
            "(/nowhere/libchdb.so does not exist)");
  const auto old = Library::open({"/nowhere/libchdb.so", "libm.so.6"});  // a library without chDB's symbols
  ASSERT_FALSE(old);
  EXPECT_THAT(old.error().message, HasSubstr("too old (it has no chdb_version): run ./dev fetch-libchdb"));
  const auto broken = Library::open({"/proc/self/cmdline"});
  ASSERT_FALSE(broken);
  EXPECT_THAT(broken.error().message, HasSubstr("run ./dev fetch-libchdb"));
}

// Compares the table of codes (lake/engine_error.h) with the engine's own.
TEST_F(Chdb, CodesHaveTheEnginesNames) {
  open();
  for (const auto& known : engine_codes()) {
    const std::string name(known.name);
    EXPECT_EQ(query("SELECT errorCodeToName(" + std::to_string(known.code) + ")"),
              static_cast<char>(name.size()) + name);
  }
}

}  // namespace
}  // namespace vf::lake::chdb
