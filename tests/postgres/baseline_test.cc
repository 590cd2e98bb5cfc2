// A new database is created in one step from a baseline. Its dump must equal the dump of a database to which the
// migrations were applied one by one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "postgres/server.h"
#include "store/postgres/connection.h"
#include "store/postgres/schema.h"

namespace vf::postgres_test {
namespace {

using store::Migration;
using store::postgres::Connection;
using store::postgres::SchemaParams;

struct Database {
  std::string name, schema;
  std::span<const Migration> migrations, baseline;
};
void PrintTo(const Database& database, std::ostream* out) { *out << database.name; }

class Baseline : public testing::TestWithParam<Database> {
 protected:
  /// Migrates a new database. Returns its URL.
  static std::string migrated(std::span<const Migration> baseline, std::vector<std::string>& applied) {
    const Database& database = GetParam();
    std::string url = Server::shared().fresh_database();
    auto db = Connection::open({.url = url, .role = "test"});
    const auto names = store::postgres::migrate(*db, {.schema = database.schema,
                                                      .known = database.migrations,
                                                      .target = {.database = "it", .command = "vf migrate"},
                                                      .baseline = baseline});
    EXPECT_TRUE(names) << names.error().message;
    applied = names.value_or(std::vector<std::string>{});
    return url;
  }
  /// Returns a dump of the whole database except the times at which the migrations were applied.
  static std::string dump(const std::string& url) {
    Server& server = Server::shared();
    const std::string file = server.folder() + "/baseline.sql";
    EXPECT_EQ(server.run({"psql", "-q", "-c",
                          "UPDATE " + GetParam().schema + "._migrations SET applied_at = '2026-01-01'", url}),
              0);
    EXPECT_EQ(server.run({"pg_dump", "-f", file, url}), 0) << server.log();
    std::ifstream in(file);
    std::string text;
    for (std::string line; std::getline(in, line);) {
      if (!line.contains("restrict ")) text += line + "\n";  // pg_dump writes a random word into these lines
    }
    return text;
  }
};

TEST_P(Baseline, EqualsTheMigrationsOneByOne) {
  if (!Server::can_be_dumped()) GTEST_SKIP() << "there is no pg_dump for this server";
  ASSERT_EQ(GetParam().baseline.size(), 1u);
  std::vector<std::string> by_one, by_many;
  const std::string many = dump(migrated({}, by_many));
  const std::string one = dump(migrated(GetParam().baseline, by_one));
  EXPECT_EQ(by_one, by_many);
  EXPECT_GT(many.size(), 10'000u);
  EXPECT_EQ(one, many);
}

TEST_P(Baseline, IsNotForADatabaseThatHasMigrations) {
  const Database& database = GetParam();
  const std::string url = Server::shared().fresh_database();
  auto db = Connection::open({.url = url, .role = "test"});
  SchemaParams params{.schema = database.schema,
                      .known = database.migrations.first(1),
                      .target = {.database = "it", .command = "vf migrate"}};
  ASSERT_TRUE(store::postgres::migrate(*db, params));
  params.known = database.migrations;
  params.baseline = database.baseline;
  const auto names = store::postgres::migrate(*db, params);
  ASSERT_TRUE(names) << names.error().message;
  EXPECT_EQ(names->size(), database.migrations.size() - 1);
}

std::string name_of(const testing::TestParamInfo<Database>& database) { return database.param.name; }

INSTANTIATE_TEST_SUITE_P(Of, Baseline,
                         testing::Values(Database{"shared", "ingest", store::postgres::outbox_migrations(),
                                                  store::postgres::outbox_baseline()},
                                         Database{"environment", "public", store::postgres::environment_migrations(),
                                                  store::postgres::environment_baseline()}),
                         name_of);

}  // namespace
}  // namespace vf::postgres_test
