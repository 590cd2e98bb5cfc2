// The ClickHouse driver passes the conformance suite of RawLog, against the stand-in server: as one server, and as a
// cluster of one replica.
#include "raw_log_clickhouse.h"

#include "raw_log_chdb.h"

namespace vf::lake::conformance {

INSTANTIATE_TEST_SUITE_P(
    ClickHouse, RawLogConformance,
    testing::Values(RawLogDriver{"clickhouse", [] { return std::make_unique<ClickHouseHost>(); }, chdb_missing()},
                    RawLogDriver{"cluster", [] { return std::make_unique<ClickHouseHost>("vf"); }, chdb_missing()}),
    [](const auto& driver) { return driver.param.name; });

}  // namespace vf::lake::conformance
