// merge() must be a join (commutative, associative, idempotent) for every rule, or tables would depend on the order of
// events. Rows are random over small domains, so that equal keys, values and stamps are common.
#include "store/table.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "store/random_rows_test.h"

namespace vf::store {
namespace {

Row merged(Row a, const Row& b) {
  merge(a, b);
  return a;
}

RC_GTEST_PROP(TableMerge, IsCommutative, ()) {
  const Row a = *random_row();
  const Row b = *random_row();
  RC_ASSERT(meaning(merged(a, b)) == meaning(merged(b, a)));
}

RC_GTEST_PROP(TableMerge, IsAssociative, ()) {
  const Row a = *random_row();
  const Row b = *random_row();
  const Row c = *random_row();
  RC_ASSERT(meaning(merged(merged(a, b), c)) == meaning(merged(a, merged(b, c))));
}

RC_GTEST_PROP(TableMerge, IsIdempotent, ()) {
  const Row a = *random_row();
  const Row b = *random_row();
  RC_ASSERT(meaning(merged(a, a)) == meaning(a));
  RC_ASSERT(meaning(merged(merged(a, b), b)) == meaning(merged(a, b)));
}

RC_GTEST_PROP(TableMerge, GivesOneRowForAnyOrderAndRepetition, ()) {
  const auto rows = *rc::gen::nonEmpty(rc::gen::container<std::vector<Row>>(random_row()));
  auto shuffled = rows;
  shuffled.insert(shuffled.end(), rows.begin(), rows.end());
  const auto seed = *rc::gen::arbitrary<uint32_t>();
  std::ranges::shuffle(shuffled, std::mt19937(seed));
  const auto fold = [](const std::vector<Row>& all) {
    Row joined = all.front();
    for (const Row& row : all) merge(joined, row);
    return meaning(joined);
  };
  RC_ASSERT(fold(rows) == fold(shuffled));
}

/// A row with only the given cells, at second `at`, from event `by`.
Row row_with(std::initializer_list<std::pair<size_t, Value>> cells, int at, uint8_t by, int64_t rank = 0) {
  Row row = empty_row();
  for (const auto& [column, value] : cells) row.cells[column] = value;
  for (Stamp& stamp : row.stamps) stamp = Stamp{rank, from_unix_millis(at * 1000), small_uuid(by)};
  return row;
}

TEST(TableMergeRules, MinAndMaxLetNullLose) {
  const Row set = row_with({{kMin, int64_t{5}}, {kMax, int64_t{5}}}, 1, 1);
  const Row null = row_with({{kMin, Value{}}, {kMax, Value{}}}, 2, 2);
  EXPECT_EQ(merged(set, null).cells[kMin], Value{int64_t{5}});
  EXPECT_EQ(merged(null, set).cells[kMax], Value{int64_t{5}});
  const Row lower = row_with({{kMin, int64_t{4}}, {kMax, int64_t{4}}}, 3, 3);
  EXPECT_EQ(merged(set, lower).cells[kMin], Value{int64_t{4}});
  EXPECT_EQ(merged(set, lower).cells[kMax], Value{int64_t{5}});
}

TEST(TableMergeRules, LastReplacesItsGroupAndNullIsAValue) {
  const Row older = row_with({{kLastText, std::string("old")}, {kLastFlag, true}}, 1, 9);
  const Row newer = row_with({{kLastText, std::string("new")}}, 2, 1);  // without the flag, which becomes NULL
  const Row joined = merged(older, newer);
  EXPECT_EQ(joined.cells[kLastText], Value{std::string("new")});
  EXPECT_EQ(meaning(joined)[kLastFlag], Value{});
  EXPECT_EQ(joined.stamps[kLastGroup].by, small_uuid(1));
}

TEST(TableMergeRules, AnAbsentGroupChangesNothing) {
  const Row set = row_with({{kLastText, std::string("kept")}}, 1, 1);
  const Row silent = row_with({{kMin, int64_t{1}}}, 9, 9);
  EXPECT_EQ(merged(set, silent).cells[kLastText], Value{std::string("kept")});
  EXPECT_EQ(merged(set, silent).stamps[kLastGroup].by, small_uuid(1));
  EXPECT_EQ(merged(silent, set).cells[kLastText], Value{std::string("kept")});
}

TEST(TableMergeRules, FirstIsTheLeastTimeThenTheLeastId) {
  const Row a = row_with({{kFirstText, std::string("a")}}, 5, 2);
  const Row earlier = row_with({{kFirstText, std::string("b")}}, 4, 9);
  const Row same_time_lesser_id = row_with({{kFirstText, std::string("c")}}, 5, 1);
  EXPECT_EQ(merged(a, earlier).cells[kFirstText], Value{std::string("b")});
  EXPECT_EQ(merged(a, same_time_lesser_id).cells[kFirstText], Value{std::string("c")});
}

TEST(TableMergeRules, RankGoesBeforeTime) {
  const Row authority = row_with({{kRankText, std::string("provider")}}, 1, 1, 2);
  const Row later = row_with({{kRankText, std::string("recovered")}}, 9, 9, 1);
  EXPECT_EQ(merged(authority, later).cells[kRankText], Value{std::string("provider")});
  EXPECT_EQ(merged(later, authority).cells[kRankText], Value{std::string("provider")});
  const Row correction = row_with({{kRankText, std::string("provider, later")}}, 2, 0, 2);
  EXPECT_EQ(merged(authority, correction).cells[kRankText], Value{std::string("provider, later")});
}

TEST(TableMergeRules, EqualStampsKeepTheGreaterValues) {
  const Row a = row_with({{kLastText, std::string("a")}, {kLastFlag, true}}, 1, 1);
  const Row b = row_with({{kLastText, std::string("b")}, {kLastFlag, false}}, 1, 1);
  EXPECT_EQ(merged(a, b).cells[kLastText], Value{std::string("b")});
  EXPECT_EQ(merged(a, b).cells[kLastFlag], Value{true});
}

TEST(TableKeys, OrderByTableNameThenKeyColumns) {
  static constexpr Column kColumns[] = {
      {"a", ColumnType::integer}, {"b", ColumnType::text}, {"c", ColumnType::integer, Merge::max}};
  static constexpr Table kFirstTable{"first_table", kColumns, {}};
  static constexpr Table kSecondTable{"second_table", kColumns, {}};
  const auto row = [](const Table& table, int64_t a, std::string b, int64_t c) {
    return Row{&table, {Value{a}, Value{std::move(b)}, Value{c}}, {}};
  };
  const std::vector<Row> sorted = {row(kFirstTable, -1, "x", 0), row(kFirstTable, 2, "a", 9),
                                   row(kFirstTable, 2, "b", 0), row(kFirstTable, 10, "a", 0),
                                   row(kSecondTable, 0, "a", 0)};
  for (size_t i = 0; i < sorted.size(); ++i) {
    for (size_t j = 0; j < sorted.size(); ++j) EXPECT_EQ(compare_keys(sorted[i], sorted[j]), i <=> j) << i << " " << j;
  }
  EXPECT_EQ(compare_keys(row(kFirstTable, 1, "a", 1), row(kFirstTable, 1, "a", 2)), std::strong_ordering::equal);
}

}  // namespace
}  // namespace vf::store
