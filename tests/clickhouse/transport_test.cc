// Tests the transport of the ClickHouse driver alone (lake/clickhouse/session.h) on a real server: authentication,
// errors, timeouts, compression, killing a query. The server is Debian's from 2018, which cannot hold the raw log (no
// projections, no DateTime64, no zstd); tests that need a newer server use the stand-in. These tests are skipped where
// Debian's server is not installed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "debian_server.h"
#include "lake/clickhouse/clickhouse_raw_log.h"
#include "lake/clickhouse/session.h"
#include "lake/raw_events.h"
#include "lake/row_binary.h"

namespace vf::clickhouse_test {
namespace {

using namespace lake::clickhouse;
using testing::HasSubstr;
using testing::Not;

struct Transport : testing::Test {
  static void SetUpTestSuite() {
    if (DebianServer::missing().empty()) server = std::make_unique<DebianServer>();
  }
  static void TearDownTestSuite() { server.reset(); }
  void SetUp() override {
    if (!server) GTEST_SKIP() << DebianServer::missing();
  }
  static SessionParams params() {
    SessionParams out;
    out.addresses = std::make_shared<Addresses>(std::vector{"http://" + server->address() + "/"});
    out.user = DebianServer::kUser;
    out.password = DebianServer::kPassword;
    out.compression = Compression::gzip;
    return out;
  }
  static int64_t number(Result<std::string> answer) {
    if (!answer) ADD_FAILURE() << answer.error().message;
    return answer ? lake::read_count(*answer).value_or(-1) : -1;
  }

  static inline std::unique_ptr<DebianServer> server;
};

TEST_F(Transport, AnswersAreRowBinary) {
  Session session(params());
  EXPECT_EQ(number(session.query("SELECT toInt64(42)")), 42);
  EXPECT_EQ(number(session.query("SELECT toInt64(length('&=%?+ ''\\\\'))")), 8);
}

TEST_F(Transport, UserAndPasswordAreChecked) {
  for (const auto& [user, password] :
       {std::pair{"vf", "hunter2"}, std::pair{"vf", ""}, std::pair{"stranger", DebianServer::kPassword}}) {
    auto wrong = params();
    wrong.user = user;
    wrong.password = password;
    const auto refused = Session(wrong).query("SELECT 1");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::unavailable);
    EXPECT_THAT(refused.error().message, HasSubstr("ingest.lake_password"));
    EXPECT_THAT(refused.error().message, Not(HasSubstr("hunter2")));
  }
}

TEST_F(Transport, ExceptionsAreTranslatedByTheirCode) {
  Session session(params());
  EXPECT_EQ(session.query("SELECT 1 FROM vf.nothing").error().code, Code::conflict);
  EXPECT_EQ(session.query("SELECT nothing").error().code, Code::internal);
  EXPECT_EQ(session.query("SELEKT").error().code, Code::internal);
  EXPECT_EQ(session.query("SELECT 1", {{"no_such_setting", "1"}}).error().code, Code::internal);
}

TEST_F(Transport, ExceptionInTheMiddleOfALongAnswerIsAnError) {
  Session session(params());
  const std::string sql = "SELECT toInt64(number), throwIf(number = 900000) FROM system.numbers LIMIT 1000000";
  const auto failed = session.query(sql);
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message, HasSubstr("Code: 395"));
  const auto late = session.query(sql, {{"wait_end_of_query", "0"}});
  ASSERT_FALSE(late) << "after 200 and some rows";
}

TEST_F(Transport, RowsArriveAsTheyWereSent) {
  Session session(params());
  ASSERT_TRUE(session.query("CREATE TABLE rows (id Int64, text String) ENGINE = MergeTree ORDER BY id"));
  std::string rows;
  int64_t bytes = 0;
  for (int64_t i = 0; i < 10'000; ++i) {
    const std::string text(static_cast<size_t>(i % 300), static_cast<char>(i));
    lake::row_binary::append_int(rows, i);
    lake::row_binary::append_string(rows, text);
    bytes += static_cast<int64_t>(text.size());
  }
  for (const auto compression : {Compression::gzip, Compression::none}) {
    auto compressed = params();
    compressed.compression = compression;
    const auto done = Session(compressed).insert("INSERT INTO rows (id, text)", rows, {});
    ASSERT_TRUE(done) << done.error().message;
  }
  EXPECT_EQ(number(session.query("SELECT toInt64(count()) FROM rows")), 20'000);
  EXPECT_EQ(number(session.query("SELECT toInt64(sum(length(text))) FROM rows")), 2 * bytes);
  const auto cut = session.insert("INSERT INTO rows (id, text)", std::string_view(rows).substr(0, 3), {});
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, Code::invalid) << cut.error().message;
}

TEST_F(Transport, ServerEndsAStatementThatTakesTooLong) {
  auto hurried = params();
  hurried.timeout = Millis{1'000};
  const auto late = Session(hurried).query("SELECT count() FROM system.numbers");
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::unavailable);
  EXPECT_THAT(late.error().message, HasSubstr("Code: 159"));
}

// The statements of abort_pending().
TEST_F(Transport, QueryIsFoundByItsIdAndKilled) {
  const std::string ours = " WHERE startsWith(query_id, 'vf-raw-log-') AND user = 'vf'";
  Result<std::string> answer = std::string();
  std::jthread running([&answer] {
    answer = Session(params()).query("SELECT count() FROM system.numbers", {{"query_id", "vf-raw-log-1"}});
  });
  Session session(params());
  while (number(session.query("SELECT toInt64(count()) FROM system.processes" + ours)) == 0) std::this_thread::yield();
  const auto killed = session.query("KILL QUERY" + ours + " SYNC");
  EXPECT_TRUE(killed) << killed.error().message;
  EXPECT_EQ(number(session.query("SELECT toInt64(count()) FROM system.processes" + ours)), 0);
  running.join();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::unavailable) << answer.error().message;
}

TEST_F(Transport, ServerTooOldForTheRawLogIsRefused) {
  const auto refused = open_clickhouse({.url = "http://vf@" + server->address() + "/vf",
                                        .password = DebianServer::kPassword,
                                        .cluster = {},
                                        .ca_pem = {},
                                        .retention = {}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("18.16"));
}

}  // namespace
}  // namespace vf::clickhouse_test
