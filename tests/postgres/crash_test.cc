// The server is killed several times under load: the store reconnects without a restart, every acknowledged event is
// stored once, and every other batch is stored whole or not at all.
#include <atomic>
#include <mutex>
#include <thread>

#include "postgres/outbox_fixture.h"

namespace vf::postgres_test {
namespace {

constexpr int kCrashes = 4;
constexpr uint64_t kRowsPerBatch = 20;
constexpr uint64_t kBatchesBetween = 20;

/// Writes batches until `stop` is set. A refused batch is written again, because its provider would send it again.
class Load {
 public:
  Load(OutboxStore& store, uint64_t first) : store_(store), next_(first) {}

  void run(const std::atomic<bool>& stop) {
    while (!stop) {
      std::vector<Write> writes;
      for (uint64_t i = 0; i < kRowsPerBatch; ++i) writes.push_back(adding(next_ + i));
      const auto done = store_.write(writes, kStart, nullptr);
      if (!done) {
        EXPECT_EQ(done.error().code, Code::unavailable) << done.error().message;
        ++refused_;
        continue;
      }
      next_ += kRowsPerBatch;
      ++acknowledged_;
    }
  }
  uint64_t acknowledged() const { return acknowledged_; }
  uint64_t refused() const { return refused_; }
  uint64_t next() const { return next_; }

 private:
  OutboxStore& store_;
  std::atomic<uint64_t> next_;
  std::atomic<uint64_t> acknowledged_ = 0;
  std::atomic<uint64_t> refused_ = 0;
};

TEST(OutboxCrash, AServerKilledUnderLoadLosesNothing) {
  Server server({.fsync = true, .settings = {}});
  const std::string url = migrated_database(server);
  const auto store = open_store({.url = url, .role = "test"});
  std::atomic<bool> stop = false;
  Load load(*store, 1'000'000);
  Load rival(*store, 2'000'000);
  std::thread writer([&] { load.run(stop); });
  std::thread other_writer([&] { rival.run(stop); });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{120};
  const auto wait_until = [&](auto condition) {
    bool met = condition();  // evaluated until it is true once: it may become false again
    for (; !met && std::chrono::steady_clock::now() < deadline; met = condition()) std::this_thread::yield();
    EXPECT_TRUE(met);
  };
  for (int crash = 0; crash < kCrashes; ++crash) {
    const uint64_t target = load.acknowledged() + kBatchesBetween;
    wait_until([&] { return load.acknowledged() >= target; });
    const uint64_t refused = load.refused();
    server.crash();
    wait_until([&] { return load.refused() > refused; });
    EXPECT_FALSE(store->ping());
    server.start();
  }
  const uint64_t target = load.acknowledged() + kBatchesBetween;
  wait_until([&] { return load.acknowledged() >= target; });
  stop = true;
  writer.join();
  other_writer.join();

  EXPECT_TRUE(store->ping());
  std::map<uint64_t, int> seen;
  Position position;
  while (true) {
    const auto rows = store->read_after({.after = position, .rows_max = 1000});
    ASSERT_TRUE(rows) << rows.error().message;
    if (rows->empty()) break;
    for (const auto& row : *rows) ++seen[number_of(row)];
    position = rows->back().event.position;
  }
  for (const Load* each : {&load, &rival}) {
    const uint64_t first = each == &load ? 1'000'000 : 2'000'000;
    for (uint64_t n = first; n < each->next(); ++n) EXPECT_EQ(seen[n], 1) << n;
  }
  auto db = connect(url);
  EXPECT_EQ(integer(db, "SELECT count(*) FROM ingest.ingest_outbox"),
            integer(db, "SELECT count(*) FROM ingest.processed_webhooks"));
  EXPECT_EQ(integer(db, "SELECT count(*) % 20 FROM ingest.ingest_outbox"), 0) << "no batch in parts";
}

}  // namespace
}  // namespace vf::postgres_test
