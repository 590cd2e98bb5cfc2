// PostgreSQL passes the conformance suite of runs with both databases: directly, through PgBouncer in transaction mode,
// and with hostile defaults of its role. And tests of what is specific to PostgreSQL: the server's clock, two replicas.
#include <thread>

#include "postgres/bouncer.h"
#include "postgres/hostile_defaults.h"
#include "postgres/server.h"
#include "runs_suite.h"
#include "store/postgres/connection.h"
#include "store/postgres/environment/environment.h"
#include "store/postgres/outbox/outbox.h"

namespace vf::store::conformance {
namespace {

using postgres_test::Bouncer;
using postgres_test::Server;
using testing::ElementsAre;
using testing::IsEmpty;

enum class Base { hub, environment };
enum class Way { direct, pgbouncer, hostile_defaults };

/// A migrated database, to be copied: migrating for every test would take most of the time.
const std::string& migrated_database(Base base) {
  static const auto migrated = [](auto migrate) {
    const std::string url = Server::shared().fresh_database();
    const auto done = migrate(url);
    EXPECT_TRUE(done) << done.error().message;
    return Server::database_of(url);
  };
  static const std::string hub = migrated([](const std::string& url) { return postgres::migrate_outbox(url); });
  static const std::string environment =
      migrated([](const std::string& url) { return postgres::migrate_environment(url, "stage"); });
  return base == Base::hub ? hub : environment;
}

class PostgresHost final : public RunsHost {
 public:
  PostgresHost(Base base, Way way, bool server_time = false)
      : base_(base), server_time_(server_time), url_(Server::shared().fresh_database(migrated_database(base))) {
    if (way == Way::hostile_defaults) postgres_test::make_defaults_hostile(url_);
    if (way == Way::pgbouncer) {
      static const Bouncer bouncer(Server::shared());
      url_ = bouncer.url(Server::database_of(url_));
    }
  }
  Result<std::unique_ptr<RunsStore>> open() override {
    if (base_ == Base::hub) {
      return runs_of(postgres::open_outbox({.url = url_, .role = "test", .readers = 2, .server_time = server_time_}));
    }
    return runs_of(postgres::open_environment(
        {.url = url_, .environment = "stage", .tables = {}, .readers = 2, .server_time = server_time_}));
  }
  postgres::Connection connect() const { return *postgres::Connection::open({.url = url_, .role = "test"}); }
  std::string table() const { return base_ == Base::hub ? "dm.job_runs" : "public._job_runs"; }

 private:
  const Base base_;
  const bool server_time_;
  std::string url_;
};

RunsDriver driver(const std::string& name, Base base, Way way) {
  return {name, [base, way] { return std::make_unique<PostgresHost>(base, way); }};
}

const auto kDrivers =
    testing::Values(driver("hub", Base::hub, Way::direct), driver("hub_pgbouncer", Base::hub, Way::pgbouncer),
                    driver("hub_hostile_defaults", Base::hub, Way::hostile_defaults),
                    driver("environment", Base::environment, Way::direct),
                    driver("environment_pgbouncer", Base::environment, Way::pgbouncer),
                    driver("environment_hostile_defaults", Base::environment, Way::hostile_defaults));

class PostgresRuns : public testing::TestWithParam<Base> {
 protected:
  static std::shared_ptr<const store::Run> claim(RunsStore& store, const ClaimRun& write, Instant now = kStart) {
    const auto result = store.write(write, now);
    EXPECT_TRUE(result) << result.error().message;
    return result ? std::get<RunClaimed>(*result).run : nullptr;
  }
  static ClaimRun claiming(const std::string& holder, bool resumable = true) {
    return {.id = run_id(99), .job = "job", .holder = holder, .span = kSpan, .resumable = resumable};
  }
  std::unique_ptr<RunsStore> open() {
    auto store = host_.open();
    EXPECT_TRUE(store) << store.error().message;
    return store ? std::move(*store) : nullptr;
  }

  PostgresHost host_{GetParam(), Way::direct, true};
  std::unique_ptr<RunsStore> store_ = open();
  postgres::Connection db_ = host_.connect();
};

TEST_P(PostgresRuns, TheServersClockDecidesWhatHasExpired) {
  const Instant ours = kStart + std::chrono::days{4000};  // a clock that is years ahead
  ASSERT_TRUE(store_->write(RequestRun{.id = run_id(1), .job = "job", .asked_by = "ops"}, ours));
  const auto claimed = claim(*store_, claiming("a"), ours);
  ASSERT_NE(claimed, nullptr);
  const Instant server = *db_.server_time();
  EXPECT_LT(std::chrono::abs(*claimed->started_at - server), std::chrono::minutes{5});
  EXPECT_LT(std::chrono::abs(claimed->asked_at - server), std::chrono::minutes{5});
  EXPECT_EQ(claim(*store_, claiming("b"), ours + std::chrono::days{1}), nullptr);
  EXPECT_THAT(*store_->reads().waiting_jobs(ours + std::chrono::days{1}), IsEmpty());
  ASSERT_TRUE(db_.run("UPDATE " + host_.table() + " SET lease_until = now(), renewed_at = now() - interval '30 s'"));
  EXPECT_THAT(*store_->reads().waiting_jobs(kStart - std::chrono::days{4000}), ElementsAre("job"));
  EXPECT_NE(claim(*store_, claiming("b"), kStart - std::chrono::days{4000}), nullptr);
  ASSERT_TRUE(db_.run("UPDATE " + host_.table() +
                      " SET lease_until = now() + interval '9 hours 30 s', "
                      "renewed_at = now() + interval '9 hours'"));
  EXPECT_THAT(*store_->reads().waiting_jobs(kStart), ElementsAre("job")) << "written by a clock that was ahead";
  EXPECT_NE(claim(*store_, claiming("c")), nullptr);
}

/// Each claim of one store races with the claims of another one, as those of two replicas do.
TEST_P(PostgresRuns, OfTwoReplicasThatClaimAtOnceOneClaims) {
  constexpr uint32_t kRounds = 60;
  const auto other = open();
  for (uint32_t round = 1; round <= kRounds; ++round) {
    std::shared_ptr<const store::Run> runs[2];
    {
      std::vector<std::jthread> replicas;
      for (const uint32_t i : {0u, 1u}) {
        replicas.emplace_back([&, i] {
          ClaimRun write = claiming(i == 0 ? "a" : "b");
          write.id = run_id(round * 10 + i);
          write.due = kStart + Millis{round};
          runs[i] = claim(i == 0 ? *store_ : *other, write);
        });
      }
    }
    ASSERT_NE(runs[0] == nullptr, runs[1] == nullptr) << "round " << round;
    const store::Run& run = runs[0] ? *runs[0] : *runs[1];
    ASSERT_TRUE(store_->write(EndRun{.id = run.id, .holder = run.holder, .state = RunState::failed}, kStart));
  }
}

INSTANTIATE_TEST_SUITE_P(Both, PostgresRuns, testing::Values(Base::hub, Base::environment),
                         [](const auto& base) { return base.param == Base::hub ? "hub" : "environment"; });

}  // namespace

INSTANTIATE_TEST_SUITE_P(Drivers, RunsConformance, kDrivers, [](const auto& driver) { return driver.param.name; });

}  // namespace vf::store::conformance
