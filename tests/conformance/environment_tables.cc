// Tables: every key column counts, and a table is the join of the rows applied to it, in any order.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <random>

#include "base/bytes.h"
#include "environment_suite.h"

namespace vf::store::conformance {

TEST_P(EnvironmentConformance, KeysDifferByEveryKeyColumn) {
  Row a = row_with_min("k", 1);
  Row number = a;
  number.cells[kKeyNumber] = int64_t{2};
  Row time = a;
  time.cells[kKeyTime] = from_unix_millis(1'700'000'000'001);
  apply({projection(1, {a, number, time, a})});
  EXPECT_EQ(table().size(), 3u);
}

/// Replaces texts that the driver does not order byte by byte.
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

/// Rows of three keys, in random batches, several per event: the table must be the fold of merge().
TEST_P(EnvironmentConformance, ATableIsTheJoinOfItsRowsInAnyBatching) {
  uint32_t event = 0;
  int round = 0;
  const bool held = rc::check("rows through the store = fold of merge()", [&] {
    const std::string round_key = fmt::format("round {} ", ++round);
    const auto rows = *rc::gen::nonEmpty(rc::gen::container<std::vector<Row>>(random_row()));
    std::map<std::string, Row> folded;
    std::vector<Projection> batch;
    for (const Row& original : rows) {
      Row row = narrowed(original, GetParam());
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
    std::map<std::string, std::vector<Value>> found;
    for (const auto& row : table()) {
      const std::string key = std::get<std::string>(row[kKeyText]);
      if (key.starts_with(round_key)) found.emplace(key, row);
    }
    RC_ASSERT(found.size() == folded.size());
    for (const auto& [key, row] : folded) RC_ASSERT(found.at(key) == meaning(row));
  });
  EXPECT_TRUE(held);
}

/// A test without an oracle: one history is applied under two keys, in two orders and batchings, and must give two
/// equal rows.
TEST_P(EnvironmentConformance, OrderAndRepetitionDoNotMatterForAnyText) {
  uint32_t event = 0;
  const bool held = rc::check("two orders give the same row", [&] {
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
    for (auto& row : table()) {
      const std::string key = std::get<std::string>(row[kKeyText]);
      row.erase(row.begin());
      found.emplace(key, row);
    }
    RC_ASSERT(found.at(keys[0]) == found.at(keys[1]));
  });
  EXPECT_TRUE(held);
}

}  // namespace vf::store::conformance
