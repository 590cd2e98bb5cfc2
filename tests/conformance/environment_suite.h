// The conformance suite of EnvironmentStore: it tests the contract that every driver of an environment's database must
// fulfill. A driver instantiates EnvironmentConformance with a factory of hosts; environment_drivers_test.cc shows how.
// Doubles: none, the stores are real. Oracle: store::merge(), whose laws store/table_test.cc tests by properties.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "store/environment_store.h"
#include "store/random_rows_test.h"

namespace vf::store::conformance {

using TableRows = std::vector<std::vector<Value>>;

/// A database for one environment: empty at first, with kRuleTable beside the projected tables, and removed with the
/// host. open() may be called again after the store was destroyed: a durable store then has its content again.
class EnvironmentHost {
 public:
  virtual ~EnvironmentHost() = default;
  virtual Result<std::unique_ptr<EnvironmentStore>> open() = 0;
  /// Returns the rows of a table in key order, read without the store.
  virtual TableRows rows(const Table& table) = 0;
};

struct EnvironmentDriver {
  std::string name;
  std::function<std::unique_ptr<EnvironmentHost>()> make_host;
  bool durable = true;          // the content outlives the store
  bool orders_any_text = true;  // texts are compared byte by byte, including NUL and invalid UTF-8
  bool refuses = true;          // refuses rows that do not fit their table, and rows of unknown tables
};
inline void PrintTo(const EnvironmentDriver& driver, std::ostream* out) { *out << driver.name; }

inline constexpr Instant kStart{Millis{1'790'000'000'123}};

/// Returns an applied projection of event `n`.
Projection projection(uint32_t n, std::vector<Row> rows = {});
Projection quarantined(uint32_t n, const std::string& reason);

class EnvironmentConformance : public testing::TestWithParam<EnvironmentDriver> {
 protected:
  void SetUp() override;
  void open();
  void reopen();

  /// Applies projections at the time now_; this must succeed.
  std::vector<Applied> apply(const std::vector<Projection>& projections);
  /// Returns the rows of kRuleTable.
  TableRows table() { return host_->rows(kRuleTable); }

  std::unique_ptr<EnvironmentHost> host_;
  std::unique_ptr<EnvironmentStore> store_;
  Instant now_ = kStart;
};

/// What operators read of a quarantine, and drop from it.
class EnvironmentQuarantine : public EnvironmentConformance {
 protected:
  static Uuid id(uint32_t n) { return projection(n).event_id; }
  static Projection forced(Projection retry) {
    retry.force = true;
    return retry;
  }
  std::vector<Uuid> after(const QuarantinePlace& place, size_t rows_max) {
    std::vector<Uuid> ids;
    const auto rows = store_->quarantined_after(place, rows_max);
    EXPECT_TRUE(rows) << rows.error().message;
    for (const auto& row : rows.value_or(std::vector<QuarantinedEvent>{})) ids.push_back(row.event_id);
    return ids;
  }
  int64_t drop(const std::vector<Uuid>& ids) {
    const auto dropped = store_->drop_quarantined(ids);
    EXPECT_TRUE(dropped) << dropped.error().message;
    return dropped.value_or(-1);
  }
  Applied status(uint32_t n) { return (*store_->processed(id(n)))->status; }
};

/// Returns a row of kRuleTable in which one cell beside the key is set: min_number.
Row row_with_min(const std::string& key, int64_t number);

/// Tests that every column that src/projections declares exists in the migrated database and stores values of its type.
void expect_full_rows_stored(EnvironmentStore& store, const std::function<TableRows(const Table&)>& read);

}  // namespace vf::store::conformance
