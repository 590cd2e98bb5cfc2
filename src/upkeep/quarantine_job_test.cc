// The jobs retry-quarantine with a filter, and drop-quarantine: which events they reach, their counts, and runs that
// are resumed. retention_job_test.cc has the retry of all. Oracle: what the store, in memory, holds afterwards.
#include "upkeep/quarantine_job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "event/envelope.h"
#include "jobs/tests/run_now_test.h"
#include "store/memory/environment.h"

namespace vf::upkeep {
namespace {

using namespace std::chrono_literals;
using store::Applied;
using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

struct UnsteadyStore final : store::memory::MemoryEnvironment {
  int drops_left = 1'000'000;  // then the store is away
  std::function<void()> before_find = [] {};

  Result<int64_t> drop_quarantined(std::span<const Uuid> events) override {
    if (--drops_left < 0) return unavailable("the store is away");
    return MemoryEnvironment::drop_quarantined(events);
  }
  Result<std::optional<store::QuarantinedEvent>> find_quarantined(Uuid id) override {
    before_find();
    return MemoryEnvironment::find_quarantined(id);
  }
};

struct QuarantineJobs : testing::Test {
  UnsteadyStore store;
  ManualClock clock{from_unix_millis(1'790'000'000'000)};
  jobs::Job retry = retry_quarantine_job(store, clock), drop = drop_quarantine_job(store);
  int last_event = 0;

  /// Quarantines an event of this type now. It is ignored when it is tried again: no projector wants the types.
  Uuid refuse(const std::string& type = "test.a", const std::string& reason = "refused", bool readable = true) {
    Event event;
    std::memcpy(event.id.bytes.data(), &++last_event, sizeof last_event);
    event.source = "test";
    event.type = type;
    event.is_json = true;
    event.body = "{}";
    store::Projection refused{.event_id = event.id,
                              .source = event.source,
                              .type = type,
                              .message_id = {},
                              .time = {},
                              .status = Applied::quarantined,
                              .rows = {},
                              .reason = reason,
                              .envelope = {}};
    if (readable) append_envelope(refused.envelope, event);
    EXPECT_TRUE(store.apply({&refused, 1}, clock.now(), nullptr));
    clock.advance(1s);
    return event.id;
  }
  Applied status(Uuid id) { return store.processed(id).value()->status; }
  jobs::RanNow run(const jobs::Job& job, const std::string& parameters, store::RunProgress progress = {}) {
    EXPECT_TRUE(job.check(parameters));
    return jobs::run_now(job, {.clock = clock, .parameters = parameters, .progress = std::move(progress)});
  }
  std::string refusal(const jobs::Job& job, const std::string& parameters) {
    const auto checked = job.check(parameters);
    return checked ? "none" : checked.error().message;
  }
};

TEST_F(QuarantineJobs, RetryWithAFilterTriesThoseThatMatch) {
  const Uuid chat = refuse("kick.chat.x", "no channel"), odd = refuse("test.b", "field: missing");
  const Uuid broken = refuse("test.b", "field: missing", false);
  const auto ran = run(retry, R"({"reason": "missing"})");
  EXPECT_EQ(ran.result.value(), jobs::Finish::complete);
  EXPECT_THAT(ran.progress.counts, UnorderedElementsAre(Pair("found", 2), Pair("applied", 0), Pair("ignored", 1),
                                                        Pair("quarantined", 1), Pair("skipped", 0)));
  EXPECT_EQ(ran.progress.done, 3);
  EXPECT_EQ(ran.progress.of, 3);
  EXPECT_EQ(status(chat), Applied::quarantined);
  EXPECT_EQ(status(odd), Applied::ignored);
  EXPECT_EQ(store.find_quarantined(broken).value()->attempts, 2);
  EXPECT_EQ(store.find_quarantined(chat).value()->attempts, 1);
}

TEST_F(QuarantineJobs, DropRemovesThoseThatMatchAndNothingElse) {
  const Uuid first = refuse("test.a"), other = refuse("kick.chat.x");
  EXPECT_THAT(run(drop, R"({"type": "test.*"})").progress.counts,
              UnorderedElementsAre(Pair("found", 1), Pair("dropped", 1), Pair("skipped", 0)));
  EXPECT_EQ(status(first), Applied::dropped);
  EXPECT_EQ(status(other), Applied::quarantined);
}

TEST_F(QuarantineJobs, EachFilterNarrows) {
  refuse("kick.chat", "422 unknown field");
  const Instant between = clock.now();
  refuse("sumsub.reviewed", "500 oops");
  const auto found = [&](const std::string& filter) {
    return run(drop, R"({"dry_run": true, )" + filter + "}").progress.counts.at("found");
  };
  EXPECT_EQ(found(R"("reason": "unknown field")"), 1);
  EXPECT_EQ(found(R"("type": "sumsub.*")"), 1);
  EXPECT_EQ(found(R"("type": "kick")"), 0);
  EXPECT_EQ(found(R"("before": ")" + to_rfc3339(between) + "\""), 1);
  EXPECT_EQ(found(R"("type": "kick.*", "reason": "oops")"), 0);
  EXPECT_EQ(found(R"("all": true)"), 2);
  EXPECT_EQ(*store.count_quarantined(10), 2) << "a dry run changes nothing";
}

TEST_F(QuarantineJobs, WhatIsQuarantinedAfterTheRunWasAskedForIsLeft) {
  refuse();
  clock.advance(-10s);  // the run is asked for before
  EXPECT_EQ(run(drop, R"({"all": true})").progress.counts.at("found"), 0);
}

TEST_F(QuarantineJobs, ARunOfManyStepsPassesEachEventOnce) {
  for (int i = 0; i < 250; ++i) refuse("test.a", "refused", false);  // stays in quarantine
  const auto ran = run(retry, R"({"all": true})");
  EXPECT_EQ(ran.progress.counts.at("quarantined"), 250);
  EXPECT_EQ(ran.progress.done, 250);
}

TEST_F(QuarantineJobs, AResumedRunGoesOnWhereItsProgressWasStored) {
  for (int i = 0; i < 250; ++i) refuse();
  store.drops_left = 1;
  const auto first = jobs::run_now(
      drop, {.clock = clock, .parameters = R"({"all": true})", .stop_when = [this] { return store.drops_left < 0; }});
  EXPECT_EQ(first.result.value(), jobs::Finish::interrupted);
  EXPECT_EQ(first.progress.counts.at("dropped"), 100);
  store.drops_left = 1'000'000;
  const auto resumed = run(drop, R"({"all": true})", first.progress);
  EXPECT_EQ(resumed.progress.counts.at("dropped"), 250);
  EXPECT_EQ(*store.count_quarantined(10), 0);
}

TEST_F(QuarantineJobs, AnEventThatAnotherRunDroppedIsSkipped) {
  const Uuid first = refuse();
  refuse();
  store.before_find = [&] { EXPECT_TRUE(store.MemoryEnvironment::drop_quarantined({&first, 1})); };
  EXPECT_THAT(run(retry, R"({"all": true})").progress.counts,
              UnorderedElementsAre(Pair("found", 2), Pair("applied", 0), Pair("ignored", 1), Pair("quarantined", 0),
                                   Pair("skipped", 1)));
  EXPECT_EQ(status(first), Applied::dropped);
}

TEST_F(QuarantineJobs, ParametersAreChecked) {
  EXPECT_EQ(refusal(retry, "{}"), "none") << "all of them, as every hour";
  EXPECT_EQ(refusal(drop, "{}"), "give type, reason or before, or all for every quarantined event");
  EXPECT_EQ(refusal(retry, R"({"dry_run": true})"), "give type, reason or before, or all for every quarantined event");
  EXPECT_EQ(refusal(drop, R"({"all": true, "type": "a"})"), "all stands alone: it selects every quarantined event");
  EXPECT_THAT(refusal(drop, R"({"before": "noon"})"), HasSubstr("before is a time"));
  EXPECT_EQ(refusal(drop, R"({"target": "stage"})"),
            "there is no parameter target: expected type, reason, before, all or dry_run");
}

}  // namespace
}  // namespace vf::upkeep
