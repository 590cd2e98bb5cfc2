// A hub and a worker whose own clock is 40 days ahead: retention uses the server's clock and removes nothing. When the
// server's clock jumps, it removes nothing either.
#include "postgres/outbox_fixture.h"
#include "projections/tables.h"
#include "settings/settings.h"
#include "store/postgres/environment/environment.h"
#include "upkeep/purge_job.h"
#include "upkeep/retention_job.h"

namespace vf::postgres_test {
namespace {

constexpr std::chrono::days kAhead{40};
constexpr Millis kTolerance = std::chrono::hours{2};

class ClockAhead : public OutboxOnPostgres {
 protected:
  ClockAhead() { params_.server_time = true; }

  obs::Log log_{obs::Format::human, obs::Level::error};
  obs::Metrics metrics_;
  obs::Health health_;
  const Instant today_ = SystemClock().now();
  ManualClock clock_{today_ + kAhead};
  obs::Services services_{clock_, log_, metrics_, health_};

  /// Returns the time of `store`'s server, which has agreed with the steady clock for an hour. The test's steady clock
  /// has moved that hour at once, so the server's time is given an hour later than it is. `jump` is added to it.
  template <class Store>
  std::unique_ptr<watch::TrustedTime> time_of(Store& store, const Millis& jump) {
    auto ask = [&]() -> Result<Instant> {
      VF_ASSIGN(const auto there, store.time(clock_.now()));
      return there + std::chrono::floor<Millis>(clock_.steady()) + jump;
    };
    auto time = std::make_unique<watch::TrustedTime>(ask, clock_);
    time->check();
    clock_.advance(watch::ClockLimits{}.agreement);
    return time;
  }
};

TEST_F(ClockAhead, MakesTheHubRemoveNothing) {
  const auto store = open_store(params_);
  const std::vector<Write> event{adding(1, today_)};
  ASSERT_TRUE(store->write(event, clock_.now(), nullptr));
  settings::Ingest configured;
  configured.outbox_retention = std::chrono::days{7};
  configured.ledger_retention = std::chrono::days{30};
  Millis jump{0};
  const auto time = time_of(*store, jump);
  const auto due = upkeep::due_retention({configured.outbox_retention, configured.ledger_retention, {}}, *time);
  ASSERT_TRUE(due) << due.error().message;
  ASSERT_TRUE(due->has_value());
  const store::RetentionStep& step = **due;
  EXPECT_LT(std::chrono::abs(step.outbox_before - (today_ - configured.outbox_retention)), kTolerance);
  EXPECT_LT(std::chrono::abs(step.ledger_before - (today_ - configured.ledger_retention)), kTolerance);
  const auto removed = store->write(std::vector<Write>{step}, clock_.now(), nullptr);
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_EQ(std::get<store::RowsRemoved>(removed->front()).removed, 0);
  EXPECT_TRUE(store->find(id_at(today_, 1))->has_value());
  const auto again = store->write(event, clock_.now(), nullptr);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_TRUE(std::get<store::EventAdded>(again->front()).duplicate);
  jump = kAhead;
  const auto held_back = upkeep::due_retention({configured.outbox_retention, configured.ledger_retention, {}}, *time);
  ASSERT_TRUE(held_back) << held_back.error().message;
  EXPECT_FALSE(held_back->has_value());
}

TEST_F(ClockAhead, MakesTheWorkerRemoveNothing) {
  const std::string url = server_.fresh_database();
  ASSERT_TRUE(store::postgres::migrate_environment(url, "stage"));
  auto store = store::postgres::open_environment({.url = url, .environment = "stage", .tables = projections::tables()});
  ASSERT_TRUE(store) << store.error().message;
  store::Projection projection;
  projection.event_id = id_at(today_, 1);
  projection.source = "kick";
  projection.type = "kick.chat.message.sent";
  projection.time = today_;
  projection.status = store::Applied::quarantined;
  projection.reason = "unknown";
  ASSERT_TRUE((*store)->apply(std::span(&projection, 1), today_, nullptr));
  settings::Environment configured;
  configured.processed_retention = std::chrono::days{30};
  configured.quarantined_retention = std::chrono::days{30};
  Millis jump{0};
  const auto time = time_of(**store, jump);
  const auto due = upkeep::due_purge({configured.processed_retention, configured.quarantined_retention}, *time);
  ASSERT_TRUE(due) << due.error().message;
  ASSERT_TRUE(due->has_value());
  const store::Purge& step = **due;
  EXPECT_LT(std::chrono::abs(step.processed_before - (today_ - configured.processed_retention)), kTolerance);
  EXPECT_EQ(*(*store)->purge(step), 0);
  EXPECT_TRUE((*store)->processed(projection.event_id)->has_value());
  EXPECT_EQ((*store)->quarantined(10)->size(), 1u);
  jump = kAhead;
  const auto held_back = upkeep::due_purge({configured.processed_retention, configured.quarantined_retention}, *time);
  ASSERT_TRUE(held_back) << held_back.error().message;
  EXPECT_FALSE(held_back->has_value());
}

}  // namespace
}  // namespace vf::postgres_test
