// Retention by whole partitions, and reading meanwhile.
#include "postgres/outbox_fixture.h"

namespace vf::postgres_test {
namespace {

using store::RetentionStep;
using store::StartConsumer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using State = store::PutDelivery::State;

constexpr std::chrono::days kDay{1};

class RetentionByPartitions : public OutboxOnPostgres {
 protected:
  /// Events 1 to 3 on the first day, 11 to 13 on the next, 21 to 23 on the one after.
  void SetUp() override {
    for (uint64_t day = 0; day < 3; ++day) {
      add(10 * day + 1, 10 * day + 3);
      now_ += kDay;
    }
  }
  int64_t retain(Instant outbox_before, std::vector<std::string> held_by = {}, Instant ledger_before = kStart - kDay) {
    const auto results = write(
        {RetentionStep{.outbox_before = outbox_before, .ledger_before = ledger_before, .held_by = std::move(held_by)}});
    return results.empty() ? -1 : std::get<store::RowsRemoved>(results.front()).removed;
  }
  int64_t removed_by(const RetentionStep& step) {
    const auto results = write({step});
    return results.empty() ? -1 : std::get<store::RowsRemoved>(results.front()).removed;
  }
  store::PutDelivery delivery(uint64_t n, Instant time, State state) {
    return {.target = "stage",
            .position = position_of(n, time),
            .event_id = id_at(time, n),
            .state = state,
            .attempts = 3,
            .reason = "422",
            .first_failed_at = time};
  }
  /// On the first day a retry and a dead letter, on the second a retry.
  void put_deliveries() {
    write({delivery(1, kStart, State::retry), delivery(2, kStart, State::dead),
           delivery(12, kStart + kDay, State::retry)});
  }
  bool has_first_day() {
    return integer(db_,
                   "SELECT count(*) FROM ingest.dated_partitions('ingest.ingest_outbox') WHERE day = '2026-09-21'") > 0;
  }
  int64_t days() { return integer(db_, "SELECT count(*) FROM ingest.dated_partitions('ingest.ingest_outbox')"); }
  Position position_of(uint64_t n, Instant id_time) { return *store_->ledger(id_at(id_time, n))->value().position; }
};

TEST_F(RetentionByPartitions, ADayIsDroppedWhenAllOfItIsOld) {
  EXPECT_EQ(retain(kStart + Millis{1}), 0) << "the day has not ended";
  EXPECT_TRUE(has_first_day());
  EXPECT_EQ(retain(kStart + kDay), 1000) << "at least rows_max: there may be more";
  EXPECT_EQ(retain(kStart + kDay), 0);
  EXPECT_FALSE(has_first_day());
  EXPECT_THAT(numbers_after({}), ElementsAre(11, 12, 13, 21, 22, 23));
  EXPECT_TRUE(store_->ledger(id_at(kStart, 3))->has_value()) << "the ledger is kept longer";
  EXPECT_FALSE(store_->find(id_at(kStart, 3))->has_value());
  EXPECT_TRUE(std::get<store::EventAdded>(write({adding(3)}).at(0)).duplicate);
}

TEST_F(RetentionByPartitions, ADayThatAConsumerHasNotPassedIsKept) {
  write({StartConsumer{"stage", StartConsumer::At::earliest}});
  const Position zero = **store_->cursor("stage");
  EXPECT_EQ(retain(kStart + 9 * kDay, {"stage"}), 0);
  write({store::AdvanceCursor{.consumer = "stage", .from = zero, .to = position_of(3, kStart)}});
  EXPECT_EQ(retain(kStart + 9 * kDay, {"never started"}), 0);
  EXPECT_GT(retain(kStart + 9 * kDay, {"stage"}), 0);
  EXPECT_EQ(retain(kStart + 9 * kDay, {"stage"}), 0);
  EXPECT_THAT(numbers_after({}), ElementsAre(11, 12, 13, 21, 22, 23));
}

TEST_F(RetentionByPartitions, ADayIsDroppedWhenTheEventsOfItsDeadLettersAreKept) {
  put_deliveries();
  const Position last = position_of(3, kStart);
  RetentionStep step{.outbox_before = kStart + kDay, .held_by = {}, .rows_max = 1};
  for (const int events_kept : {1, 2}) {
    EXPECT_EQ(removed_by(step), 1) << "a call keeps at most rows_max events";
    EXPECT_TRUE(has_first_day());
    EXPECT_EQ(integer(db_, "SELECT count(*) FROM ingest.ingest_outbox_kept"), events_kept);
  }
  EXPECT_EQ(removed_by(step), 1);
  EXPECT_FALSE(has_first_day());
  EXPECT_EQ(removed_by(step), 0);
  EXPECT_EQ(*store_->purged(), last);
  EXPECT_EQ(number_of(**store_->find(id_at(kStart, 1))), 1u);
  EXPECT_EQ(number_of(**store_->find(id_at(kStart, 2))), 2u);
  EXPECT_FALSE(store_->find(id_at(kStart, 3))->has_value());
  const auto dead = store_->deliveries("stage", State::dead, 10);
  ASSERT_EQ(dead->size(), 2u);
  EXPECT_EQ(dead->at(0).reason, store::reason_after_retention(3, "422"));
  EXPECT_EQ(dead->at(1).reason, "422");
  EXPECT_EQ(store_->deliveries("stage", State::retry, 10)->at(0).event_id, id_at(kStart + kDay, 12))
      << "its day is in the outbox";

  step.deliveries_before = kStart + Millis{1};
  step.rows_max = 10;
  EXPECT_EQ(removed_by(step), 2);
  EXPECT_EQ(store_->deliveries_after("stage", {}, 10)->size(), 1u);
  EXPECT_FALSE(store_->find(id_at(kStart, 1))->has_value());
}

TEST_F(RetentionByPartitions, DeadLettersThatAreTooOldGoWithTheirDay) {
  put_deliveries();
  const RetentionStep step{.outbox_before = kStart + kDay, .held_by = {}, .deliveries_before = kStart + Millis{1}};
  EXPECT_EQ(removed_by(step), 1000);
  EXPECT_FALSE(has_first_day());
  EXPECT_EQ(integer(db_, "SELECT count(*) FROM ingest.ingest_outbox_kept"), 0);
  EXPECT_EQ(store_->deliveries_after("stage", {}, 10)->size(), 1u);
}

// A clock that goes back leaves positions of two days among each other.
TEST_F(RetentionByPartitions, ExceptionsOfTheNextDayStayWhateverTheirPosition) {
  now_ = kStart;
  add(4, 4);  // numbered after the events of the next days
  write({delivery(4, kStart, State::dead), delivery(12, kStart + kDay, State::retry)});
  now_ = kStart + 3 * kDay;
  RetentionStep step{.outbox_before = kStart + kDay, .held_by = {}};
  while (removed_by(step) > 0) continue;
  EXPECT_FALSE(has_first_day());
  EXPECT_TRUE(store_->find(id_at(kStart, 4))->has_value());
  EXPECT_EQ(store_->deliveries("stage", State::retry, 10)->size(), 1u);
  EXPECT_EQ(store_->deliveries("stage", State::dead, 10)->size(), 1u);
}

TEST_F(RetentionByPartitions, AProgramThatKnowsOfNoKeptEventsKeepsThemToo) {
  put_deliveries();
  const char* drop =
      "SELECT ingest.drop_outbox_day('2026-09-22 00:00+00', '7fffffff-7fffffffffffffff-7fffffffffffffff')";
  EXPECT_EQ(integer(db_, drop), 2);
  EXPECT_GT(integer(db_, drop), 0);
  EXPECT_FALSE(has_first_day());
  EXPECT_TRUE(store_->find(id_at(kStart, 1))->has_value());
  EXPECT_EQ(store_->deliveries("stage", State::dead, 10)->size(), 2u);
}

TEST_F(RetentionByPartitions, AReaderDefersTheDropAndBlocksNoWrite) {
  auto reader = connect(url_);
  run(reader, "BEGIN; SELECT count(*) FROM ingest.ingest_outbox");
  EXPECT_EQ(retain(kStart + kDay), 0) << "the lock was not granted";
  EXPECT_FALSE(std::get<store::EventAdded>(write({adding(4)}).at(0)).duplicate) << "writes succeed meanwhile";
  run(reader, "COMMIT");
  EXPECT_GT(retain(kStart + kDay), 0);
}

TEST_F(RetentionByPartitions, DaysAreAddedDuringLongTransactions) {
  auto reader = connect(url_);
  run(reader, "BEGIN; SELECT count(*) FROM ingest.ingest_outbox");
  auto writer = connect(url_);
  run(writer, "BEGIN; INSERT INTO ingest.ingest_outbox SELECT * FROM ingest.ingest_outbox WHERE false");
  const int64_t before = days();
  now_ = kStart + 40 * kDay;
  add(99, 99);
  EXPECT_EQ(days(), before + 8) << "the day needed and a week ahead";
}

TEST_F(RetentionByPartitions, LateIdsOfADroppedLedgerWeekAreAccepted) {
  const Instant week =
      from_unix_millis(1000 * integer(db_,
                                      "SELECT extract(epoch FROM ingest.day_start(min(day)))::bigint FROM "
                                      "ingest.dated_partitions('ingest.processed_webhooks')"));
  now_ = week + kDay;
  add(201, 203);
  const auto weeks = [this] {
    return integer(db_, "SELECT count(*) FROM ingest.dated_partitions('ingest.processed_webhooks')");
  };
  const int64_t before = weeks();
  const Instant end = week + 7 * kDay;
  now_ = week + 10 * kDay;
  EXPECT_EQ(retain(kStart - kDay, {}, end), 0) << "the outbox still has its events";
  EXPECT_EQ(weeks(), before);
  while (retain(end, {}, kStart - kDay) > 0) continue;
  EXPECT_GT(retain(end, {}, end), 0);
  EXPECT_EQ(weeks(), before - 1);
  EXPECT_FALSE(store_->ledger(id_at(week + kDay, 201))->has_value());
  now_ = end;
  EXPECT_FALSE(std::get<store::EventAdded>(write({adding(201, week + kDay)}).at(0)).duplicate);
  EXPECT_TRUE(std::get<store::EventAdded>(write({adding(201, week + kDay)}).at(0)).duplicate);
}

TEST_F(RetentionByPartitions, ALedgerWeekWithALateEventIsKept) {
  const Instant week =
      from_unix_millis(1000 * integer(db_,
                                      "SELECT extract(epoch FROM ingest.day_start(min(day)))::bigint FROM "
                                      "ingest.dated_partitions('ingest.processed_webhooks')"));
  now_ = week + 20 * kDay;
  write({adding(201, week + kDay)});
  now_ += 3 * kDay;
  while (retain(now_ - 2 * kDay, {}, week + 7 * kDay) > 0) continue;
  EXPECT_EQ(integer(db_, "SELECT count(*) FROM ingest.ingest_outbox"), 0);
  EXPECT_TRUE(store_->ledger(id_at(week + kDay, 201))->has_value()) << "its provider may send it again";
}

TEST_F(RetentionByPartitions, IdsOfAnyTimeAreStoredAndExpire) {
  now_ = kStart + 30 * kDay;
  const std::vector<Instant> times = {Instant{}, from_unix_millis(1'500'000'000'000),
                                      from_unix_millis(9'999'999'999'999)};
  uint64_t n = 300;
  for (const Instant time : times) write({adding(++n, time)});
  now_ += 3 * kDay;
  while (retain(now_ - 2 * kDay, {}, now_ - 2 * kDay) > 0) continue;
  EXPECT_EQ(integer(db_, "SELECT count(*) FROM ingest.processed_webhooks"), 0);
  EXPECT_EQ(integer(db_, "SELECT count(*) FROM ingest.ingest_outbox"), 0);
}

TEST_F(RetentionByPartitions, NewWeeksTakeTheIdsOfTheFuturePartition) {
  const Instant later =
      from_unix_millis(1000 * integer(db_,
                                      "SELECT extract(epoch FROM ingest.day_start(max(day)))::bigint FROM "
                                      "ingest.dated_partitions('ingest.processed_webhooks')")) +
      10 * kDay;
  write({adding(401, later), adding(402, later + 300 * kDay)});
  EXPECT_EQ(integer(db_, "SELECT count(*) FROM ingest.processed_webhooks_future"), 2);
  EXPECT_GT(integer(db_,
                    "SELECT ingest.add_ledger_weeks((SELECT max(day) + 28 FROM "
                    "ingest.dated_partitions('ingest.processed_webhooks')))"),
            0);
  EXPECT_EQ(integer(db_, "SELECT count(*) FROM ingest.processed_webhooks_future"), 1);
  EXPECT_TRUE(std::get<store::EventAdded>(write({adding(401, later)}).at(0)).duplicate);
  EXPECT_TRUE(std::get<store::EventAdded>(write({adding(402, later + 300 * kDay)}).at(0)).duplicate);
}

TEST_F(RetentionByPartitions, PartitionsWorkWithAnyDefaultIsolation) {
  const std::string database = Server::database_of(url_);
  run(db_, fmt::format("ALTER DATABASE {0} SET default_transaction_isolation = 'repeatable read'; "
                       "ALTER DATABASE {0} SET default_transaction_read_only = on",
                       database));
  store_ = open_store(params_);
  now_ = kStart + 30 * kDay;
  add(31, 33);
  EXPECT_GT(retain(kStart + kDay), 0);
  EXPECT_FALSE(has_first_day());
  EXPECT_THAT(numbers_after({}), ElementsAre(11, 12, 13, 21, 22, 23, 31, 32, 33));
}

TEST_F(RetentionByPartitions, RowsHiddenByAClockSetBackAreReported) {
  OutboxParams params = params_;
  params.check_every = Millis{0};
  const auto checking = open_store(params);
  const auto read = [&](OutboxStore& store, Position after) { return store.read_after({.after = after}); };
  const Position third = read(*store_, {})->back().event.position;
  ASSERT_EQ(read(*checking, {})->back().event.position, third);
  now_ = kStart;  // two days back
  add(4, 4);
  now_ = kStart + 2 * kDay;
  add(24, 24);
  const auto quick = read(*store_, third);
  ASSERT_TRUE(quick);
  ASSERT_EQ(quick->size(), 1u) << "the day of 4 is not read";
  const Position last = quick->back().event.position;
  const auto whole = read(*checking, third);
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ(whole->size(), 2u) << "when a check is due, a read has no floor";

  params.check_every = std::chrono::hours{1};
  EXPECT_TRUE(read(*store_, last)->empty());
  now_ = kStart + 5 * kDay;
  add(31, 31);
  const auto hidden = read(*store_, last);  // the read moves to a later day, so it first checks for left-out rows
  ASSERT_FALSE(hidden);
  EXPECT_EQ(hidden.error().code, Code::internal);
  EXPECT_THAT(hidden.error().message, HasSubstr(third.to_string()));
  EXPECT_THAT(numbers_after(third), ElementsAre(4, 24, 31)) << "with its cursor moved back, the consumer reads it";
}

}  // namespace
}  // namespace vf::postgres_test
