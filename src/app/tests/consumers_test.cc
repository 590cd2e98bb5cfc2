// Consumers over the outbox in memory: what is true once they have started, what is reported and operated of a target
// that another process works on, and that the drain lets others begin. Targets send nothing here: paused, or dry-run.
#include "app/consumers.h"

#include <gmock/gmock.h>

#include <future>

#include "app/operations.h"
#include "base/eventually_test.h"
#include "event/identity.h"
#include "jobs/local_runs.h"
#include "raw_log/tests/feeder_harness_test.h"
#include "settings/load.h"
#include "store/memory/outbox.h"

namespace vf::app {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class ConsumersTest : public testing::Test {
 protected:
  void configure(std::vector<std::string> sets) {
    settings::LoadParams params;
    params.role = settings::Role::ingest;
    params.sets = std::move(sets);
    params.sets.emplace_back("targets.stage.url=http://127.0.0.1:1/internal/events");
    params.sets.emplace_back("targets.stage.secret=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    auto loaded = settings::load(params);
    ASSERT_TRUE(loaded) << loaded.error().front().text();
    config_ = std::move(loaded->settings);
  }
  Result<std::unique_ptr<Consumers>> start(lake::RawLog* lake = nullptr) {
    return Consumers::start({config_, services_, outbox_, time_, lake, committer_});
  }
  void start_and_show(lake::RawLog* lake = nullptr) {
    auto started = start(lake);
    ASSERT_TRUE(started) << started.error().message;
    consumers_ = std::move(*started);
    operations_ = std::make_unique<HubOperations>(HubOperations::Params{.config = config_,
                                                                        .clock = clock_,
                                                                        .outbox = outbox_,
                                                                        .committer = committer_,
                                                                        .lake = lake,
                                                                        .consumers = *consumers_,
                                                                        .jobs = jobs_,
                                                                        .intake = intake_,
                                                                        .environments = environment_calls_});
    consumers_->publish_metrics();
  }

  Result<store::WriteResult> commit(const store::Write& what) {
    auto results = outbox_.write({&what, 1}, clock_.now(), nullptr);
    if (!results) return results.error();
    return results->front();
  }
  void add_event() {
    store::AddEvent add;
    add.event.source = "kick";
    add.event.message_id = std::to_string(++added_);
    add.event.id = event_id("kick", add.event.message_id, std::nullopt);
    EXPECT_TRUE(commit(add));
  }
  bool is_granted_to(const std::string& holder, const std::string& lease) {
    const auto result = commit(store::TakeLease{lease, holder, Millis{6'000}});
    return result && std::get<store::LeaseTaken>(*result).granted;
  }
  Position cursor() { return outbox_.cursor("stage")->value_or(Position{}); }
  fanout::Status status() { return operations_->target_statuses().at(0); }
  std::optional<Code> set_mode(const std::string& target, std::optional<fanout::Mode> mode) {
    std::promise<std::optional<Code>> answered;
    operations_->set_mode(target, mode, [&answered](const Result<void>& result) {
      answered.set_value(result ? std::nullopt : std::optional(result.error().code));
    });
    return answered.get_future().get();
  }

  settings::Settings config_;
  ManualClock clock_{from_unix_millis(1'700'000'000'000)};
  obs::Log log_{obs::Format::human, obs::Level::error};
  obs::Metrics metrics_;
  obs::Health health_;
  store::memory::MemoryOutbox outbox_;
  raw_log::FakeLake lake_;
  obs::Services services_{clock_, log_, metrics_, health_};
  watch::TrustedTime time_{[this] { return outbox_.time(clock_.now()); }, clock_};
  outbox::Committer committer_{{.store = outbox_, .services = services_}};
  jobs::LocalRuns runs_{clock_};
  jobs::Jobs jobs_{{.jobs = {}, .reads = runs_, .writer = runs_, .clock = clock_}};
  intake::Intake intake_{{.sources = {}, .committer = committer_, .services = services_}};
  std::unique_ptr<Consumers> consumers_;
  EnvironmentCalls environment_calls_{{.clock = clock_}};
  std::unique_ptr<HubOperations> operations_;
  int added_ = 0;
};

TEST_F(ConsumersTest, StartSetsTheCursorWhoeverHoldsTheLease) {
  configure({"targets.stage.mode=paused", "ingest.store=postgresql://vfapp@127.0.0.1:1/dm"});
  ASSERT_TRUE(is_granted_to("another", "stage"));
  add_event();
  start_and_show();
  EXPECT_EQ(outbox_.cursor("stage").value(), outbox_.end().value());
}

TEST_F(ConsumersTest, StartAtEarliestIncludesOldEvents) {
  configure({"targets.stage.mode=paused", "targets.stage.start=earliest"});
  add_event();
  start_and_show();
  EXPECT_EQ(outbox_.cursor("stage").value(), Position{});
}

TEST_F(ConsumersTest, WorkersRunOnceStartReturnsOnAnExclusiveStore) {
  configure({"targets.stage.mode=paused"});
  start_and_show();
  EXPECT_THAT(metrics_.render(), HasSubstr("vf_target_leased{target=\"stage\"} 1"));
  EXPECT_EQ(status().worked_by, "");
}

TEST_F(ConsumersTest, UnusableTargetIsNamed) {
  configure({});
  config_.targets.at("stage").target.secrets = {"nonsense"};
  const auto refused = start();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::invalid);
  EXPECT_THAT(refused.error().message, HasSubstr("targets.stage: "));
}

TEST_F(ConsumersTest, DryRunMovesTheCursor) {
  configure({"targets.stage.mode=dry-run", "targets.stage.start=earliest"});
  start_and_show();
  add_event();
  ASSERT_TRUE(eventually([this] {
    clock_.advance(Millis{1'000});
    return cursor() == outbox_.end().value();
  }));
}

TEST_F(ConsumersTest, TargetOfAnotherProcessIsShownAndOperatedThroughTheStore) {
  configure({"ingest.store=postgresql://vfapp@127.0.0.1:1/dm"});
  ASSERT_TRUE(is_granted_to("another", "stage"));
  add_event();
  start_and_show();
  ASSERT_TRUE(eventually([this] { return status().worked_by == "another"; }));
  EXPECT_EQ(status().mode, fanout::Mode::live);
  EXPECT_EQ(status().cursor, outbox_.end().value());
  EXPECT_EQ(set_mode("stage", fanout::Mode::paused), std::nullopt);
  EXPECT_EQ(status().mode, fanout::Mode::paused);
  EXPECT_EQ(set_mode("stage", std::nullopt), std::nullopt);
  EXPECT_EQ(status().mode, fanout::Mode::live);
  EXPECT_THAT(metrics_.render(), HasSubstr("vf_target_leased{target=\"stage\"} 0"));
  EXPECT_THAT(health_.ready().body, HasSubstr(R"("target stage":{"ok":true,"reason":"worked by another"})"));
}

TEST_F(ConsumersTest, DetachedTargetOfAnotherProcessShowsItsAlarm) {
  configure({"ingest.store=postgresql://vfapp@127.0.0.1:1/dm"});
  ASSERT_TRUE(is_granted_to("another", "stage"));
  ASSERT_TRUE(commit(store::PutSetting{.key = fanout::mode_setting("stage"), .value = "detached"}));
  start_and_show();
  ASSERT_TRUE(eventually([this] { return status().worked_by == "another"; }));
  EXPECT_THAT(status().alarm, HasSubstr("detached: events committed before it is resumed are not delivered"));
}

TEST_F(ConsumersTest, TargetThatIsLeftIsAnAlarmUntilItIsDismissed) {
  configure({"targets.stage.mode=paused"});
  ASSERT_TRUE(commit(store::StartConsumer{.consumer = "partner"}));
  add_event();
  start_and_show();
  ASSERT_THAT(operations_->left_targets(), SizeIs(1));
  EXPECT_EQ(operations_->left_targets()[0].name, "partner");
  EXPECT_TRUE(health_.ready().ready);
  EXPECT_THAT(health_.ready().body, HasSubstr(R"("target partner":{"ok":false,"reason":"no longer configured; 1 )"));
  EXPECT_THAT(metrics_.render(), HasSubstr("vf_target_dead_letters{target=\"stage\"} 0"));
  const auto dismiss = [this](const std::string& target) {
    std::promise<std::optional<Code>> answered;
    operations_->dismiss(target, [&answered](const Result<void>& result) {
      answered.set_value(result ? std::nullopt : std::optional(result.error().code));
    });
    return answered.get_future().get();
  };
  EXPECT_EQ(dismiss("stage"), Code::not_found);
  EXPECT_EQ(dismiss("partner"), std::nullopt);
  EXPECT_THAT(operations_->left_targets(), SizeIs(0));
  EXPECT_THAT(health_.ready().body, HasSubstr(R"("target partner":{"ok":true)"));
}

TEST_F(ConsumersTest, ReloadedTargetIsWorkedOnWithItsNewSettings) {
  configure({"targets.stage.mode=paused", "targets.stage.start=earliest"});
  start_and_show();
  add_event();
  const auto first = consumers_->worker("stage");
  configure({"targets.stage.mode=dry-run", "targets.stage.start=earliest"});
  auto prepared = consumers_->prepare({std::make_shared<settings::Settings>(config_), {"targets.stage.mode"}});
  ASSERT_TRUE(prepared);
  EXPECT_EQ(status().mode, fanout::Mode::paused) << "nothing changes before it is put into force";
  (*prepared)();
  EXPECT_NE(consumers_->worker("stage"), first);
  EXPECT_EQ(consumers_->target("stage")->mode, fanout::Mode::dry_run);
  ASSERT_TRUE(eventually([this] {
    clock_.advance(Millis{1'000});
    return cursor() == outbox_.end().value();
  }));
  EXPECT_EQ(status().mode, fanout::Mode::dry_run);
}

TEST_F(ConsumersTest, ReloadedTargetGoesOnCounting) {
  configure({"targets.stage.mode=dry-run", "targets.stage.start=earliest"});
  start_and_show();
  const auto skipped = [this] {
    add_event();
    const auto end = outbox_.end().value();
    EXPECT_TRUE(eventually([&] {
      clock_.advance(Millis{1'000});
      return cursor() == end;
    }));
    return status().skipped;
  };
  EXPECT_EQ(skipped(), 1);
  configure({"targets.stage.mode=dry-run", "targets.stage.batch_events=7"});
  auto prepared = consumers_->prepare({std::make_shared<settings::Settings>(config_), {"targets.stage.batch_events"}});
  ASSERT_TRUE(prepared);
  const auto first = consumers_->worker("stage");
  (*prepared)();
  ASSERT_NE(consumers_->worker("stage"), first);
  EXPECT_EQ(status().skipped, 1);
  EXPECT_THAT(metrics_.render(), HasSubstr("vf_target_events_skipped_total{target=\"stage\"} 1"));
  EXPECT_EQ(skipped(), 2);
  EXPECT_THAT(metrics_.render(), HasSubstr("vf_target_events_skipped_total{target=\"stage\"} 2"));
}

TEST_F(ConsumersTest, ReloadLeavesOtherTargetsAlone) {
  configure({"targets.stage.mode=paused"});
  start_and_show();
  const auto first = consumers_->worker("stage");
  auto prepared = consumers_->prepare({std::make_shared<settings::Settings>(config_), {"targets.stage-2.mode"}});
  ASSERT_TRUE(prepared);
  (*prepared)();
  EXPECT_EQ(consumers_->worker("stage"), first);
}

TEST_F(ConsumersTest, ReloadWithAnUnusableTargetIsRefused) {
  configure({"targets.stage.mode=paused"});
  start_and_show();
  config_.targets.at("stage").target.secrets = {"nonsense"};
  const auto refused = consumers_->prepare({std::make_shared<settings::Settings>(config_), {"targets.stage.secret"}});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("targets.stage.secret: "));
}

TEST_F(ConsumersTest, OrdersForUnknownTargetsAreRefused) {
  configure({"targets.stage.mode=paused"});
  start_and_show();
  EXPECT_EQ(set_mode("stge", fanout::Mode::live), Code::not_found);
  EXPECT_EQ(set_mode("raw-log", fanout::Mode::live), Code::not_found) << "there is no lake";
  EXPECT_EQ(operations_->lake().driver, "none");
  EXPECT_EQ(operations_->reconciliation().error().code, Code::not_found);
}

TEST_F(ConsumersTest, RawLogIsFedAndHasNoMode) {
  configure({"targets.stage.mode=paused"});
  add_event();
  start_and_show(&lake_);
  ASSERT_TRUE(eventually([this] {
    clock_.advance(Millis{1'000});
    return operations_->lake().rows_inserted == 1;
  }));
  EXPECT_EQ(set_mode("raw-log", fanout::Mode::paused), Code::invalid);
  consumers_->drain(Millis{1'000});
  EXPECT_THAT(lake_.kept, SizeIs(1));
}

TEST_F(ConsumersTest, DrainReleasesTheLeases) {
  configure({"targets.stage.mode=paused"});
  start_and_show();
  EXPECT_FALSE(is_granted_to("another", "stage"));
  consumers_->drain(Millis{1'000});
  EXPECT_TRUE(eventually([this] { return is_granted_to("another", "stage"); })) << "the committer releases it";
  EXPECT_TRUE(eventually([this] { return is_granted_to("another", "retention"); }));
}

}  // namespace
}  // namespace vf::app
