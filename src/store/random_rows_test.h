// For tests: a table with every merge rule and column type, and random rows for it. All rows have the same key, and
// their values are few, so that equal values are common. Used by the tests of merge() and by the conformance suite of
// EnvironmentStore. Header only.
#pragma once

#include <rapidcheck.h>

#include <random>
#include <string>
#include <vector>

#include "store/table.h"

namespace vf::store {

enum RuleColumn : size_t {
  kKeyText,
  kKeyNumber,
  kKeyTime,
  kMin,
  kMax,
  kMinTime,
  kMaxText,
  kMaxFlag,
  kFirstText,
  kFirstNumber,
  kLastText,
  kLastFlag,
  kLastTime,
  kRankText,
  kRankNumber,
};
inline constexpr size_t kFirstGroup = 0;
inline constexpr size_t kLastGroup = 1;
inline constexpr size_t kRankGroup = 2;

inline constexpr Column kRuleColumns[] = {
    {"key_text", ColumnType::text},
    {"key_number", ColumnType::integer},
    {"key_time", ColumnType::time},
    {"min_number", ColumnType::integer, Merge::min},
    {"max_number", ColumnType::integer, Merge::max},
    {"min_time", ColumnType::time, Merge::min},
    {"max_text", ColumnType::text, Merge::max},
    {"max_flag", ColumnType::boolean, Merge::max},
    {"first_text", ColumnType::text, Merge::first, kFirstGroup},
    {"first_number", ColumnType::integer, Merge::first, kFirstGroup},
    {"last_text", ColumnType::text, Merge::last, kLastGroup},
    {"last_flag", ColumnType::boolean, Merge::last, kLastGroup},
    {"last_time", ColumnType::time, Merge::last, kLastGroup},
    {"rank_text", ColumnType::text, Merge::rank, kRankGroup},
    {"rank_number", ColumnType::integer, Merge::rank, kRankGroup},
};
static_assert(std::size(kRuleColumns) == kRankNumber + 1, "a column per RuleColumn");
inline constexpr Group kRuleGroups[] = {
    {"", "first_at", "first_event_id"}, {"", "last_at", "last_event_id"}, {"rank_rank", "rank_at", "rank_event_id"}};
inline constexpr Table kRuleTable{"every_rule", kRuleColumns, kRuleGroups};

inline Uuid small_uuid(uint8_t n) {
  Uuid id;
  id.bytes[0] = n;
  return id;
}

inline Row empty_row() {
  Row row{&kRuleTable, {}, {}};
  row.cells.resize(std::size(kRuleColumns));
  row.cells[kKeyText] = std::string("key");
  row.cells[kKeyNumber] = int64_t{1};
  row.cells[kKeyTime] = from_unix_millis(1'700'000'000'000);
  row.stamps.resize(std::size(kRuleGroups));
  return row;
}

/// A random value of the type, sometimes NULL. Texts contain NUL, upper and lower case and invalid UTF-8, to test the
/// collation.
inline rc::Gen<Value> random_value(ColumnType type) {
  const auto of_type = [type]() -> rc::Gen<Value> {
    switch (type) {
      case ColumnType::integer:
        return rc::gen::map(rc::gen::inRange<int64_t>(-3, 4), [](int64_t n) { return Value{n}; });
      case ColumnType::boolean:
        return rc::gen::map(rc::gen::arbitrary<bool>(), [](bool b) { return Value{b}; });
      case ColumnType::time:
        return rc::gen::map(rc::gen::inRange<int64_t>(0, 4),
                            [](int64_t n) { return Value{from_unix_millis(1'700'000'000'000 + n * 501)}; });
      case ColumnType::text:
        break;
    }
    return rc::gen::map(
        rc::gen::element<std::string>("", "a", "B", "b", "ab", std::string("a\0b", 3), "\xff", "é", "10"),
        [](std::string text) { return Value{std::move(text)}; });
  }();
  return rc::gen::weightedOneOf<Value>({{5, of_type}, {1, rc::gen::just(Value{})}});
}

inline rc::Gen<Stamp> random_stamp() {
  return rc::gen::exec([] {
    Stamp stamp;
    stamp.rank = *rc::gen::inRange<int64_t>(0, 3);
    stamp.at = from_unix_millis(1'700'000'000'000 + *rc::gen::inRange<int64_t>(0, 3) * 999);
    stamp.by = small_uuid(*rc::gen::inRange<uint8_t>(0, 3));
    return stamp;
  });
}

/// A random row of kRuleTable, always with the same key; each other cell is set or absent at random.
inline rc::Gen<Row> random_row() {
  return rc::gen::exec([] {
    Row row = empty_row();
    for (size_t i = kMin; i < row.cells.size(); ++i) {
      if (*rc::gen::arbitrary<bool>()) row.cells[i] = *random_value(kRuleColumns[i].type);
    }
    for (Stamp& stamp : row.stamps) stamp = *random_stamp();
    return row;
  });
}

/// Returns the row as a reader of the table sees it: an absent cell is NULL.
inline std::vector<Value> meaning(const Row& row) {
  std::vector<Value> values;
  for (const auto& cell : row.cells) values.push_back(cell.value_or(Value{}));
  return values;
}

}  // namespace vf::store
