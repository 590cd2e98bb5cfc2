// Helpers of the suite, and its tests of requests and of claims.
#include "runs_suite.h"

#include <fmt/format.h>

#include <atomic>
#include <thread>

namespace vf::store::conformance {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class HubRuns final : public RunsStore {
 public:
  explicit HubRuns(std::unique_ptr<OutboxStore> store) : store_(std::move(store)) {}
  Result<RunResult> write(const RunWrite& write, Instant now) override {
    const Write one = write;
    size_t failed = 7;
    auto results = store_->write(std::span(&one, 1), now, &failed);
    if (!results) {
      if (is_refusal(results.error())) EXPECT_EQ(failed, 0u);
      return results.error();
    }
    return std::visit(
        [](auto&& result) -> RunResult {
          if constexpr (std::is_constructible_v<RunResult, decltype(result)>) return RunResult(std::move(result));
          ADD_FAILURE() << "not the result of a write of runs";
          return Written{};
        },
        std::move(results->front()));
  }
  RunReads& reads() override { return *store_; }

 private:
  std::unique_ptr<OutboxStore> store_;
};

class EnvironmentRuns final : public RunsStore {
 public:
  explicit EnvironmentRuns(std::unique_ptr<EnvironmentStore> store) : store_(std::move(store)) {}
  Result<RunResult> write(const RunWrite& write, Instant now) override { return store_->write_run(write, now); }
  RunReads& reads() override { return *store_; }

 private:
  std::unique_ptr<EnvironmentStore> store_;
};

}  // namespace

std::unique_ptr<RunsStore> runs_of(std::unique_ptr<OutboxStore> store) {
  return std::make_unique<HubRuns>(std::move(store));
}

std::unique_ptr<RunsStore> runs_of(std::unique_ptr<EnvironmentStore> store) {
  return std::make_unique<EnvironmentRuns>(std::move(store));
}

Uuid run_id(uint32_t n) { return *Uuid::parse(fmt::format("01900000-0000-8000-8000-{:012x}", n)); }

uint32_t number_of(Uuid id) { return static_cast<uint32_t>(std::stoul(id.to_string().substr(24), nullptr, 16)); }

void RunsConformance::SetUp() {
  host_ = GetParam().make_host();
  open();
}

void RunsConformance::open() {
  auto store = host_->open();
  ASSERT_TRUE(store) << store.error().message;
  store_ = std::move(*store);
}

void RunsConformance::reopen() {
  store_.reset();
  open();
}

RunResult RunsConformance::write(const RunWrite& write) {
  auto result = store_->write(write, now_);
  EXPECT_TRUE(result) << result.error().message;
  return result ? std::move(*result) : RunResult{};
}

Error RunsConformance::refused(const RunWrite& write) {
  const auto result = store_->write(write, now_);
  EXPECT_FALSE(result);
  return result ? Error{Code::internal, "not refused"} : result.error();
}

void RunsConformance::request(uint32_t id, const std::string& job) {
  write(RequestRun{.id = run_id(id), .job = job, .asked_by = "ops", .alone = false});
}

std::shared_ptr<const store::Run> RunsConformance::claim(const Claim& claim) {
  const auto result = write(ClaimRun{.id = run_id(claim.id),
                                     .job = claim.job,
                                     .holder = claim.holder,
                                     .span = kSpan,
                                     .due = claim.due,
                                     .resumable = claim.resumable});
  const auto* claimed = std::get_if<RunClaimed>(&result);
  EXPECT_NE(claimed, nullptr);
  return claimed != nullptr ? claimed->run : nullptr;
}

uint32_t RunsConformance::claimed(const Claim& which) {
  const auto run = claim(which);
  EXPECT_NE(run, nullptr);
  return run ? number_of(run->id) : 0;
}

void RunsConformance::end(uint32_t id, RunState state, RunProgress progress, const std::string& holder) {
  write(EndRun{.id = run_id(id), .holder = holder, .state = state, .progress = std::move(progress)});
}

void RunsConformance::start_scheduled(uint32_t id, Instant due, const std::string& job) {
  EXPECT_EQ(claimed({.id = id, .due = due, .job = job}), id);
}

Run RunsConformance::run(uint32_t id) {
  const auto run = store_->reads().find_run(run_id(id));
  EXPECT_TRUE(run && *run) << id;
  return run && *run ? std::move(**run) : store::Run{};
}

bool RunsConformance::exists(uint32_t id) {
  const auto run = store_->reads().find_run(run_id(id));
  EXPECT_TRUE(run);
  return run && *run;
}

std::vector<uint32_t> RunsConformance::found(const RunFilter& filter) {
  const auto runs = store_->reads().runs(filter);
  EXPECT_TRUE(runs);
  std::vector<uint32_t> ids;
  for (const store::Run& run : runs.value_or(std::vector<store::Run>{})) ids.push_back(number_of(run.id));
  return ids;
}

std::vector<std::string> RunsConformance::waiting_jobs() {
  const auto jobs = store_->reads().waiting_jobs(now_);
  EXPECT_TRUE(jobs) << jobs.error().message;
  return jobs.value_or(std::vector<std::string>{});
}

TEST_P(RunsConformance, ARequestedRunWaitsWithAllThatWasAsked) {
  write(RequestRun{.id = run_id(1), .job = std::string(kJob), .parameters = R"({"hours":2})", .asked_by = "ops"});
  const store::Run waiting = run(1);
  EXPECT_EQ(waiting.id, run_id(1));
  EXPECT_EQ(waiting.job, kJob);
  EXPECT_EQ(waiting.due, std::nullopt);
  EXPECT_EQ(waiting.parameters, R"({"hours":2})");
  EXPECT_EQ(waiting.state, RunState::waiting);
  EXPECT_EQ(waiting.holder, "");
  EXPECT_EQ(waiting.asked_by, "ops");
  EXPECT_EQ(waiting.asked_at, now_);
  EXPECT_EQ(waiting.started_at, std::nullopt);
  EXPECT_EQ(waiting.ended_at, std::nullopt);
  EXPECT_EQ(waiting.progress.done, 0);
  EXPECT_EQ(waiting.progress.of, std::nullopt);
  EXPECT_THAT(waiting.progress.counts, IsEmpty());
  EXPECT_FALSE(waiting.stop_wanted);
  EXPECT_FALSE(exists(2));
}

TEST_P(RunsConformance, ARunThatMustBeAloneIsRefusedBesideAnother) {
  const RequestRun alone{.id = run_id(9), .job = std::string(kJob), .asked_by = "ops", .alone = true};
  request(1);
  Error error = refused(alone);
  EXPECT_EQ(error.code, Code::conflict);
  EXPECT_THAT(error.message, HasSubstr(run_id(1).to_string()));
  claim({});
  error = refused(alone);
  EXPECT_EQ(error.code, Code::conflict);
  EXPECT_THAT(error.message, HasSubstr("running"));
  EXPECT_FALSE(exists(9));
  end(1);
  request(2, "another job");
  write(alone);
  EXPECT_TRUE(exists(9));
}

TEST_P(RunsConformance, OnlySoManyRunsOfAJobWait) {
  for (uint32_t n = 1; n <= kWaitingRunsMax; ++n) request(n);
  const RequestRun more{.id = run_id(1000), .job = std::string(kJob), .asked_by = "ops", .alone = false};
  EXPECT_EQ(refused(more).code, Code::conflict);
  request(1001, "another job");
  EXPECT_EQ(claimed({}), 1u) << "a run that is claimed waits no more";
  write(more);
  EXPECT_EQ(refused(RequestRun{.id = run_id(1002), .job = std::string(kJob), .asked_by = "", .alone = false}).code,
            Code::conflict);
}

TEST_P(RunsConformance, AnIdIsGivenOnce) {
  request(1);
  const auto error = refused(RequestRun{.id = run_id(1), .job = "another job", .asked_by = "", .alone = false});
  EXPECT_EQ(error.code, Code::conflict);
  EXPECT_EQ(run(1).job, kJob);
}

TEST_P(RunsConformance, RunsAreClaimedInTheOrderOfTheirRequests) {
  request(3);
  now_ -= Millis{5000};  // the order is not that of a clock
  request(2);
  request(1);
  request(4, "another job");
  const auto first = claim({.holder = "a"});
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->id, run_id(3));
  EXPECT_EQ(first->state, RunState::running);
  EXPECT_EQ(first->holder, "a");
  EXPECT_EQ(first->started_at, now_);
  EXPECT_EQ(run(3).state, RunState::running);
  EXPECT_EQ(claim({.holder = "b"}), nullptr) << "one run of a job at a time";
  EXPECT_EQ(claim({.holder = "a"}), nullptr) << "for its holder too";
  EXPECT_EQ(claimed({.holder = "b", .job = "another job"}), 4u);
  end(3);
  EXPECT_EQ(claimed({.holder = "b"}), 2u);
  end(2, RunState::failed, {}, "b");
  EXPECT_EQ(claimed({}), 1u);
  end(1);
  EXPECT_EQ(claim({}), nullptr);
}

TEST_P(RunsConformance, ARequestedRunComesBeforeADueOne) {
  request(1);
  EXPECT_EQ(claimed({.id = 2, .due = now_}), 1u);
  EXPECT_FALSE(exists(2));
  EXPECT_EQ(run(1).due, std::nullopt);
  end(1);
  EXPECT_EQ(claimed({.id = 2, .due = now_}), 2u) << "the due run is still due";
}

TEST_P(RunsConformance, ADueRunIsAddedOnce) {
  const Instant due = now_ - Millis{250};
  const auto first = claim({.id = 1, .due = due});
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->id, run_id(1));
  EXPECT_EQ(first->due, due);
  EXPECT_EQ(first->parameters, "{}");
  EXPECT_EQ(first->asked_by, "");
  EXPECT_EQ(first->asked_at, now_);
  EXPECT_EQ(first->number, run(1).number);
  EXPECT_EQ(run(1).due, due);
  EXPECT_EQ(claim({.holder = "b", .id = 2, .due = due}), nullptr) << "it runs";
  end(1, RunState::failed);
  EXPECT_EQ(claim({.holder = "b", .id = 2, .due = due}), nullptr) << "it ran";
  EXPECT_EQ(claim({.holder = "b", .id = 2, .due = due - Millis{1}}), nullptr) << "a later one ran";
  EXPECT_EQ(claimed({.holder = "b", .id = 2, .due = due + Millis{1}}), 2u);
  EXPECT_EQ(claimed({.holder = "b", .id = 3, .due = due, .job = "another job"}), 3u) << "each job has its own";
}

TEST_P(RunsConformance, ADueTimeThatAClockAheadHasWrittenHoldsBackNoEarlierOne) {
  const Instant ahead = now_ + std::chrono::days{40};
  start_scheduled(1, ahead);
  end(1, RunState::failed);
  EXPECT_EQ(claim({.id = 2, .due = ahead}), nullptr) << "the same time runs once";
  EXPECT_EQ(claimed({.id = 2, .due = now_}), 2u);
  end(2, RunState::failed);
  EXPECT_EQ(claim({.id = 3, .due = now_}), nullptr);
  now_ = ahead;
  EXPECT_EQ(claim({.id = 3, .due = ahead - Millis{1}}), nullptr);
  EXPECT_EQ(claim({.id = 3, .due = ahead}), nullptr);
  EXPECT_EQ(claimed({.id = 3, .due = ahead + Millis{1}}), 3u);
}

TEST_P(RunsConformance, NothingIsClaimedWhereNothingWaitsOrIsDue) {
  EXPECT_EQ(claim({}), nullptr);
  EXPECT_THAT(found({}), IsEmpty());
}

TEST_P(RunsConformance, AnExpiredRunOfAJobThatCannotResumeIsLost) {
  request(1);
  request(2);
  EXPECT_EQ(claimed({.holder = "a"}), 1u);
  now_ += kSpan - Millis{1};
  EXPECT_EQ(claim({.holder = "b"}), nullptr);
  now_ += Millis{1};
  EXPECT_EQ(claimed({.holder = "b"}), 2u);
  const store::Run lost = run(1);
  EXPECT_EQ(lost.state, RunState::lost);
  EXPECT_EQ(lost.ended_at, now_);
  EXPECT_EQ(lost.holder, "a");
  EXPECT_THAT(lost.error, HasSubstr("a has not renewed"));
}

TEST_P(RunsConformance, AnExpiredRunThatCanResumeWaitsAgainWithItsProgress) {
  write(RequestRun{.id = run_id(1), .job = std::string(kJob), .parameters = R"({"all":true})", .asked_by = "ops"});
  EXPECT_EQ(claimed({.holder = "a"}), 1u);
  const Instant started = now_;
  const RunProgress progress{.done = 40, .of = 100, .counts = {{"retried", 40}}, .cursor = "position 40"};
  write(UpdateRun{.id = run_id(1), .holder = "a", .span = kSpan, .progress = progress});
  request(2);
  now_ += kSpan;
  const auto resumed = claim({.holder = "b", .resumable = true});
  ASSERT_NE(resumed, nullptr);
  EXPECT_EQ(resumed->id, run_id(1)) << "before a run that was asked for later";
  EXPECT_EQ(resumed->holder, "b");
  EXPECT_EQ(resumed->parameters, R"({"all":true})");
  EXPECT_EQ(resumed->progress.done, 40);
  EXPECT_EQ(resumed->progress.of, 100);
  EXPECT_EQ(resumed->progress.counts.at("retried"), 40);
  EXPECT_EQ(resumed->progress.cursor, "position 40");
  EXPECT_EQ(resumed->started_at, started) << "when it was claimed first";
  EXPECT_EQ(run(1).ended_at, std::nullopt);
}

TEST_P(RunsConformance, AScheduledRunResumesBeforeTheNextOneIsDue) {
  start_scheduled(1, now_);
  now_ += kSpan;
  EXPECT_EQ(claimed({.holder = "b", .id = 2, .due = now_, .resumable = true}), 1u);
  EXPECT_EQ(run(1).due, kStart);
  end(1, RunState::done, {}, "b");
  EXPECT_EQ(claimed({.holder = "b", .id = 2, .due = now_, .resumable = true}), 2u);
}

TEST_P(RunsConformance, AClaimThatAClockAheadHasWrittenDoesNotLastUntilThen) {
  request(1);
  claim({.holder = "a"});
  now_ -= 9 * kSpan;
  EXPECT_EQ(claim({.holder = "b", .resumable = true}), nullptr);
  EXPECT_THAT(waiting_jobs(), IsEmpty());
  now_ -= Millis{1};
  EXPECT_THAT(waiting_jobs(), ElementsAre(kJob));
  EXPECT_EQ(claimed({.holder = "b", .resumable = true}), 1u);
  EXPECT_EQ(refused(UpdateRun{.id = run_id(1), .holder = "a", .span = kSpan}).code, Code::conflict);
}

TEST_P(RunsConformance, ClaimsOutliveTheProcess) {
  if (!GetParam().durable) GTEST_SKIP() << "not durable";
  request(1);
  claim({.holder = "a"});
  reopen();
  EXPECT_EQ(claim({.holder = "b"}), nullptr);
  write(UpdateRun{.id = run_id(1), .holder = "a", .span = kSpan});
}

TEST_P(RunsConformance, OfManyThatClaimAtOnceOneClaims) {
  constexpr int kThreads = 4;
  constexpr uint32_t kRounds = 12;
  for (uint32_t round = 1; round <= kRounds; ++round) {
    if (round % 2 == 0) request(round);
    std::vector<std::string> winners(kThreads);
    {
      std::vector<std::jthread> threads;
      for (uint32_t i = 0; i < kThreads; ++i) {
        threads.emplace_back([&, i] {
          const std::string holder = fmt::format("holder {}", i);
          const auto result = store_->write(ClaimRun{.id = run_id(round * 100 + i),
                                                     .job = std::string(kJob),
                                                     .holder = holder,
                                                     .span = kSpan,
                                                     .due = round % 2 == 0 ? std::nullopt : std::optional(now_)},
                                            now_);
          ASSERT_TRUE(result) << result.error().message;
          if (const auto run = std::get<RunClaimed>(*result).run) winners[i] = run->id.to_string();
        });
      }
    }
    ASSERT_EQ(std::ranges::count(winners, ""), kThreads - 1);
    const auto running = store_->reads().last_runs()->front().running;
    ASSERT_TRUE(running.has_value());
    EXPECT_EQ(std::ranges::count(winners, running->id.to_string()), 1);
    write(EndRun{.id = running->id, .holder = running->holder, .state = RunState::failed});
    now_ += Millis{1000};
  }
  EXPECT_EQ(found({}).size(), kRounds);
}

}  // namespace vf::store::conformance
