// The drivers that pass the conformance suite of OutboxStore without a server: SQLite, and the model in memory that
// tests use.
#include "outbox_suite.h"
#include "store/memory/outbox.h"
#include "store/sqlite/outbox.h"
#include "store/temporary_folder_test.h"

namespace vf::store::conformance {
namespace {

class SqliteHost final : public OutboxHost {
 public:
  Result<std::unique_ptr<OutboxStore>> open() override {
    return sqlite::open_outbox({.path = folder_.file("dm.db"), .now = kStart, .readers = 2});
  }

 private:
  TemporaryFolder folder_;
};

class MemoryHost final : public OutboxHost {
 public:
  Result<std::unique_ptr<OutboxStore>> open() override { return std::make_unique<memory::MemoryOutbox>(); }
};

const auto kDrivers = testing::Values(
    OutboxDriver{"sqlite", [] { return std::make_unique<SqliteHost>(); }},
    OutboxDriver{.name = "memory", .make_host = [] { return std::make_unique<MemoryHost>(); }, .durable = false});

std::string name_of(const testing::TestParamInfo<OutboxDriver>& driver) { return driver.param.name; }

}  // namespace

INSTANTIATE_TEST_SUITE_P(Drivers, OutboxConformance, kDrivers, name_of);
INSTANTIATE_TEST_SUITE_P(Drivers, OutboxSearch, kDrivers, name_of);
INSTANTIATE_TEST_SUITE_P(Drivers, OutboxCursors, kDrivers, name_of);
INSTANTIATE_TEST_SUITE_P(Drivers, OutboxDeliveries, kDrivers, name_of);
INSTANTIATE_TEST_SUITE_P(Drivers, OutboxKept, kDrivers, name_of);
INSTANTIATE_TEST_SUITE_P(Drivers, OutboxLeases, kDrivers, name_of);
INSTANTIATE_TEST_SUITE_P(Drivers, OutboxRetention, kDrivers, name_of);

}  // namespace vf::store::conformance
