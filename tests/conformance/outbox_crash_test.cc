// SIGKILL of a process that writes to the SQLite outbox, many times on one file: every acknowledged event is stored
// once, in order, with its ledger row; the transaction in flight is stored whole or not at all.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "base/random.h"
#include "outbox_suite.h"
#include "store/sqlite/outbox.h"
#include "store/temporary_folder_test.h"

namespace vf::store::conformance {
namespace {

constexpr int kKills = 25;

std::unique_ptr<OutboxStore> open(const std::string& path) {
  auto store = sqlite::open_outbox({.path = path, .now = kStart, .readers = 1});
  EXPECT_TRUE(store) << store.error().message;
  return store ? std::move(*store) : nullptr;
}

/// Writes batches in a loop, each together with a cursor that moves to the end of the batch. After each commit it
/// writes the number of the last event to the pipe.
[[noreturn]] void write_for_ever(const std::string& path, uint64_t seed, int acknowledgements) {
  auto store = open(path);
  if (store == nullptr) _exit(1);
  SeededRandom random(seed);
  const StartConsumer start{"stage", StartConsumer::At::now};
  if (!store->write(std::array<Write, 1>{start}, kStart, nullptr)) _exit(1);
  auto last = static_cast<uint32_t>(store->end()->seq);
  while (true) {
    std::vector<Write> writes;
    const auto size = static_cast<uint32_t>(1 + random.below(40));
    for (uint32_t n = last + 1; n <= last + size; ++n) {
      Event event = event_numbered(n);
      event.body.assign(random.below(4000), 'x');
      writes.push_back(adding(std::move(event)));
    }
    writes.push_back(AdvanceCursor{.consumer = "stage", .from = {.seq = last}, .to = {.seq = last + size}});
    if (!store->write(writes, kStart, nullptr)) _exit(1);
    last += size;
    if (::write(acknowledgements, &last, sizeof last) != sizeof last) _exit(1);
  }
}

class KilledWriter {
 public:
  /// Runs a writer until `count` batches are acknowledged, then kills it. Returns the last number acknowledged.
  static uint32_t run(const std::string& path, uint64_t seed, uint64_t count) {
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe(ends.data()), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(ends[0]);
      write_for_ever(path, seed, ends[1]);
    }
    close(ends[1]);
    uint32_t acknowledged = 0;
    for (uint64_t i = 0; i < count; ++i) {
      if (read(ends[0], &acknowledged, sizeof acknowledged) != sizeof acknowledged) ADD_FAILURE() << "the writer ended";
    }
    kill(child, SIGKILL);
    while (read(ends[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged)
      continue;  // acknowledged before it was killed
    close(ends[0]);
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status));
    return acknowledged;
  }
};

TEST(SqliteOutboxCrash, EverythingAcknowledgedIsThereOnceAfterEachKill) {
  const TemporaryFolder folder;
  const std::string path = folder.file("dm.db");
  SeededRandom random(7);
  uint32_t checked = 0;
  for (int round = 0; round < kKills; ++round) {
    const uint32_t acknowledged = KilledWriter::run(path, random.next(), 1 + random.below(20));
    auto store = open(path);
    ASSERT_NE(store, nullptr);
    const auto end = static_cast<uint32_t>(store->end()->seq);
    ASSERT_GE(end, acknowledged);
    EXPECT_EQ(store->cursor("stage")->value().seq, end) << "cursor and events were one transaction";
    const auto rows =
        store->read_after({.after = {.seq = checked}, .rows_max = 1'000'000, .bytes_max = size_t{1} << 40});
    ASSERT_TRUE(rows) << rows.error().message;
    ASSERT_EQ(rows->size(), end - checked);
    for (uint32_t i = 0; i < rows->size(); ++i) {
      const uint32_t number = checked + i + 1;
      EXPECT_EQ(number_of((*rows)[i]), number);
      EXPECT_EQ((*rows)[i].event.position.seq, number);
      EXPECT_EQ(store->ledger(id_numbered(number))->value().position->seq, number);
    }
    EXPECT_FALSE(store->ledger(id_numbered(end + 1))->has_value());
    checked = end;
  }
  EXPECT_GT(checked, static_cast<uint32_t>(kKills));
}

}  // namespace
}  // namespace vf::store::conformance
