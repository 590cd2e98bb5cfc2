// Several processes that apply to one PostgreSQL database, and a server that crashes meanwhile.
#include <atomic>
#include <random>
#include <thread>

#include "environment_postgres.h"

namespace vf::store::conformance {
namespace {

constexpr uint32_t kEvents = 600;
constexpr uint32_t kKeys = 12;

/// Event n has rows of two of a few keys, so that appliers contend for rows; their values are functions of n.
Projection contended(uint32_t n) {
  Projection event = projection(n, {});
  for (const uint32_t key : {n % kKeys, (n * 7 + 3) % kKeys}) {
    Row row = row_with_min(std::to_string(key), 10'000 - n);
    row.cells[kMax] = int64_t{n};
    row.cells[kLastText] = std::to_string(n);
    row.stamps[kLastGroup] = {0, kStart + Millis{n * 7919 % 100}, event.event_id};
    event.rows.push_back(std::move(row));
  }
  return event;
}

std::map<std::string, std::vector<Value>> fold(const std::vector<Projection>& all) {
  std::map<std::string, Row> rows;
  for (const Projection& event : all) {
    for (const Row& row : event.rows) {
      const auto [stored, is_new] = rows.try_emplace(std::get<std::string>(*row.cells[kKeyText]), row);
      if (!is_new) merge(stored->second, row);
    }
  }
  std::map<std::string, std::vector<Value>> values;
  for (const auto& [key, row] : rows) values.emplace(key, meaning(row));
  return values;
}

std::map<std::string, std::vector<Value>> by_key(const TableRows& rows) {
  std::map<std::string, std::vector<Value>> values;
  for (const auto& row : rows) values.emplace(std::get<std::string>(row[kKeyText]), row);
  return values;
}

/// Applies all events in batches, in an order of its own. Returns how many it was the first to apply.
int apply_all(EnvironmentStore& store, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<uint32_t> order(kEvents);
  for (uint32_t n = 0; n < kEvents; ++n) order[n] = n;
  std::ranges::shuffle(order, random);
  int applied = 0;
  for (size_t from = 0; from < order.size();) {
    std::vector<Projection> batch;
    for (size_t size = 1 + random() % 40; size > 0 && from < order.size(); --size)
      batch.push_back(contended(order[from++]));
    const auto statuses = store.apply(batch, kStart, nullptr);
    EXPECT_TRUE(statuses) << statuses.error().message;
    if (statuses) applied += static_cast<int>(std::ranges::count(*statuses, Applied::applied));
  }
  return applied;
}

int64_t deadlocks(const PostgresHost& host) {
  auto db = host.connect();
  return db.query("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")->integer_at(0, 0);
}

TEST(PostgresAppliers, ApplyEachEventOnceAndNeverDeadlock) {
  PostgresHost host;
  std::atomic<int> applied = 0;
  {
    std::vector<std::jthread> threads;
    for (uint32_t seed = 0; seed < 4; ++seed) {
      threads.emplace_back([&host, &applied, seed] {
        auto store = host.open();
        ASSERT_TRUE(store) << store.error().message;
        applied += apply_all(**store, seed);
      });
    }
  }
  EXPECT_EQ(applied, kEvents);
  std::vector<Projection> all;
  for (uint32_t n = 0; n < kEvents; ++n) all.push_back(contended(n));
  EXPECT_EQ(by_key(host.rows(kRuleTable)), fold(all));
  EXPECT_EQ(deadlocks(host), 0);
}

/// Each applier has its own events, with the same rows in random order; every row changes each time.
TEST(PostgresAppliers, OfTheSameRowsNeverDeadlock) {
  PostgresHost host;
  {
    std::vector<std::jthread> threads;
    for (uint32_t seed = 0; seed < 4; ++seed) {
      threads.emplace_back([&host, seed] {
        auto store = host.open();
        ASSERT_TRUE(store) << store.error().message;
        std::mt19937 random(seed);
        for (uint32_t round = 0; round < 150; ++round) {
          Projection event = projection(round * 4 + seed);
          for (uint32_t key = 0; key < 20 + random() % 20; ++key)
            event.rows.push_back(row_with_min(std::to_string(key), -int64_t{round * 4 + seed}));
          std::ranges::shuffle(event.rows, random);
          const auto done = (*store)->apply(std::span(&event, 1), kStart, nullptr);
          EXPECT_TRUE(done) << done.error().message;
        }
      });
    }
  }
  EXPECT_EQ(deadlocks(host), 0);
}

/// The applier waits for another transaction that applies the same event, and applies the event if that transaction
/// rolls back.
TEST(PostgresAppliers, WaitForAnotherThatAppliesTheSameEvent) {
  for (const bool commits : {true, false}) {
    PostgresHost host;
    auto store = host.open();
    ASSERT_TRUE(store) << store.error().message;
    auto other = host.connect();
    const Projection event = contended(1);
    std::vector<Applied> statuses;
    std::jthread applier;
    const auto done = other.transaction([&]() -> Result<void> {
      const auto inserted =
          other.query("INSERT INTO public.processed_events VALUES ($1, 'kick', 'kick.chat', 'applied', now(), now())",
                      postgres::Values().uuid(event.event_id));
      EXPECT_TRUE(inserted);
      applier = std::jthread(
          [&] { statuses = (*store)->apply(std::span(&event, 1), kStart, nullptr).value_or(std::vector<Applied>{}); });
      const std::string waits = "SELECT count(*) FROM pg_locks WHERE NOT granted";
      const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{4};
      int64_t waiting = 0;
      while (waiting == 0 && std::chrono::steady_clock::now() < deadline) {
        waiting = other.query(waits)->integer_at(0, 0);
        std::this_thread::yield();
      }
      EXPECT_GT(waiting, 0);
      return commits ? Result<void>() : internal("rolled back");
    });
    EXPECT_EQ(done.has_value(), commits);
    applier.join();
    EXPECT_EQ(statuses, std::vector{commits ? Applied::duplicate : Applied::applied});
    EXPECT_EQ(host.rows(kRuleTable).empty(), commits);
  }
}

/// Applies one batch after another until stop(). A batch that failed is applied again.
class Applier {
 public:
  explicit Applier(EnvironmentStore& store)
      : store_(store), thread_([this](const std::stop_token& stop) { run(stop); }) {}

  void wait_for(uint32_t confirmed) {
    for (uint32_t seen = confirmed_; seen < confirmed; seen = confirmed_) confirmed_.wait(seen);
  }
  uint32_t confirmed() const { return confirmed_; }
  void stop() {
    thread_.request_stop();
    thread_.join();
  }
  static std::vector<Projection> batch(uint32_t round) {
    std::vector<Projection> events;
    for (uint32_t n = 0; n < 5; ++n) events.push_back(contended(round * 5 + n));
    return events;
  }

 private:
  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const auto statuses = store_.apply(batch(confirmed_), kStart, nullptr);
      if (!statuses) {
        EXPECT_EQ(statuses.error().code, Code::unavailable) << statuses.error().message;
        continue;  // apply it again: after an unknown outcome it may be a duplicate
      }
      ++confirmed_;
      confirmed_.notify_all();
    }
  }
  EnvironmentStore& store_;
  std::atomic<uint32_t> confirmed_ = 0;  // number of batches confirmed
  std::jthread thread_;
};

TEST(PostgresCrash, KeepsConfirmedBatchesAndNoHalfBatch) {
  postgres_test::Server server({.settings = {}});
  const std::string url = server.fresh_database();
  ASSERT_TRUE(postgres::migrate_environment(url, "stage"));
  ASSERT_TRUE(postgres::Connection::open({.url = url, .role = "test"})->run(postgres_create_table(kRuleTable)));
  auto store = postgres::open_environment({.url = url, .environment = "stage", .tables = std::span(&kRuleTable, 1)});
  ASSERT_TRUE(store) << store.error().message;
  Applier applier(**store);
  uint32_t confirmed = 0;
  for (int crash = 0; crash < 2; ++crash) {
    applier.wait_for(confirmed + 20);
    server.crash();
    confirmed = applier.confirmed();
    EXPECT_FALSE((*store)->ping());
    server.start();
  }
  applier.wait_for(confirmed + 20);
  applier.stop();
  EXPECT_TRUE((*store)->ping());
  std::vector<Projection> all;
  for (uint32_t round = 0; round < applier.confirmed(); ++round) {
    for (const Projection& event : Applier::batch(round)) {
      EXPECT_TRUE((*store)->processed(event.event_id)->has_value());
      all.push_back(event);
    }
  }
  EXPECT_EQ(by_key(postgres_test::read_table(url, kRuleTable)), fold(all));
}

}  // namespace
}  // namespace vf::store::conformance
