// The conformance suite of EnvironmentStore: what every driver of an environment's database must do. A driver
// instantiates EnvironmentConformance with a factory of hosts; environment_drivers_test.cc shows how.
// Doubles: none, real stores. Oracle: store::merge(), which the property tests of store/table_test.cc prove a join.
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

/// A place for one empty environment that has kRuleTable beside its own tables, removed with the host. open() may be
/// called again after the store was destroyed: it then holds what it held.
class EnvironmentHost {
 public:
  virtual ~EnvironmentHost() = default;
  virtual Result<std::unique_ptr<EnvironmentStore>> open() = 0;
};

struct EnvironmentDriver {
  std::string name;
  std::function<std::unique_ptr<EnvironmentHost>()> make_host;
  bool durable = true;          // keeps what it holds over its own life
  bool orders_any_text = true;  // byte by byte, those with NUL and invalid UTF-8 too
  bool refuses = true;          // rows that do not fit their table, or whose table it has not
};
inline void PrintTo(const EnvironmentDriver& driver, std::ostream* out) { *out << driver.name; }

inline constexpr Instant kStart{Millis{1'790'000'000'123}};

class EnvironmentConformance : public testing::TestWithParam<EnvironmentDriver> {
 protected:
  void SetUp() override;
  void open();
  void reopen();

  /// Applies what must succeed, at now_.
  std::vector<Applied> apply(const std::vector<Projection>& projections);
  std::vector<std::vector<Value>> table();

  std::unique_ptr<EnvironmentHost> host_;
  std::unique_ptr<EnvironmentStore> store_;
  Instant now_ = kStart;
};

/// Of event `n`; its rows all have the given key.
Projection projection(uint32_t n, std::vector<Row> rows = {});
Projection quarantined(uint32_t n, const std::string& reason);
/// A row of kRuleTable that says one thing: the least number seen is `number`.
Row telling_min(const std::string& key, int64_t number);

/// The declared tables and the migrations are two texts: every column of src/projections must exist and take its type.
void expect_full_rows_taken(EnvironmentStore& store);

}  // namespace vf::store::conformance
