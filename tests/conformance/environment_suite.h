// The conformance suite of EnvironmentStore: the contract that every driver of an environment's database must keep. A
// driver instantiates EnvironmentConformance with a factory of hosts; environment_drivers_test.cc shows how.
// Doubles: none, real stores. Oracle: store::merge(), whose laws are tested by properties in store/table_test.cc.
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

/// One empty environment that has kRuleTable beside its own tables, removed with the host. open() may be called again
/// after the store was destroyed: a durable store then has its content again.
class EnvironmentHost {
 public:
  virtual ~EnvironmentHost() = default;
  virtual Result<std::unique_ptr<EnvironmentStore>> open() = 0;
  /// The rows of a table in key order, read beside the store.
  virtual TableRows rows(const Table& table) = 0;
};

struct EnvironmentDriver {
  std::string name;
  std::function<std::unique_ptr<EnvironmentHost>()> make_host;
  bool durable = true;          // the content outlives the store
  bool orders_any_text = true;  // byte by byte, including NUL and invalid UTF-8
  bool refuses = true;          // refuses rows that do not fit their table, and rows of unknown tables
};
inline void PrintTo(const EnvironmentDriver& driver, std::ostream* out) { *out << driver.name; }

inline constexpr Instant kStart{Millis{1'790'000'000'123}};

class EnvironmentConformance : public testing::TestWithParam<EnvironmentDriver> {
 protected:
  void SetUp() override;
  void open();
  void reopen();

  /// Applies projections that must succeed, at now_.
  std::vector<Applied> apply(const std::vector<Projection>& projections);
  /// The rows of kRuleTable.
  TableRows table() { return host_->rows(kRuleTable); }

  std::unique_ptr<EnvironmentHost> host_;
  std::unique_ptr<EnvironmentStore> store_;
  Instant now_ = kStart;
};

/// The projection of event `n`.
Projection projection(uint32_t n, std::vector<Row> rows = {});
Projection quarantined(uint32_t n, const std::string& reason);
/// A row of kRuleTable that sets one cell: min_number.
Row row_with_min(const std::string& key, int64_t number);

/// Every column that src/projections declares must exist in the migrations and take values of its type.
void expect_full_rows_stored(EnvironmentStore& store, const std::function<TableRows(const Table&)>& read);

}  // namespace vf::store::conformance
