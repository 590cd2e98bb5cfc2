// PostgreSQL passes the conformance suite of OutboxStore, directly, through PgBouncer in transaction mode, and with
// hostile defaults of its role.
#include "outbox_suite.h"
#include "postgres/bouncer.h"
#include "postgres/hostile_defaults.h"
#include "postgres/server.h"
#include "store/postgres/outbox/outbox.h"

namespace vf::store::conformance {
namespace {

using postgres_test::Bouncer;
using postgres_test::Server;

/// A migrated database, to be copied: migrating for every test would take most of the time.
const std::string& migrated_database() {
  static const std::string name = [] {
    Server& server = Server::shared();
    const std::string url = server.fresh_database();
    const auto migrated = postgres::migrate_outbox(url);
    EXPECT_TRUE(migrated) << migrated.error().message;
    return Server::database_of(url);
  }();
  return name;
}

class PostgresHost : public OutboxHost {
 public:
  Result<std::unique_ptr<OutboxStore>> open() override {
    return postgres::open_outbox(
        {.url = url_, .role = "test", .readers = 2, .server_time = false, .whole_days = false});
  }

 protected:
  std::string url_ = Server::shared().fresh_database(migrated_database());
};

class BouncedHost final : public PostgresHost {
 public:
  BouncedHost() {
    static const Bouncer bouncer(Server::shared());
    url_ = bouncer.url(Server::database_of(url_));
  }
};

class HostileHost final : public PostgresHost {
 public:
  HostileHost() { postgres_test::make_defaults_hostile(url_); }
};

const auto kDrivers = testing::Values(OutboxDriver{"postgres", [] { return std::make_unique<PostgresHost>(); }},
                                      OutboxDriver{"pgbouncer", [] { return std::make_unique<BouncedHost>(); }},
                                      OutboxDriver{"hostile_defaults", [] { return std::make_unique<HostileHost>(); }});

std::string name_of(const testing::TestParamInfo<OutboxDriver>& driver) { return driver.param.name; }

}  // namespace

INSTANTIATE_TEST_SUITE_P(Drivers, OutboxConformance, kDrivers, name_of);
INSTANTIATE_TEST_SUITE_P(Drivers, OutboxSearch, kDrivers, name_of);
INSTANTIATE_TEST_SUITE_P(Drivers, OutboxCursors, kDrivers, name_of);
INSTANTIATE_TEST_SUITE_P(Drivers, OutboxLeases, kDrivers, name_of);
INSTANTIATE_TEST_SUITE_P(Drivers, OutboxDeliveries, kDrivers, name_of);
INSTANTIATE_TEST_SUITE_P(Drivers, OutboxKept, kDrivers, name_of);
INSTANTIATE_TEST_SUITE_P(Drivers, OutboxRetention, kDrivers, name_of);

}  // namespace vf::store::conformance
