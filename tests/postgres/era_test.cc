// Eras: positions of one cluster have no meaning in another. A database that was dumped and restored is refused until
// `vf migrate dm` opens its next era; then no event is skipped.
#include "postgres/outbox_fixture.h"

namespace vf::postgres_test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Eras : public OutboxOnPostgres {
 protected:
  void expect_refused(const OutboxParams& params) {
    const auto refused = store::postgres::open_outbox(params);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::conflict);
    EXPECT_THAT(refused.error().message, HasSubstr("vf migrate dm"));
  }
};

TEST_F(Eras, MigratingAgainOpensNoEra) {
  EXPECT_THAT(*store::postgres::migrate_outbox(url_), IsEmpty());
  EXPECT_EQ(integer(db_, "SELECT max(era) FROM ingest.ingest_era"), 1);
}

TEST_F(Eras, AnUnmigratedDatabaseIsRefused) {
  const std::string empty = server_.fresh_database();
  OutboxParams params = params_;
  params.url = empty;
  expect_refused(params);
  auto db = connect(empty);
  EXPECT_TRUE(db.query("SELECT 1 FROM pg_namespace WHERE nspname = 'ingest'")->empty()) << "opening does not migrate";
}

TEST_F(Eras, ARestoredDumpIsRefusedUntilItsNextEra) {
  if (!Server::can_be_dumped()) GTEST_SKIP() << "there is no pg_dump for this server";
  // The transaction ids in the dump are far ahead of those of the new cluster.
  run(db_, "DO $$ BEGIN FOR i IN 1..3000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$");
  write({store::StartConsumer{"stage", store::StartConsumer::At::now}});
  add(1, 5);
  const Position second = *store_->ledger(id_at(now_, 2))->value().position;
  write({store::AdvanceCursor{.consumer = "stage", .from = **store_->cursor("stage"), .to = second}});

  Server other({.fsync = false, .settings = {}});
  const std::string restored = other.fresh_database();
  const std::string dump = server_.folder() + "/dump.sql";
  ASSERT_EQ(server_.run({"pg_dump", "-f", dump, url_}), 0) << server_.log();
  // Roles belong to the cluster: the dump of a database does not contain them.
  ASSERT_EQ(other.run({"psql", "-q", "-c", "CREATE ROLE vfmigrator LOGIN; CREATE ROLE vfapp LOGIN", restored}), 0);
  ASSERT_EQ(other.run({"psql", "-q", "-v", "ON_ERROR_STOP=1", "-f", dump, restored}), 0) << other.log();
  OutboxParams params = params_;
  params.url = restored;
  expect_refused(params);

  EXPECT_THAT(*store::postgres::pending_outbox(restored), ElementsAre("era 2"));
  EXPECT_THAT(*store::postgres::migrate_outbox(restored), ElementsAre("era 2"));
  EXPECT_THAT(*store::postgres::pending_outbox(restored), IsEmpty());
  const auto store = open_store(params);
  ASSERT_NE(store, nullptr);
  const std::vector<Write> fresh{adding(6, now_), adding(7, now_)};
  ASSERT_TRUE(store->write(fresh, now_, nullptr));
  const auto rows = store->read_after({.after = **store->cursor("stage")});
  ASSERT_TRUE(rows);
  std::vector<uint64_t> numbers;
  for (const auto& row : *rows) numbers.push_back(number_of(row));
  EXPECT_THAT(numbers, ElementsAre(3, 4, 5, 6, 7)) << "rows of the past era are final and first";
  const auto again = store->write(std::vector<Write>{adding(3, now_)}, now_, nullptr);
  ASSERT_TRUE(again);
  EXPECT_TRUE(std::get<store::EventAdded>(again->front()).duplicate);
}

TEST_F(Eras, ATransactionIdOfTheFutureIsRefused) {
  add(1, 1);
  run(db_, "UPDATE ingest.ingest_outbox SET tx = '1000000000'");
  expect_refused(params_);
  const auto ping = store_->ping();
  ASSERT_FALSE(ping) << "a running hub reports it too";
  EXPECT_EQ(ping.error().code, Code::unavailable);
  EXPECT_THAT(*store::postgres::migrate_outbox(url_), Contains("era 2"));
  EXPECT_TRUE(store_->ping());
  add(2, 2);
  EXPECT_THAT(numbers_after({}), ElementsAre(1, 2));
}

TEST_F(Eras, AReconnectionToAnotherClusterWritesNothing) {
  add(1, 1);
  run(db_, "UPDATE ingest.ingest_era SET system_identifier = 1");
  run(db_,
      "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND "
      "datname = current_database()");
  const auto refused = store_->write(std::vector<Write>{adding(2)}, now_, nullptr);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("vf migrate dm"));
  ASSERT_TRUE(store::postgres::migrate_outbox(url_));
  add(2, 2);
}

}  // namespace
}  // namespace vf::postgres_test
