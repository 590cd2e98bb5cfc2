// PostgreSQL passes the conformance suite of EnvironmentStore; and what only PostgreSQL can get wrong.
#include "environment_postgres.h"

namespace vf::store::conformance {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(PostgresEnvironment, EveryProjectedTableTakesAFullRowAndGivesItBack) {
  auto store =
      postgres::open_environment({.url = migrated_database(), .environment = "stage", .tables = projections::tables()});
  ASSERT_TRUE(store) << store.error().message;
  expect_full_rows_taken(**store);
}

const auto kDriver = testing::Values(EnvironmentDriver{
    .name = "postgres", .make_host = [] { return std::make_unique<PostgresHost>(); }, .orders_any_text = false});
std::string name_of(const testing::TestParamInfo<EnvironmentDriver>& driver) { return driver.param.name; }

}  // namespace

INSTANTIATE_TEST_SUITE_P(OnAServer, EnvironmentConformance, kDriver, name_of);

}  // namespace vf::store::conformance
