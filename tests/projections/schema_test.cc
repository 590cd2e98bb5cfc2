// The tables that projectors fill (src/projections/tables.cc) are the tables that the migrations make.
#include <map>
#include <set>

#include "memory_database.h"
#include "projections/tables.h"
#include "projections/tests/rows_test.h"

namespace vf::projections {
namespace {

struct Wanted {
  std::string type;
  bool key = false;
};

std::string sqlite_type(store::ColumnType type) {
  return type == store::ColumnType::integer || type == store::ColumnType::boolean ? "INTEGER" : "TEXT";
}

std::map<std::string, Wanted> declared(const store::Table& table) {
  std::map<std::string, Wanted> columns;
  for (const auto& column : table.columns) {
    columns[std::string(column.name)] = {sqlite_type(column.type), column.merge == store::Merge::key};
  }
  for (const auto& group : table.groups) {
    if (!group.rank_column.empty()) columns[std::string(group.rank_column)] = {"INTEGER"};
    columns[std::string(group.at_column)] = {"TEXT"};
    columns[std::string(group.by_column)] = {"TEXT"};
  }
  return columns;
}

TEST(Schema, EveryDeclaredColumnIsInTheMigrations) {
  MemoryDatabase db;
  for (const auto& table : tables()) {
    auto wanted = declared(table);
    size_t keys = 0;
    for (const auto& info : db.query("SELECT name, type, \"notnull\", pk FROM pragma_table_info('" +
                                     std::string(table.name) + "') ORDER BY cid")) {
      const std::string where = std::string(table.name) + "." + info[0];
      ASSERT_TRUE(wanted.contains(info[0])) << where << " is not declared";
      EXPECT_EQ(info[1], wanted[info[0]].type) << where;
      EXPECT_EQ(info[2], wanted[info[0]].key ? "1" : "0") << where << " not null";
      EXPECT_EQ(info[3] != "0", wanted[info[0]].key) << where << " key";
      if (info[3] != "0") {
        EXPECT_EQ(info[3], std::to_string(++keys)) << where << " key order";
        EXPECT_EQ(table.columns[keys - 1].name, info[0]) << "keys come first, in the key's order";
      }
      wanted.erase(info[0]);
    }
    for (const auto& [name, column] : wanted) ADD_FAILURE() << table.name << "." << name << " is not in the migrations";
  }
}

TEST(Schema, EveryMigratedTableIsDeclaredOrBookkeeping) {
  MemoryDatabase db;
  std::set<std::string> known = {"processed_events", "quarantined_events"};
  for (const auto& table : tables()) known.insert(std::string(table.name));
  for (const auto& row : db.query("SELECT name FROM sqlite_master WHERE type = 'table'")) {
    EXPECT_TRUE(known.contains(row[0]) || row[0].starts_with("_") || row[0].starts_with("sqlite_")) << row[0];
  }
}

TEST(Schema, ColumnsThatDependOnADeliveryFollowTheNamingLaw) {
  for (const auto& table : tables()) {
    for (const auto& group : table.groups) EXPECT_TRUE(may_depend_on_delivery(group.by_column)) << group.by_column;
    EXPECT_FALSE(may_depend_on_delivery(table.columns[0].name)) << table.name;
  }
}

}  // namespace
}  // namespace vf::projections
