// The jobs dead-retry and dead-drop: which letters they reach, their progress, and runs that are resumed. Oracle: what
// the store, in memory, holds afterwards.
#include "upkeep/dead_letter_jobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/tests/run_now_test.h"
#include "outbox/function_writer_test.h"
#include "store/memory/outbox.h"

namespace vf::upkeep {
namespace {

using namespace std::chrono_literals;
using State = store::PutDelivery::State;
using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr Instant kStart{Millis{1'790'000'000'000}};

struct DeadLetterJobs : testing::Test {
  store::memory::MemoryOutbox outbox;
  ManualClock clock{kStart};
  int writes_left = 1'000'000;  // of letters; then the store is away
  std::function<void()> before_write = [] {};
  outbox::FunctionWriter writer{[this](const store::Write& write, outbox::OnWritten done) {
    if (!std::holds_alternative<store::PutSetting>(write)) {
      before_write();
      if (--writes_left < 0) return done(unavailable("the store is away"));
    }
    done(outbox.write({&write, 1}, clock.now(), nullptr)->front());
  }};
  DeadLetterJobParams params{.outbox = outbox, .writer = writer, .clock = clock, .consumers = [] {
                               return std::vector<std::string>{"stage", "production"};
                             }};
  jobs::Job retry = dead_retry_job(params), drop = dead_drop_job(params);
  int last_event = 0;

  /// Adds an event of this type, received now, that is a dead letter of the target.
  Uuid dead(const std::string& target, const std::string& type = "kick.chat", const std::string& reason = "422") {
    Uuid id;
    std::memcpy(id.bytes.data(), &++last_event, sizeof last_event);
    store::AddEvent add;
    add.event.id = id;
    add.event.type = type;
    put(add);
    put(store::PutDelivery{.target = target,
                           .position = outbox.find(id).value()->event.position,
                           .event_id = id,
                           .state = State::dead,
                           .attempts = 3,
                           .reason = reason,
                           .first_failed_at = clock.now()});
    clock.advance(1s);
    return id;
  }
  void put(store::Write write) { ASSERT_TRUE(outbox.write({&write, 1}, clock.now(), nullptr)); }
  int64_t count(const std::string& target, State state) {
    return outbox.count_deliveries(target, state, 1'000'000).value();
  }
  State state_of(Uuid id) { return outbox.deliveries_of(id)->at(0).state; }
  jobs::RanNow run(const jobs::Job& job, const std::string& parameters, store::RunProgress progress = {}) {
    EXPECT_TRUE(job.check(parameters));
    return jobs::run_now(job, {.clock = clock, .parameters = parameters, .progress = std::move(progress)});
  }
  std::string refusal(const std::string& parameters) {
    const auto checked = retry.check(parameters);
    return checked ? "none" : checked.error().message;
  }
};

TEST_F(DeadLetterJobs, RetryOfAllReachesEveryLetterOfEveryTarget) {
  for (int i = 0; i < 3; ++i) dead("stage");
  dead("production");
  const auto ran = run(retry, R"({"all": true})");
  EXPECT_EQ(ran.result.value(), jobs::Finish::complete);
  EXPECT_THAT(ran.progress.counts, UnorderedElementsAre(Pair("found", 4), Pair("retried", 4), Pair("skipped", 0)));
  EXPECT_EQ(ran.progress.done, 4);
  EXPECT_EQ(ran.progress.of, 4);
  EXPECT_EQ(count("stage", State::dead) + count("production", State::dead), 0);
  EXPECT_EQ(outbox.revived("stage", 10)->size(), 3u);
}

TEST_F(DeadLetterJobs, DropDeletesTheLettersAndNothingElse) {
  dead("stage");
  const Uuid other = dead("production");
  EXPECT_THAT(run(drop, R"({"target": "stage"})").progress.counts,
              UnorderedElementsAre(Pair("found", 1), Pair("dropped", 1), Pair("skipped", 0)));
  EXPECT_EQ(count("stage", State::dead) + count("stage", State::retry), 0);
  EXPECT_EQ(state_of(other), State::dead);
}

TEST_F(DeadLetterJobs, EachFilterNarrows) {
  const Uuid chat = dead("stage", "kick.chat", "422 unknown field");
  const Instant between = clock.now();
  const Uuid review = dead("stage", "sumsub.reviewed", "500 oops");
  const auto reached = [&](const std::string& parameters) {
    std::vector<Uuid> ids;
    run(retry, parameters);
    for (const Uuid id : {chat, review}) {
      if (state_of(id) == State::retry) ids.push_back(id);
      auto row = outbox.deliveries_of(id)->at(0);
      row.state = State::dead;
      row.first_failed_at = kStart;
      put(row);
    }
    return ids;
  };
  EXPECT_THAT(reached(R"({"reason": "unknown field"})"), UnorderedElementsAre(chat));
  EXPECT_THAT(reached(R"({"type": "sumsub.*"})"), UnorderedElementsAre(review));
  EXPECT_THAT(reached(R"({"type": "kick.chat"})"), UnorderedElementsAre(chat));
  EXPECT_THAT(reached(R"({"type": "kick"})"), UnorderedElementsAre());
  EXPECT_THAT(reached(R"({"before": ")" + to_rfc3339(between) + "\"}"), UnorderedElementsAre(chat));
  EXPECT_THAT(reached(R"({"target": "production"})"), UnorderedElementsAre());
  EXPECT_THAT(reached(R"({"target": "stage", "reason": "oops", "type": "kick.*"})"), UnorderedElementsAre());
  EXPECT_THAT(reached(R"({"all": true})"), UnorderedElementsAre(chat, review));
}

TEST_F(DeadLetterJobs, DryRunCountsAndChangesNothing) {
  for (int i = 0; i < 3; ++i) dead("stage");
  EXPECT_THAT(run(retry, R"({"target": "stage", "dry_run": true})").progress.counts,
              UnorderedElementsAre(Pair("found", 3)));
  EXPECT_EQ(count("stage", State::dead), 3);
}

TEST_F(DeadLetterJobs, ManyStepsReachEveryLetterOnce) {
  for (int i = 0; i < 250; ++i) dead("stage");  // the last of three steps is not full
  EXPECT_EQ(run(retry, R"({"all": true})").progress.counts.at("retried"), 250);
  EXPECT_EQ(count("stage", State::retry), 250);
}

TEST_F(DeadLetterJobs, RunThatIsCutAnywhereIsResumedAndRetriesEachLetterOnce) {
  for (int i = 0; i < 250; ++i) dead("stage");
  writes_left = 1;  // the store is away in the second step
  auto cut = jobs::run_now(
      retry, {.clock = clock, .parameters = R"({"all": true})", .stop_when = [this] { return writes_left < 0; }});
  EXPECT_EQ(cut.result.value(), jobs::Finish::interrupted);
  EXPECT_EQ(count("stage", State::retry), 100);
  writes_left = 1'000'000;
  const auto ran = run(retry, R"({"all": true})", cut.progress);
  EXPECT_EQ(ran.result.value(), jobs::Finish::complete);
  EXPECT_EQ(count("stage", State::retry), 250);
  EXPECT_EQ(count("stage", State::dead), 0);
  EXPECT_EQ(ran.progress.counts.at("retried"), 250);
}

TEST_F(DeadLetterJobs, StepThatIsRepeatedChangesNothingTwice) {
  for (int i = 0; i < 3; ++i) dead("stage");
  EXPECT_EQ(run(retry, R"({"all": true})").progress.counts.at("retried"), 3);
  for (auto rows = outbox.deliveries_after("stage", {}, 10).value(); auto& row : rows) {
    row.attempts = 2;  // they have failed again since
    row.first_failed_at = clock.now();
    put(row);
  }
  const auto again = run(retry, R"({"all": true})");  // the process was killed before its progress was stored
  EXPECT_EQ(again.progress.counts.at("retried"), 0);
  for (const auto rows = outbox.deliveries_after("stage", {}, 10).value(); const auto& row : rows) {
    EXPECT_EQ(row.attempts, 2);
  }
}

struct BulkDropBesideBulkRetry : DeadLetterJobs {
  /// Has the first job change letters while the other one is about to write its `at`th step.
  std::pair<store::RunCounts, store::RunCounts> amid(const jobs::Job& first, const jobs::Job& other, int at) {
    store::RunCounts inner;
    int writes = 0;
    before_write = [&] {
      if (++writes == at) inner = run(first, R"({"all": true})").progress.counts;
    };
    store::RunCounts outer = run(other, R"({"all": true})").progress.counts;
    return {inner, outer};
  }
};

TEST_F(BulkDropBesideBulkRetry, DropLeavesWhatWasRetriedMeanwhile) {
  for (int i = 0; i < 250; ++i) dead("stage");
  const auto [retried, dropped] = amid(retry, drop, 2);
  EXPECT_THAT(retried, UnorderedElementsAre(Pair("found", 150), Pair("retried", 150), Pair("skipped", 0)));
  EXPECT_THAT(dropped, UnorderedElementsAre(Pair("found", 200), Pair("dropped", 100), Pair("skipped", 100)));
  EXPECT_EQ(count("stage", State::retry), 150);
  EXPECT_EQ(count("stage", State::dead), 0);
}

TEST_F(BulkDropBesideBulkRetry, RetryDoesNotBringBackWhatWasDroppedMeanwhile) {
  for (int i = 0; i < 250; ++i) dead("stage");
  const auto [dropped, retried] = amid(drop, retry, 2);
  EXPECT_THAT(dropped, UnorderedElementsAre(Pair("found", 150), Pair("dropped", 150), Pair("skipped", 0)));
  EXPECT_THAT(retried, UnorderedElementsAre(Pair("found", 200), Pair("retried", 100), Pair("skipped", 100)));
  EXPECT_EQ(count("stage", State::retry), 100);
  EXPECT_EQ(count("stage", State::dead), 0);
}

TEST_F(BulkDropBesideBulkRetry, OfTwoRetriesOneCountsEachLetter) {
  for (int i = 0; i < 170; ++i) dead("stage");
  const auto [inner, outer] = amid(retry, retry, 1);
  EXPECT_EQ(inner.at("retried"), 170);
  EXPECT_THAT(outer, UnorderedElementsAre(Pair("found", 100), Pair("retried", 0), Pair("skipped", 100)));
}

TEST_F(DeadLetterJobs, LetterThatDiedAgainSinceTheRunBeganIsLeft) {
  const Uuid id = dead("stage");
  auto row = outbox.deliveries_of(id)->at(0);
  row.first_failed_at = clock.now();
  put(row);
  EXPECT_EQ(run(retry, R"({"all": true})").progress.counts.at("retried"), 0);
}

TEST_F(DeadLetterJobs, CancelledRunChangesNothing) {
  dead("stage");
  const auto ran =
      jobs::run_now(retry, {.clock = clock, .parameters = R"({"all": true})", .cancel = jobs::Cancel::stop});
  EXPECT_EQ(ran.result.value(), jobs::Finish::interrupted);
  EXPECT_EQ(count("stage", State::dead), 1);
}

TEST_F(DeadLetterJobs, RunWhoseTargetLeftTheConfigurationMeanwhileFails) {
  dead("stage");
  params.consumers = [] { return std::vector<std::string>{"production"}; };
  for (const auto& job : {dead_retry_job(params), dead_drop_job(params)}) {
    const auto ran = jobs::run_now(job, {.clock = clock, .parameters = R"({"target": "stage"})"});
    ASSERT_FALSE(ran.result);
    EXPECT_EQ(ran.result.error().message, "no target is called stage");
  }
  EXPECT_EQ(count("stage", State::dead), 1);
}

TEST_F(DeadLetterJobs, FilterIsRequired) {
  EXPECT_EQ(refusal("{}"), "give target, reason, type or before, or all for every dead letter of every target");
  EXPECT_EQ(refusal(R"({"dry_run": true})"),
            "give target, reason, type or before, or all for every dead letter of every target");
  EXPECT_EQ(refusal(R"({"all": true, "target": "stage"})"),
            "all stands alone: it selects every dead letter of every target");
}

TEST_F(DeadLetterJobs, WrongParametersAreRefused) {
  EXPECT_EQ(refusal("[]"), "the parameters are a JSON object");
  EXPECT_EQ(refusal(R"({"target": 1})"), "target is a text that is not empty");
  EXPECT_EQ(refusal(R"({"reason": ""})"), "reason is a text that is not empty");
  EXPECT_EQ(refusal(R"({"before": "yesterday"})"), "before is a time such as 2026-11-22T16:00:00Z");
  EXPECT_EQ(refusal(R"({"all": "yes"})"), "all is true or false");
  EXPECT_THAT(refusal(R"({"targets": "stage"})"), HasSubstr("there is no parameter targets: expected target,"));
  EXPECT_EQ(refusal(R"({"target": "stagee"})"), "no target is called stagee");
}

}  // namespace
}  // namespace vf::upkeep
