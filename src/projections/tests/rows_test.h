// For tests of projectors: functions that make events and read cells by column name; and Fold, which holds tables in
// memory and merges rows by store::merge(), as the oracle for order, repetition and facts sent twice. Header only,
// single-threaded.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "event/event.h"
#include "event/identity.h"
#include "projections/registry.h"
#include "projections/tables.h"
#include "store/table.h"

namespace vf::projections {

inline Instant at(std::string_view text) { return parse_time(text).value(); }

/// Returns a ULID with the millisecond of `time`; `salt` makes it unique.
inline std::string ulid(Instant time, uint64_t salt) {
  constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::string out(26, '0');
  auto ms = static_cast<uint64_t>(unix_millis(time));
  for (size_t i = 10; i-- > 0; ms >>= 5) out[i] = kDigits[ms & 31];
  for (size_t i = 26; i-- > 10; salt >>= 5) out[i] = kDigits[salt & 31];
  return out;
}

/// Returns an event as the hub delivers it. `type` begins with the source; the message id is a ULID of the time `sent`.
inline Event event_of(std::string type, std::string body, Instant sent = at("2025-01-14T16:08:07.123Z"),
                      uint64_t salt = 1) {
  Event event;
  event.source = type.substr(0, type.find('.'));
  event.type = std::move(type);
  event.message_id = ulid(sent, salt);
  event.id = event_id(event.source, event.message_id, std::nullopt);
  event.time = sent;
  event.is_json = true;
  event.body = std::move(body);
  return event;
}

inline std::string fixture(const std::string& path) {
  std::ifstream in(std::string(VF_FIXTURES) + "/" + path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

/// Returns `text` with the first `from` replaced by `to`; `from` must occur in `text`.
inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t place = text.find(from);
  EXPECT_NE(place, std::string::npos) << from;
  if (place != std::string::npos) text.replace(place, from.size(), to);
  return text;
}

inline std::vector<store::Row> rows_of(const Event& event) {
  auto projection = project(event);
  EXPECT_EQ(projection.status, store::Applied::applied) << projection.reason;
  return std::move(projection.rows);
}

/// Returns why the event is quarantined; empty when it is not quarantined.
inline std::string reason_of(const Event& event) {
  auto projection = project(event);
  return projection.status == store::Applied::quarantined ? projection.reason : "";
}

inline std::optional<store::Value> cell(const store::Row& row, std::string_view column) {
  for (size_t i = 0; i < row.table->columns.size(); ++i) {
    if (row.table->columns[i].name == column) return row.cells[i];
  }
  ADD_FAILURE() << "no column " << column;
  return std::nullopt;
}

inline std::optional<store::Value> integer(int64_t value) { return store::Value{value}; }
inline std::optional<store::Value> text(std::string value) { return store::Value{std::move(value)}; }
inline std::optional<store::Value> time(std::string_view value) { return store::Value{at(value)}; }
inline std::optional<store::Value> flag(bool value) { return store::Value{value}; }
inline const std::optional<store::Value> kNull = store::Value{};

/// Returns whether the naming law (tables.h) allows the column to differ when a fact is sent twice.
inline bool may_depend_on_delivery(std::string_view column) {
  return column == "event_id" || column == "message_id" || column == "received_at" || column == "updated_at" ||
         column.ends_with("_event_id");
}

class Fold {
 public:
  void add(const store::Row& row) {
    auto [place, fresh] = rows_.try_emplace(row);
    if (fresh) {
      place->second = row;
    } else {
      store::merge(place->second, row);
    }
  }
  void add(const std::vector<store::Row>& rows) {
    for (const auto& row : rows) add(row);
  }
  void add(const Event& event) { add(project(event).rows); }

  using Meaning = std::map<std::string, std::optional<store::Value>>;
  /// Returns every row as a reader sees it: a map from column name (stamps included) to value, with NULL for absent
  /// cells. `of_facts` leaves out the columns that may differ when a fact is sent twice.
  std::vector<Meaning> read(bool of_facts = false) const {
    std::vector<Meaning> out;
    for (const auto& [key, row] : rows_) out.push_back(meaning(row, of_facts));
    return out;
  }
  const store::Row* find(std::string_view table) const {
    for (const auto& [key, row] : rows_) {
      if (row.table->name == table) return &row;
    }
    return nullptr;
  }
  size_t size() const { return rows_.size(); }
  auto begin() const { return rows_.begin(); }
  auto end() const { return rows_.end(); }

 private:
  static Meaning meaning(const store::Row& row, bool of_facts) {
    Meaning out{{"(table)", store::Value{std::string(row.table->name)}}};
    const auto put = [&](std::string_view name, store::Value value) {
      if (of_facts && may_depend_on_delivery(name)) return;
      out[std::string(name)] = std::move(value);
    };
    for (size_t i = 0; i < row.cells.size(); ++i) {
      put(row.table->columns[i].name, row.cells[i].value_or(store::Value{}));
    }
    for (size_t group = 0; group < row.stamps.size(); ++group) {
      if (!store::takes_part(row, group)) continue;
      const auto& names = row.table->groups[group];
      put(names.at_column, row.stamps[group].at);
      put(names.by_column, row.stamps[group].by.to_string());
      if (!names.rank_column.empty()) put(names.rank_column, row.stamps[group].rank);
    }
    return out;
  }
  struct ByKey {
    bool operator()(const store::Row& a, const store::Row& b) const { return store::compare_keys(a, b) < 0; }
  };
  std::map<store::Row, store::Row, ByKey> rows_;
};

}  // namespace vf::projections
