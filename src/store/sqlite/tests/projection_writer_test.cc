// The upsert writes only rows that change. The conformance suite tests that it merges correctly.
#include "store/sqlite/projection_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/random_rows_test.h"
#include "store/temporary_folder_test.h"

namespace vf::store::sqlite {
namespace {

constexpr const char* kCreate =
    "CREATE TABLE every_rule (key_text TEXT, key_number INTEGER, key_time TEXT, min_number INTEGER, "
    "max_number INTEGER, min_time TEXT, max_text TEXT, max_flag INTEGER, first_text TEXT, first_number INTEGER, "
    "last_text TEXT, last_flag "
    "INTEGER, last_time TEXT, rank_text TEXT, rank_number INTEGER, first_at TEXT, first_event_id TEXT, last_at TEXT, "
    "last_event_id TEXT, rank_rank INTEGER, rank_at TEXT, rank_event_id TEXT, "
    "PRIMARY KEY (key_text, key_number, key_time)) STRICT, WITHOUT ROWID";

class Upsert : public testing::Test {
 protected:
  Upsert() : db_(*Connection::open({.path = folder_.file("test.db"), .create = true})) {
    EXPECT_TRUE(db_.run(kCreate));
  }
  /// Writes the row. Returns the number of rows changed, 0 or 1.
  int64_t put(const Row& row) {
    const std::string sql = upsert_sql(kRuleTable);
    Query upsert = db_.query(sql);
    bind_row(upsert, row);
    const auto done = upsert.run();
    EXPECT_TRUE(done) << done.error().message;
    return db_.changes();
  }
  static Row full_row() {
    Row row = empty_row();
    row.cells[kMin] = int64_t{5};
    row.cells[kMax] = int64_t{5};
    row.cells[kFirstText] = std::string("first");
    row.cells[kLastText] = std::string("last");
    row.cells[kRankText] = std::string("rank");
    for (Stamp& stamp : row.stamps) stamp = {1, from_unix_millis(1000), small_uuid(5)};
    return row;
  }

  TemporaryFolder folder_;
  Connection db_;
};

TEST_F(Upsert, ARepeatedRowChangesNothing) {
  EXPECT_EQ(put(full_row()), 1);
  EXPECT_EQ(put(full_row()), 0);
  EXPECT_EQ(put(empty_row()), 0) << "a row without cells, of a known key";
}

TEST_F(Upsert, LosingValuesChangeNothing) {
  put(full_row());
  Row loser = empty_row();
  loser.cells[kMin] = int64_t{6};
  loser.cells[kMax] = int64_t{4};
  loser.cells[kFirstText] = std::string("later");
  loser.stamps[kFirstGroup] = {1, from_unix_millis(2000), small_uuid(1)};
  loser.cells[kLastText] = std::string("earlier");
  loser.stamps[kLastGroup] = {1, from_unix_millis(500), small_uuid(9)};
  loser.cells[kRankText] = std::string("of less authority");
  loser.stamps[kRankGroup] = {0, from_unix_millis(9000), small_uuid(9)};
  EXPECT_EQ(put(loser), 0);
}

TEST_F(Upsert, EachWinningColumnChangesTheRow) {
  put(full_row());
  const auto one = [](RuleColumn column, Value value, int64_t at_ms) {
    Row row = empty_row();
    row.cells[column] = std::move(value);
    for (Stamp& stamp : row.stamps) stamp = {1, from_unix_millis(at_ms), small_uuid(5)};
    return row;
  };
  EXPECT_EQ(put(one(kMin, int64_t{4}, 1000)), 1);
  EXPECT_EQ(put(one(kMax, int64_t{6}, 1000)), 1);
  EXPECT_EQ(put(one(kFirstText, std::string("earlier"), 999)), 1);
  EXPECT_EQ(put(one(kLastText, std::string("later"), 1001)), 1);
  EXPECT_EQ(put(one(kRankText, std::string("later"), 1001)), 1);
}

TEST_F(Upsert, ATableOfKeysTakesEachKeyOnce) {
  static constexpr Column kColumns[] = {{"id", ColumnType::integer}};
  static constexpr Table kKeys{"keys_only", kColumns, {}};
  ASSERT_TRUE(db_.run("CREATE TABLE keys_only (id INTEGER PRIMARY KEY) STRICT"));
  const Row row{&kKeys, {Value{int64_t{1}}}, {}};
  const std::string sql = upsert_sql(kKeys);
  for (const int64_t expected : {1, 0}) {
    Query upsert = db_.query(sql);
    bind_row(upsert, row);
    ASSERT_TRUE(upsert.run());
    EXPECT_EQ(db_.changes(), expected);
  }
}

}  // namespace
}  // namespace vf::store::sqlite
