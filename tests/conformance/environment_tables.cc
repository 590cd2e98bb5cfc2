// What becomes of rows: key order, keys, and tables that are the join of what was told, in any order.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <random>

#include "base/bytes.h"
#include "environment_suite.h"

namespace vf::store::conformance {

using testing::ElementsAre;

TEST_P(EnvironmentConformance, RowsAreReadInKeyOrderUpToABound) {
  apply({projection(1, {telling_min("b", 2), telling_min("a", 1)}), projection(2, {telling_min("B", 3)})});
  std::vector<Value> keys;
  for (const auto& row : table()) keys.push_back(row[kKeyText]);
  EXPECT_THAT(keys, ElementsAre(Value{std::string("B")}, Value{std::string("a")}, Value{std::string("b")}));
  EXPECT_EQ(store_->rows(kRuleTable, 2)->size(), 2u);
  EXPECT_THAT(*store_->row_counts(), testing::Contains(std::pair(std::string("every_rule"), int64_t{3})));
}

TEST_P(EnvironmentConformance, KeysDifferByEveryKeyColumn) {
  Row a = telling_min("k", 1);
  Row number = a;
  number.cells[kKeyNumber] = int64_t{2};
  Row time = a;
  time.cells[kKeyTime] = from_unix_millis(1'700'000'000'001);
  apply({projection(1, {a, number, time, a})});
  EXPECT_EQ(table().size(), 3u);
}

/// Texts that the driver orders in its own way become others.
Row narrowed(Row row, const EnvironmentDriver& driver) {
  if (driver.orders_any_text) return row;
  for (auto& cell : row.cells) {
    auto* text = cell ? std::get_if<std::string>(&*cell) : nullptr;
    if (text == nullptr) continue;
    std::ranges::replace(*text, '\0', '\1');
    if (!is_utf8(*text)) *text = "\u00ff";
  }
  return row;
}

/// Rows of three keys, told in some order, cut into some batches, several of an event: the table must be the fold.
TEST_P(EnvironmentConformance, ATableIsTheJoinOfItsRowsInAnyOrderAndBatching) {
  uint32_t event = 0;
  int round = 0;
  const bool held = rc::check("rows through the store = fold of merge()", [&] {
    const std::string round_key = fmt::format("round {} ", ++round);
    const auto rows = *rc::gen::nonEmpty(rc::gen::container<std::vector<Row>>(random_row()));
    std::map<std::string, Row> folded;
    std::vector<Projection> batch;
    for (const Row& told : rows) {
      Row row = narrowed(told, GetParam());
      const std::string key = round_key + *rc::gen::element<std::string>("a", "b", "c");
      row.cells[kKeyText] = key;
      const auto [at, is_new] = folded.try_emplace(key, row);
      if (!is_new) merge(at->second, row);
      if (batch.empty() || *rc::gen::arbitrary<bool>()) batch.push_back(projection(++event));
      batch.back().rows.push_back(row);
      if (*rc::gen::inRange(0, 3) > 0) continue;
      RC_ASSERT(store_->apply(batch, now_, nullptr).has_value());
      batch.clear();
    }
    RC_ASSERT(store_->apply(batch, now_, nullptr).has_value());
    const auto all = store_->rows(kRuleTable, 1'000'000);
    RC_ASSERT(all.has_value());
    std::map<std::string, std::vector<Value>> found;
    for (const auto& row : *all) {
      const std::string key = std::get<std::string>(row[kKeyText]);
      if (key.starts_with(round_key)) found.emplace(key, row);
    }
    RC_ASSERT(found.size() == folded.size());
    for (const auto& [key, row] : folded) RC_ASSERT(found.at(key) == meaning(row));
  });
  EXPECT_TRUE(held);
}

/// The join needs no oracle here: two orders and two batchings of one history, under two keys, end alike.
TEST_P(EnvironmentConformance, NeitherOrderNorRepetitionChangesATableOfAnyTexts) {
  uint32_t event = 0;
  const bool held = rc::check("two tellings end alike", [&] {
    const auto rows = *rc::gen::nonEmpty(rc::gen::container<std::vector<Row>>(random_row()));
    const std::string keys[] = {fmt::format("one {}", event), fmt::format("two {}", event)};
    for (const std::string& key : keys) {
      auto order = rows;
      order.insert(order.end(), rows.begin(), rows.begin() + *rc::gen::inRange<ptrdiff_t>(0, std::ssize(rows) + 1));
      std::ranges::shuffle(order, std::mt19937(*rc::gen::arbitrary<uint32_t>()));
      std::vector<Projection> batch;
      for (Row& row : order) {
        row.cells[kKeyText] = key;
        batch.push_back(projection(++event, {row}));
        if (*rc::gen::inRange(0, 20) > 0) continue;
        RC_ASSERT(store_->apply(batch, now_, nullptr).has_value());
        batch.clear();
      }
      RC_ASSERT(store_->apply(batch, now_, nullptr).has_value());
    }
    std::map<std::string, std::vector<Value>> found;
    for (auto& row : *store_->rows(kRuleTable, 1'000'000)) {
      const std::string key = std::get<std::string>(row[kKeyText]);
      row.erase(row.begin());
      found.emplace(key, row);
    }
    RC_ASSERT(found.at(keys[0]) == found.at(keys[1]));
  });
  EXPECT_TRUE(held);
}

}  // namespace vf::store::conformance
