// The drivers that pass the conformance suite of runs without a server: SQLite and the models in memory, each with both
// databases.
#include "runs_suite.h"
#include "store/memory/environment.h"
#include "store/memory/outbox.h"
#include "store/sqlite/environment.h"
#include "store/sqlite/outbox.h"
#include "store/temporary_folder_test.h"

namespace vf::store::conformance {
namespace {

class SqliteHubHost final : public RunsHost {
 public:
  Result<std::unique_ptr<RunsStore>> open() override {
    return runs_of(sqlite::open_outbox({.path = folder_.file("dm.db"), .now = kStart, .readers = 2}));
  }

 private:
  TemporaryFolder folder_;
};

class SqliteEnvironmentHost final : public RunsHost {
 public:
  Result<std::unique_ptr<RunsStore>> open() override {
    return runs_of(sqlite::open_environment(
        {.path = folder_.file("stage.db"), .environment = "stage", .tables = {}, .now = kStart, .readers = 2}));
  }

 private:
  TemporaryFolder folder_;
};

template <class Port, class Store>
class MemoryHost final : public RunsHost {
 public:
  Result<std::unique_ptr<RunsStore>> open() override {
    return runs_of(std::unique_ptr<Port>(std::make_unique<Store>()));
  }
};

const auto kDrivers = testing::Values(
    RunsDriver{"sqlite_hub", [] { return std::make_unique<SqliteHubHost>(); }},
    RunsDriver{"sqlite_environment", [] { return std::make_unique<SqliteEnvironmentHost>(); }},
    RunsDriver{.name = "memory_hub",
               .make_host = [] { return std::make_unique<MemoryHost<OutboxStore, memory::MemoryOutbox>>(); },
               .durable = false},
    RunsDriver{.name = "memory_environment",
               .make_host = [] { return std::make_unique<MemoryHost<EnvironmentStore, memory::MemoryEnvironment>>(); },
               .durable = false});

}  // namespace

INSTANTIATE_TEST_SUITE_P(Drivers, RunsConformance, kDrivers, [](const auto& driver) { return driver.param.name; });

}  // namespace vf::store::conformance
