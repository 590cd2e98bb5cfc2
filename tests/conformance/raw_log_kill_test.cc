// SIGKILL during inserts, many times: a writer process inserts batch after batch and reports each that was
// acknowledged. It is killed at a random moment and started again; then it begins as the feeder does and inserts the
// missing rows of the batch that was under way. Oracle: at the end each row is there once, and acknowledged rows were
// not inserted again. The writer is this program itself, run with a filter.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>
#include <unordered_set>

#include "base/random.h"
#include "raw_log_chdb.h"

namespace vf::lake::conformance {
namespace {

constexpr uint64_t kBatchRows = 500;
constexpr int kKills = 25;
constexpr const char* kFolder = "VF_RAW_LOG_WRITER_FOLDER";
constexpr const char* kFirst = "VF_RAW_LOG_WRITER_FIRST";

std::vector<Event> batch_of(uint64_t number) { return sample_events(number * kBatchRows, kBatchRows); }

Result<void> insert_missing(RawLog& log, const std::vector<Event>& events) {
  VF_TRY(log.abort_pending());
  VF_ASSIGN(const auto present, log.ids_present(ids_of(events), events.front().received, events.back().received));
  const std::unordered_set<Uuid> held(present.begin(), present.end());
  auto rows = rows_of(events);
  std::erase_if(rows, [&held](const RawRow& row) { return held.contains(row.event->id); });
  return log.insert(rows, "");
}

// Writes the number of each acknowledged batch to standard output, eight bytes each.
void insert_for_ever(const std::string& folder, uint64_t first) {
  chdb::ChdbParams params;
  params.path = folder;
  const SystemClock clock;
  auto log = chdb::open_chdb(params, clock);
  if (!log) _exit(3);
  for (uint64_t batch = first;; ++batch) {
    const auto events = batch_of(batch);
    const auto done = batch == first ? insert_missing(**log, events) : (*log)->insert(rows_of(events), "");
    if (!done) _exit(4);
    if (write(STDOUT_FILENO, &batch, sizeof batch) != sizeof batch) _exit(5);
  }
}

struct Writer {
  pid_t pid = -1;
  int acknowledged = -1;  // read end
};

Writer start_writer(const std::string& folder, uint64_t first) {
  int ends[2];
  if (pipe(ends) != 0) return {};
  const std::string number = std::to_string(first);
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(ends[1], STDOUT_FILENO);
    setenv(kFolder, folder.c_str(), 1);
    setenv(kFirst, number.c_str(), 1);
    execl("/proc/self/exe", "writer", "--gtest_filter=RawLogWriter.*", "--gtest_also_run_disabled_tests",
          "--gtest_brief=1", nullptr);
    _exit(6);
  }
  close(ends[1]);
  return {pid, ends[0]};
}

}  // namespace

// The writer's side. It never returns.
TEST(RawLogWriter, DISABLED_InsertsUntilKilled) {
  const char* folder = std::getenv(kFolder);
  const char* first = std::getenv(kFirst);
  if (!folder || !first) GTEST_SKIP() << "only for raw_log_kill_test itself";
  insert_for_ever(folder, std::strtoull(first, nullptr, 10));
}

TEST(RawLogKill, AcknowledgedRowsAreThereOnce) {
  if (const auto why = chdb_missing(); !why.empty()) GTEST_SKIP() << why;
  const TemporaryFolder folder;
  SeededRandom random(20261122);
  uint64_t next = 0;  // the first batch that is not acknowledged yet
  for (int kill_number = 0; kill_number < kKills; ++kill_number) {
    const Writer writer = start_writer(folder.path(), next);
    ASSERT_GT(writer.pid, 0);
    const uint64_t kill_after = next + 1 + random.below(12);
    for (uint64_t batch = 0; next < kill_after; next = batch + 1) {
      ASSERT_EQ(read(writer.acknowledged, &batch, sizeof batch), ssize_t{sizeof batch}) << "the writer ended by itself";
      ASSERT_EQ(batch, next);
    }
    // Chooses the instruction of the next insert at which the writer is killed; the test waits for nothing.
    std::this_thread::sleep_for(std::chrono::microseconds{random.below(12'000)});
    kill(writer.pid, SIGKILL);
    waitpid(writer.pid, nullptr, 0);
    for (uint64_t batch = 0; read(writer.acknowledged, &batch, sizeof batch) == sizeof batch;) next = batch + 1;
    close(writer.acknowledged);
  }

  chdb::ChdbParams params;
  params.path = folder.path();
  const SystemClock clock;
  auto log = chdb::open_chdb(params, clock);
  ASSERT_TRUE(log) << log.error().message;
  const auto held = rows_in(**log);
  ASSERT_TRUE(held);
  EXPECT_GE(*held, static_cast<int64_t>(next * kBatchRows)) << "rows acknowledged";
  ASSERT_TRUE(insert_missing(**log, batch_of(next)));
  const auto all = sample_events(0, (next + 1) * kBatchRows);
  EXPECT_EQ(*rows_in(**log), static_cast<int64_t>(all.size())) << "each row once";
  EXPECT_EQ((*log)->ids_present(ids_of(all), all.front().received, all.back().received)->size(), all.size());
}

}  // namespace vf::lake::conformance
