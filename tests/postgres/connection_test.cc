// Connection and migrations on a real server: values to and from it, translated errors, loss and recovery.
#include "store/postgres/connection.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "postgres/server.h"
#include "store/postgres/pool.h"
#include "store/postgres/schema.h"

namespace vf::store::postgres {
namespace {

using postgres_test::Server;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Instant kTime{Millis{1'790'000'000'123}};
constexpr Instant kBeforeTheEpoch{Millis{-1'790'000'000'123}};

Connection connect(const std::string& url) {
  auto connection = Connection::open({.url = url, .role = "test"});
  EXPECT_TRUE(connection) << connection.error().message;
  return std::move(*connection);
}

std::string bytes_of_every_value() {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  return bytes;
}

class PostgresConnection : public testing::Test {
 protected:
  std::string url_ = Server::shared().fresh_database();
  Connection db_ = connect(url_);
};

TEST_F(PostgresConnection, ValuesAreReadBackUnchanged) {
  const Uuid id = *Uuid::parse("01900000-0000-8000-8000-00000000002a");
  const auto rows =
      db_.query("SELECT $1, $2, $3, $4, $5, $6, $7, $8::integer, $9::smallint", Values()
                                                                                    .integer(-7)
                                                                                    .text(bytes_of_every_value())
                                                                                    .bytes(bytes_of_every_value())
                                                                                    .uuid(id)
                                                                                    .time(kTime)
                                                                                    .boolean(true)
                                                                                    .null(Type::text)
                                                                                    .integer(-9)
                                                                                    .integer(-10));
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(rows->integer_at(0, 0), -7);
  EXPECT_EQ(rows->text_at(0, 1), bytes_of_every_value());
  EXPECT_EQ(rows->bytes_at(0, 2), bytes_of_every_value());
  EXPECT_EQ(rows->uuid_at(0, 3), id);
  EXPECT_EQ(rows->time_at(0, 4), kTime);
  EXPECT_TRUE(rows->boolean_at(0, 5));
  EXPECT_TRUE(rows->is_null(0, 6));
  EXPECT_EQ(rows->integer_at(0, 7), -9);
  EXPECT_EQ(rows->integer_at(0, 8), -10);
}

TEST_F(PostgresConnection, ArraysAreUnnested) {
  const auto rows = db_.query("SELECT * FROM unnest($1, $2, $3) AS t(n, body, at) ORDER BY n",
                              Values()
                                  .array(Array(Type::integer).integer(1).integer(2))
                                  .array(Array(Type::bytes).bytes(std::string("\0x", 2)).null())
                                  .array(Array(Type::time).time(kTime).time(kBeforeTheEpoch)));
  ASSERT_TRUE(rows) << rows.error().message;
  ASSERT_EQ(rows->size(), 2);
  EXPECT_EQ(rows->bytes_at(0, 1), std::string_view("\0x", 2));
  EXPECT_TRUE(rows->is_null(1, 1));
  EXPECT_EQ(rows->time_at(1, 2), kBeforeTheEpoch);
  EXPECT_TRUE(db_.query("SELECT * FROM unnest($1)", Values().array(Array(Type::uuid)))->empty());
}

TEST_F(PostgresConnection, ATransactionIsAtomicAndBounded) {
  ASSERT_TRUE(db_.run("CREATE TABLE t (n bigint PRIMARY KEY)"));
  const auto insert = [this](int64_t n) -> Result<void> {
    const auto done = db_.query("INSERT INTO public.t VALUES ($1)", Values().integer(n));
    if (!done) return done.error();
    return {};
  };
  EXPECT_TRUE(db_.transaction([&] { return insert(1); }));
  const auto refused = db_.transaction([&]() -> Result<void> {
    if (auto done = insert(2); !done) return done;
    return insert(1);
  });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_EQ(db_.last_sqlstate(), "23505");
  EXPECT_EQ(db_.query("SELECT count(*) FROM t")->integer_at(0, 0), 1);
  const auto slow = db_.transaction(
      [&]() -> Result<void> {
        const auto slept = db_.run("SELECT pg_sleep(60)");
        if (!slept) return slept.error();
        return {};
      },
      {.statement = Millis{50}, .lock = Millis{0}, .idle = Millis{0}});
  ASSERT_FALSE(slow);
  EXPECT_EQ(slow.error().code, Code::unavailable);
  EXPECT_EQ(db_.run("SHOW statement_timeout")->text_at(0, 0), "0") << "the session keeps its settings";
}

// Defaults of the role or database must not change the properties of our transactions.
TEST_F(PostgresConnection, ASingleWriteIgnoresTheDefaultsOfTheRole) {
  ASSERT_TRUE(db_.run("CREATE TABLE t (isolation text, access text, durable text)"));
  const auto insert = [](Connection& db) {
    return db.write_at_once(
        "INSERT INTO public.t SELECT current_setting('transaction_isolation'), "
        "current_setting('transaction_read_only'), "
        "current_setting('synchronous_commit')",
        Values());
  };
  const auto expect_ours = [this](int64_t count) {
    const auto rows =
        db_.query("SELECT count(*) FROM t WHERE isolation = 'read committed' AND access = 'off' AND durable = 'on'");
    EXPECT_EQ(rows->integer_at(0, 0), count);
  };
  ASSERT_TRUE(insert(db_));
  expect_ours(1);
  int64_t count = 1;
  const std::string database = db_.query("SELECT current_database()")->text_at(0, 0);
  for (const char* setting :
       {"default_transaction_isolation = 'repeatable read'", "default_transaction_read_only = on",
        "synchronous_commit = off", "synchronous_commit = local", "client_min_messages = error"}) {
    ASSERT_TRUE(db_.run(fmt::format("ALTER DATABASE {} SET {}", database, setting)));
    auto other = connect(url_);
    const auto done = insert(other);
    EXPECT_TRUE(done) << setting << ": " << done.error().message;
    expect_ours(++count);
  }
}

TEST_F(PostgresConnection, AFailureThatTheBodyIgnoresIsNoCommit) {
  const auto done = db_.transaction([&]() -> Result<void> {
    EXPECT_FALSE(db_.run("SELECT 1/0"));
    return {};
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::internal);
}

TEST_F(PostgresConnection, ATransactionDoesNotReconnect) {
  auto other = connect(url_);
  ASSERT_TRUE(db_.run("CREATE TABLE t (n bigint)"));
  const auto done = db_.transaction([&]() -> Result<void> {
    EXPECT_TRUE(
        other.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                  "AND datname = current_database()"));
    EXPECT_FALSE(db_.run("INSERT INTO t VALUES (1)"));
    EXPECT_FALSE(db_.run("INSERT INTO t VALUES (2)"));
    return {};
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::unavailable);
  EXPECT_EQ(db_.query("SELECT count(*) FROM t")->integer_at(0, 0), 0) << "and it reconnects afterwards";
}

TEST_F(PostgresConnection, AConnectionClosedWhileIdleReconnects) {
  auto other = connect(url_);
  ASSERT_TRUE(
      other.run("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                "AND datname = current_database()"));
  EXPECT_TRUE(db_.run("SELECT 1"));
}

constexpr TransactionLimits kLimits{.statement = Millis{2000}, .lock = Millis{1000}, .idle = Millis{1000}};

/// Stops a backend until the end of the scope.
class Stopped {
 public:
  explicit Stopped(int64_t process) : process_(static_cast<pid_t>(process)) { EXPECT_EQ(kill(process_, SIGSTOP), 0); }
  Stopped(const Stopped&) = delete;
  Stopped& operator=(const Stopped&) = delete;
  ~Stopped() { resume(); }
  void resume() const { kill(process_, SIGCONT); }

 private:
  pid_t process_;
};

/// Parameter: one round trip instead of three.
class StoppedBackend : public PostgresConnection, public testing::WithParamInterface<bool> {};

TEST_P(StoppedBackend, TheWriteTimesOutAndTheNextOneSucceeds) {
  ASSERT_TRUE(db_.run("CREATE TABLE t (n bigint PRIMARY KEY)"));
  auto hub = Connection::open({.url = url_, .role = "test", .grace = Millis{0}});
  ASSERT_TRUE(hub);
  const auto write = [&hub] {
    const std::string sql = "INSERT INTO public.t VALUES (1) ON CONFLICT DO NOTHING";
    return GetParam() ? hub->write_at_once(sql, Values(), kLimits) : hub->write(sql, Values(), kLimits);
  };
  const auto backend = hub->query("SELECT pg_backend_pid()::bigint");
  ASSERT_TRUE(backend);
  const Stopped stopped(backend->integer_at(0, 0));
  const auto begun = std::chrono::steady_clock::now();
  const auto silent = write();
  const auto waited = std::chrono::steady_clock::now() - begun;
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().code, Code::unavailable);
  EXPECT_THAT(silent.error().message, HasSubstr("silent for 2000 ms"));
  EXPECT_GE(waited, kLimits.statement);
  EXPECT_LT(waited, std::chrono::seconds{15});
  EXPECT_TRUE(write());
  stopped.resume();
  while (
      !db_.query("SELECT 1 FROM pg_stat_activity WHERE pid = $1::integer", Values().integer(backend->integer_at(0, 0)))
           ->empty()) {
    continue;
  }
  EXPECT_EQ(db_.query("SELECT count(*) FROM t")->integer_at(0, 0), 1) << "both writes may have been done";
}

INSTANTIATE_TEST_SUITE_P(RoundTrips, StoppedBackend, testing::Bool(),
                         [](const auto& info) { return info.param ? std::string("One") : std::string("Three"); });

/// A server without its synchronous standby: commits wait for it. Parameter: one round trip instead of three.
class MissingStandby : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override { ASSERT_TRUE(other_.run("SET synchronous_commit = local; CREATE TABLE t (n bigint)")); }
  static Result<Rows> insert(Connection& db) {
    const std::string sql = "INSERT INTO public.t VALUES (1)";
    return GetParam() ? db.write_at_once(sql, Values(), kLimits) : db.write(sql, Values(), kLimits);
  }

  Server server_{{.fsync = false, .settings = {"synchronous_standby_names=missing"}}};
  std::string url_ = server_.url("postgres");
  Connection other_ = connect(url_);
};

TEST_P(MissingStandby, ACommitWhoseWaitWasCancelledIsUnconfirmed) {
  Connection db = connect(url_);
  std::thread canceller([this] {
    const char* cancel = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    while (other_.query(cancel)->empty()) continue;
  });
  const auto done = insert(db);
  canceller.join();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::unavailable);
  EXPECT_THAT(done.error().message, HasSubstr("outcome is unknown"));
}

TEST_P(MissingStandby, ACommitWithoutAnAnswerIsUnconfirmed) {
  auto db = Connection::open({.url = url_, .role = "test", .grace = Millis{0}});
  ASSERT_TRUE(db);
  const auto done = insert(*db);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::unavailable);
  EXPECT_THAT(done.error().message, HasSubstr("outcome is unknown"));
}

INSTANTIATE_TEST_SUITE_P(RoundTrips, MissingStandby, testing::Bool(),
                         [](const auto& info) { return info.param ? std::string("One") : std::string("Three"); });

TEST_F(PostgresConnection, ErrorsNameTheServerWithoutThePassword) {
  const auto away = Connection::open({.url = "postgresql://u:secret@127.0.0.1:1/none", .role = "test"});
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, Code::unavailable);
  EXPECT_THAT(away.error().message, HasSubstr("127.0.0.1:1/none"));
  EXPECT_THAT(away.error().message, testing::Not(HasSubstr("secret")));
  const auto unreadable = Connection::open({.url = "postgresql://u:sec%ret@/", .role = "test"});
  ASSERT_FALSE(unreadable);
  EXPECT_EQ(unreadable.error().code, Code::invalid);
  EXPECT_THAT(unreadable.error().message, testing::Not(HasSubstr("sec%ret")));
}

TEST_F(PostgresConnection, ARefusedLoginQuotesTheServer) {
  ASSERT_TRUE(db_.run("CREATE ROLE locked_out NOLOGIN"));
  const std::string base = "postgresql://hub:secret@127.0.0.1:" + std::to_string(Server::shared().port());
  const auto refusal = [](const std::string& url) {
    const auto refused = Connection::open({.url = url, .role = "test"});
    EXPECT_FALSE(refused);
    const Error error = refused ? Error{} : refused.error();
    EXPECT_EQ(error.code, Code::unavailable);
    EXPECT_THAT(error.message,
                testing::Not(testing::AnyOf(HasSubstr("secret"), HasSubstr("see that the server runs"))));
    return error.message;
  };
  EXPECT_THAT(refusal(base + "/nowhere"),
              AllOf(HasSubstr("\"nowhere\" does not exist"), HasSubstr("let this role in")));
  EXPECT_THAT(refusal(base + "/postgres?user=locked_out"), HasSubstr("not permitted to log in"));
  EXPECT_THAT(refusal(base + "/postgres?sslmode=require"), HasSubstr("does not support SSL"));
  EXPECT_THAT(refusal(base + "/postgres?sslmode=sometimes"), HasSubstr("correct sslmode"));
}

TEST_F(PostgresConnection, APoolIsBounded) {
  Pool pool({.url = url_, .role = "test"}, 1);
  auto lease = pool.lease();
  ASSERT_TRUE(lease);
  EXPECT_TRUE((*lease)->run("SELECT 1"));
  const auto refused = pool.lease(Millis{1});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unavailable);
}

constexpr Migration kMigrations[] = {
    {1, "0001_first", "a", "CREATE TABLE hub.first (n bigint); INSERT INTO hub.first VALUES (1)"},
    {2, "0002_second", "b", "CREATE TABLE hub.second (n bigint)"},
    {3, "0003_wrong", "c", "CREATE TABLE hub.third (n bigint); SELECT 1/0"}};

SchemaParams first_of(size_t count) {
  return {.schema = "hub",
          .known = std::span(kMigrations).first(count),
          .target = {.database = "the hub's database", .command = "vf migrate dm"}};
}

TEST_F(PostgresConnection, MigrationsAreAppliedOnceInOrder) {
  EXPECT_THAT(*pending_migrations(db_, first_of(2)), ElementsAre("0001_first", "0002_second"));
  EXPECT_TRUE(db_.query("SELECT 1 FROM pg_namespace WHERE nspname = 'hub'")->empty()) << "it changes nothing";
  const auto refused = check_migrated(db_, first_of(2));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("vf migrate dm"));
  EXPECT_THAT(*migrate(db_, first_of(1)), ElementsAre("0001_first"));
  EXPECT_THAT(*migrate(db_, first_of(2)), ElementsAre("0002_second"));
  EXPECT_THAT(*migrate(db_, first_of(2)), IsEmpty());
  EXPECT_TRUE(check_migrated(db_, first_of(2)));
}

TEST_F(PostgresConnection, AMigrationIsAtomic) {
  const auto failed = migrate(db_, first_of(3));
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message, HasSubstr("0003_wrong"));
  EXPECT_THAT(*pending_migrations(db_, first_of(3)), ElementsAre("0003_wrong"));
  EXPECT_TRUE(db_.query("SELECT to_regclass('hub.third')")->is_null(0, 0));
}

TEST_F(PostgresConnection, ConcurrentMigrationsTakeTurns) {
  auto other = connect(url_);
  std::vector<std::string> of_other;
  std::thread second([&] { of_other = *migrate(other, first_of(2)); });
  const auto of_this = *migrate(db_, first_of(2));
  second.join();
  EXPECT_EQ(of_this.size() + of_other.size(), 2u);
  EXPECT_EQ(db_.query("SELECT count(*) FROM hub.first")->integer_at(0, 0), 1);
  EXPECT_TRUE(check_migrated(db_, first_of(2)));
}

TEST(PostgresServer, APasswordComesFromTheAddressOrAFile) {
  Server server({.fsync = false, .settings = {}});
  ASSERT_TRUE(connect(server.url("postgres")).run("ALTER ROLE hub PASSWORD 'p:w'"));
  server.stop();
  std::ofstream(server.folder() + "/data/pg_hba.conf") << "local all all trust\nhost all all all scram-sha-256\n";
  server.start();
  const std::string passwords = server.folder() + "/passwords";
  std::ofstream(passwords) << "127.0.0.1:*:*:hub:p\\:w\n";
  std::filesystem::permissions(passwords, std::filesystem::perms::owner_read);
  const std::string rest = "@127.0.0.1:" + std::to_string(server.port()) + "/postgres";
  const auto open = [&rest](const std::string& user, const std::string& parameter = "?passfile=/dev/null") {
    return Connection::open({.url = "postgresql://" + user + rest + parameter, .role = "test"});
  };
  EXPECT_TRUE(open("hub:p%3Aw"));
  EXPECT_TRUE(open("hub", "?passfile=" + passwords));
  const auto wrong = open("hub:guessed");
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message, AllOf(HasSubstr("password authentication failed for user \"hub\""),
                                           HasSubstr("PGPASSFILE"), testing::Not(HasSubstr("guessed"))));
  const auto missing = open("hub");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, AllOf(HasSubstr("no password supplied"), HasSubstr("PGPASSFILE")));
}

TEST(PostgresServer, AfterARestartTheConnectionReconnects) {
  Server server({.fsync = false, .settings = {}});
  Connection db = connect(server.fresh_database());
  ASSERT_TRUE(db.run("CREATE TABLE t (n bigint); INSERT INTO t VALUES (1)"));
  server.crash();
  const auto away = db.run("SELECT 1");
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, Code::unavailable);
  server.start();
  EXPECT_EQ(db.query("SELECT count(*) FROM t")->integer_at(0, 0), 1);
}

}  // namespace
}  // namespace vf::store::postgres
