// chDB passes the conformance suite of RawLog.
#include "raw_log_chdb.h"

namespace vf::lake::conformance {

INSTANTIATE_TEST_SUITE_P(Chdb, RawLogConformance,
                         testing::Values(RawLogDriver{"chdb", [] { return std::make_unique<ChdbHost>(); },
                                                      chdb_missing()}),
                         [](const auto& driver) { return driver.param.name; });

}  // namespace vf::lake::conformance
