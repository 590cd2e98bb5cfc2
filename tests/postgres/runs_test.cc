// Holders of claims that vanish: a process that is killed while it works on a run, and one that is killed or cut off in
// the middle of the transaction that claims it. The next claim follows the rules of store/runs.h. Also: writes of runs
// beside the other writes of a batch. Doubles: none. Oracle: the rows as another connection reads them.
#include "store/postgres/runs.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "postgres/outbox_fixture.h"

namespace vf::postgres_test {
namespace {

using store::ClaimRun;
using store::EndRun;
using store::RequestRun;
using store::RunClaimed;
using store::RunState;
using store::UpdateRun;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Millis kSpan{60'000};

/// A child process of this test that runs `work` and then waits to be killed.
class Child {
 public:
  explicit Child(const std::function<bool()>& work) {
    int ready[2];
    EXPECT_EQ(::pipe(ready), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      const char done = work() ? '1' : '0';
      (void)!::write(ready[1], &done, 1);
      while (true) ::pause();
    }
    ::close(ready[1]);
    char done = '0';
    EXPECT_EQ(::read(ready[0], &done, 1), 1) << "the child has ended";
    EXPECT_EQ(done, '1') << "the child's work failed";
    ::close(ready[0]);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { kill(); }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
};

class KilledHolder : public testing::Test {
 protected:
  void SetUp() override {
    const auto asked = write(RequestRun{.id = id_at(kStart, 1), .job = "dead-retry", .asked_by = "ops"});
    ASSERT_TRUE(asked) << asked.error().message;
  }
  static ClaimRun claiming(const std::string& holder) {
    return {.id = {}, .job = "dead-retry", .holder = holder, .span = kSpan, .resumable = true};
  }
  static Result<store::WriteResult> write_to(OutboxStore& store, const store::RunWrite& run_write) {
    const Write one = run_write;
    auto results = store.write(std::span(&one, 1), kStart, nullptr);
    if (!results) return results.error();
    return std::move(results->front());
  }
  Result<store::WriteResult> write(const store::RunWrite& run_write) { return write_to(*store_, run_write); }
  std::shared_ptr<const store::Run> claim(const std::string& holder) {
    const auto result = write(claiming(holder));
    EXPECT_TRUE(result) << result.error().message;
    return result ? std::get<RunClaimed>(*result).run : nullptr;
  }
  void let_claim_expire() {
    run(db_, "UPDATE dm.job_runs SET renewed_at = now() - interval '61 s', lease_until = now() - interval '1 s'");
  }
  /// Begins a transaction that claims the run, and does not end it.
  bool begin_claim() {
    auto db = connect(url_);
    if (!db.run("BEGIN")) return false;
    const auto now = store::postgres::lock_runs(db, std::nullopt);
    if (!now) return false;
    const auto claimed = store::postgres::write_run(db, store::postgres::kHubRuns, claiming("killed"), *now);
    if (!claimed || !std::get<RunClaimed>(*claimed).run) return false;
    held_ = std::make_unique<Connection>(std::move(db));
    return true;
  }

  Server& server_ = Server::shared();
  std::string url_ = migrated_database(server_);
  std::unique_ptr<OutboxStore> store_ = open_store({.url = url_, .role = "test"});
  Connection db_ = connect(url_);
  std::unique_ptr<Connection> held_;
};

TEST_F(KilledHolder, ItsRunIsResumedWhereItWasWhenTheClaimHasExpired) {
  Child holder([this] {
    const auto store = open_store({.url = url_, .role = "child"});
    const auto claimed = write_to(*store, claiming("killed"));
    return claimed && write_to(*store, UpdateRun{.id = id_at(kStart, 1),
                                                 .holder = "killed",
                                                 .span = kSpan,
                                                 .progress = store::RunProgress{.done = 40, .cursor = "forty"}});
  });
  holder.kill();
  EXPECT_EQ(claim("next"), nullptr) << "the claim of the killed holder lasts until it expires";
  EXPECT_THAT(*store_->waiting_jobs(kStart), IsEmpty());
  let_claim_expire();
  EXPECT_THAT(*store_->waiting_jobs(kStart), ElementsAre("dead-retry"));
  const auto resumed = claim("next");
  ASSERT_NE(resumed, nullptr);
  EXPECT_EQ(resumed->id, id_at(kStart, 1));
  EXPECT_EQ(resumed->progress.done, 40);
  EXPECT_EQ(resumed->progress.cursor, "forty");
  const auto late = write(EndRun{.id = id_at(kStart, 1), .holder = "killed"});
  ASSERT_FALSE(late);
  EXPECT_THAT(late.error().message, HasSubstr("its holder is next"));
}

TEST_F(KilledHolder, AClaimThatItDidNotCommitIsFreeAtOnce) {
  Child holder([this] { return begin_claim(); });
  std::shared_ptr<const store::Run> claimed;
  std::thread waiting([&] { claimed = claim("next"); });
  const auto is_waiting = [this] {
    return integer(db_, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == 1;
  };
  while (!is_waiting()) std::this_thread::yield();
  holder.kill();
  waiting.join();
  ASSERT_NE(claimed, nullptr);
  EXPECT_EQ(claimed->holder, "next");
  EXPECT_EQ(store_->last_runs()->front().running->holder, "next");
}

TEST_F(KilledHolder, AConnectionThatIsCutInTheMiddleOfAClaimLeavesTheRunFree) {
  ASSERT_TRUE(begin_claim());
  run(db_,
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction' AND "
      "datname = current_database()");
  const auto claimed = claim("next");
  ASSERT_NE(claimed, nullptr);
  (void)held_->run("COMMIT");  // fails, or commits nothing on a new connection
  EXPECT_EQ(store_->last_runs()->front().running->holder, "next");
}

/// The hub writes runs in the batches of its committer, together with events.
TEST_F(OutboxOnPostgres, ARefusedWriteOfARunLeavesTheBatchToBeWrittenWithoutIt) {
  const std::vector<Write> batch{adding(1), store::UpdateRun{.id = id_at(kStart, 9), .holder = "a", .span = kSpan},
                                 store::PutSetting{"a", "b"}};
  size_t failed = 99;
  const auto refused = store_->write(batch, now_, &failed);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_EQ(failed, 1u);
  const std::vector<Write> gone{adding(1), store::StopRun{id_at(kStart, 9)}};
  const auto missing = store_->write(gone, now_, &failed);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::not_found);
  EXPECT_EQ(failed, 1u);
  EXPECT_FALSE(*store_->ledger(id_at(kStart, 1)));
}

TEST_F(OutboxOnPostgres, RetentionAndThePurgeOfRunsAreCountedEachForItself) {
  add(1, 3);
  for (const uint32_t n : {1u, 2u}) {
    write({RequestRun{.id = id_at(kStart, n), .job = "job", .asked_by = "ops"},
           ClaimRun{.id = {}, .job = "job", .holder = "a", .span = kSpan},
           EndRun{.id = id_at(kStart, n), .holder = "a"}});
  }
  now_ += std::chrono::days{30};
  const auto results = write({store::PurgeRuns{.ended_before = now_},
                              store::RetentionStep{.outbox_before = now_, .ledger_before = now_, .held_by = {}}});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(std::get<store::RowsRemoved>(results[0]).removed, 1);
  EXPECT_GE(std::get<store::RowsRemoved>(results[1]).removed, 3) << "the partition of a day";
}

}  // namespace
}  // namespace vf::postgres_test
