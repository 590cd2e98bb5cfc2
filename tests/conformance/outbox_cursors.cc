// Consumers: cursors, pins, settings, and retention.
#include "outbox_suite.h"

namespace vf::store::conformance {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

TEST_P(OutboxCursors, AConsumerHasNoCursorBeforeItIsStarted) {
  add(1, 2);
  EXPECT_EQ(cursor(), std::nullopt);
  expect_refusal({advance({}, end())}, Code::conflict, 0);
}

TEST_P(OutboxCursors, AStartIsNowOrAtTheEarliestAndHappensOnce) {
  add(1, 3);
  start(StartConsumer::At::now, "new");
  start(StartConsumer::At::earliest, "all");
  EXPECT_EQ(cursor("new"), end());
  EXPECT_THAT(numbers_after(*cursor("all")), ElementsAre(1, 2, 3));
  add(4, 4);
  start(StartConsumer::At::now, "all");
  EXPECT_THAT(numbers_after(*cursor("all")), ElementsAre(1, 2, 3, 4)) << "a consumer that has a cursor keeps it";
  EXPECT_THAT(numbers_after(*cursor("new")), ElementsAre(4));
}

TEST_P(OutboxCursors, AnAdvanceStartsAtTheCursor) {
  start(StartConsumer::At::now);
  const Position zero = *cursor();
  add(1, 4);
  write({advance(zero, position_of(2)), advance(position_of(2), position_of(3))});
  EXPECT_EQ(cursor(), position_of(3));
  EXPECT_EQ(cursor("production"), std::nullopt);
}

TEST_P(OutboxCursors, AnAdvanceFromElsewhereIsFenced) {
  start(StartConsumer::At::now);
  const Position zero = *cursor();
  add(1, 4);
  write({advance(zero, position_of(2))});
  expect_refusal({advance(zero, position_of(3))}, Code::conflict, 0);            // another holder was faster
  expect_refusal({advance(position_of(3), position_of(4))}, Code::conflict, 0);  // it would skip events
  expect_refusal({advance(position_of(2), position_of(2))}, Code::invalid, 0);   // an empty range
  expect_refusal({advance(position_of(2), position_of(1))}, Code::invalid, 0);   // backwards
  EXPECT_EQ(cursor(), position_of(2));
}

TEST_P(OutboxCursors, ConsumersAreThoseWithACursorOrWithRowsOfTheirOwn) {
  const auto known = [this] {
    std::vector<std::pair<std::string, std::string>> found;
    const auto consumers = store_->consumers();
    EXPECT_TRUE(consumers) << consumers.error().message;
    for (const auto& consumer : consumers.value_or(std::vector<ConsumerRow>{})) {
      found.emplace_back(consumer.name, consumer.config_version);
    }
    return found;
  };
  EXPECT_THAT(known(), IsEmpty());
  add(1, 3);
  for (const auto* name : {"stage", "a", "raw-log"}) start(StartConsumer::At::earliest, name);
  write({pin(*cursor("raw-log"), end())});
  write({advance(*cursor(), position_of(1))});
  write({advance(*cursor(), position_of(2))});
  write({PutDelivery{.target = "partner",
                     .position = position_of(1),
                     .event_id = id_numbered(1),
                     .state = PutDelivery::State::dead,
                     .reason = "no"}});
  EXPECT_THAT(known(), ElementsAre(Pair("a", ""), Pair("partner", ""), Pair("raw-log", ""), Pair("stage", "v1")));
  write({MoveCursor{.consumer = "stage", .to = end(), .reason = "by hand"}});
  EXPECT_THAT(known(), ElementsAre(Pair("a", ""), Pair("partner", ""), Pair("raw-log", ""), Pair("stage", "")));
}

TEST_P(OutboxCursors, CursorsPinsAndSettingsOutliveTheProcess) {
  if (!GetParam().durable) GTEST_SKIP() << "not durable";
  start(StartConsumer::At::now);
  start(StartConsumer::At::now, std::string(kRawLog));
  const Position zero = *cursor();
  add(1, 4);
  write({advance(zero, position_of(2)), pin(zero, position_of(3)), PutSetting{"target.stage.mode", "paused"}});
  reopen();
  EXPECT_EQ(cursor(), position_of(2));
  ASSERT_TRUE(open_pin());
  EXPECT_EQ(open_pin()->to, position_of(3));
  EXPECT_EQ(store_->settings()->size(), 1u);
}

TEST_P(OutboxCursors, BatchOfFindsTheBatchOfAPosition) {
  start(StartConsumer::At::now);
  const Position zero = *cursor();
  add(1, 5);
  write({advance(zero, position_of(2))});
  now_ += Millis{1000};
  write({advance(position_of(2), position_of(4))});
  const auto batch = [this](uint32_t number) { return *store_->batch_of("stage", position_of(number)); };
  ASSERT_TRUE(batch(1));
  EXPECT_EQ(batch(1)->from, zero);
  EXPECT_EQ(batch(1)->to, position_of(2));
  EXPECT_EQ(batch(1)->consumer, "stage");
  EXPECT_EQ(batch(1)->count, 2);
  EXPECT_EQ(batch(1)->attempts, 3);
  EXPECT_EQ(batch(1)->sent_at, kStart - Millis{40});
  EXPECT_EQ(batch(1)->acked_at, kStart);
  EXPECT_EQ(batch(2)->to, position_of(2)) << "`to` belongs to the batch";
  EXPECT_EQ(batch(3)->from, position_of(2)) << "`from` does not";
  EXPECT_EQ(batch(4)->acked_at, now_);
  EXPECT_FALSE(batch(5)) << "not passed yet";
  EXPECT_FALSE(*store_->batch_of("production", position_of(1)));
}

TEST_P(OutboxCursors, ABatchStoresItsSkipReason) {
  start(StartConsumer::At::now);
  Position from = *cursor();
  add(1, 4);
  using enum SkipReason;
  uint32_t number = 1;
  for (const SkipReason skip_reason : {none, unwanted, dry_run, detached}) {
    AdvanceCursor move = advance(from, position_of(number));
    move.skip_reason = skip_reason;
    write({move});
    EXPECT_EQ((*store_->batch_of("stage", position_of(number)))->skip_reason, skip_reason);
    from = position_of(number++);
  }
}

TEST_P(OutboxCursors, AMovedCursorAdvancesFromItsNewPosition) {
  start(StartConsumer::At::now);
  const Position zero = *cursor();
  add(1, 6);
  write({advance(zero, position_of(2)), advance(position_of(2), position_of(4))});
  write({MoveCursor{"stage", zero, "again from the beginning"}});
  EXPECT_EQ(cursor(), zero);
  now_ += Millis{1000};
  write({advance(zero, position_of(2)), advance(position_of(2), position_of(3))});
  EXPECT_EQ(cursor(), position_of(3));
  EXPECT_EQ((*store_->batch_of("stage", position_of(1)))->acked_at, now_);
  write({MoveCursor{"stage", position_of(5), "detached"}, advance(position_of(5), position_of(6))});
  EXPECT_EQ(cursor(), position_of(6));
  EXPECT_FALSE(*store_->batch_of("stage", position_of(4))) << "skipped, never delivered";
}

TEST_P(OutboxCursors, AMoveIsAudited) {
  add(1, 1);
  write({MoveCursor{"stage", end(), "older than max_backlog"}});
  const auto audit = store_->audit({});
  ASSERT_TRUE(audit);
  ASSERT_EQ(audit->size(), 1u);
  EXPECT_EQ(audit->front().entry.at, now_);
  EXPECT_THAT(audit->front().entry.detail, HasSubstr("stage"));
  EXPECT_THAT(audit->front().entry.detail, HasSubstr("older than max_backlog"));
}

TEST_P(OutboxCursors, APinIsOpenUntilTheCursorPassesIt) {
  start(StartConsumer::At::now, std::string(kRawLog));
  const Position zero = *cursor(std::string(kRawLog));
  add(1, 4);
  EXPECT_EQ(open_pin(), std::nullopt);
  write({pin(zero, position_of(3))});
  ASSERT_TRUE(open_pin());
  EXPECT_EQ(open_pin()->consumer, kRawLog);
  EXPECT_EQ(open_pin()->from, zero);
  EXPECT_EQ(open_pin()->to, position_of(3));
  EXPECT_EQ(open_pin()->count, 7);
  EXPECT_EQ(open_pin()->digest, "abcd");
  EXPECT_EQ(cursor(std::string(kRawLog)), zero) << "a pin moves nothing";
  write({advance(zero, position_of(3), std::string(kRawLog))});
  EXPECT_EQ(open_pin(), std::nullopt);
  write({pin(position_of(3), position_of(4))});
  EXPECT_EQ(open_pin()->from, position_of(3));
}

TEST_P(OutboxCursors, APinIsFenced) {
  add(1, 4);
  expect_refusal({pin({}, position_of(1))}, Code::conflict, 0);  // no cursor yet
  start(StartConsumer::At::earliest, std::string(kRawLog));
  const Position zero = *cursor(std::string(kRawLog));
  expect_refusal({pin(position_of(1), position_of(2))}, Code::conflict, 0);  // not at the cursor
  expect_refusal({pin(zero, {.seq = end().seq + 1})}, Code::invalid, 0);     // after the end of the outbox
  write({pin(zero, position_of(2))});
  expect_refusal({pin(zero, position_of(2))}, Code::conflict,
                 0);  // a second holder, or a retry after an unknown outcome
  expect_refusal({pin(zero, position_of(3))}, Code::conflict, 0);
  EXPECT_EQ(open_pin()->to, position_of(2));
}

TEST_P(OutboxCursors, MovingACursorBackDropsLaterPins) {
  start(StartConsumer::At::now, std::string(kRawLog));
  const Position zero = *cursor(std::string(kRawLog));
  add(1, 4);
  write({pin(zero, position_of(2)), advance(zero, position_of(2), std::string(kRawLog)),
         pin(position_of(2), position_of(4)), MoveCursor{std::string(kRawLog), zero, "refill"}});
  EXPECT_EQ(open_pin(), std::nullopt);
  write({pin(zero, position_of(1))});
  EXPECT_EQ(open_pin()->to, position_of(1));
}

TEST_P(OutboxConformance, SettingsAreReplacedAndRemoved) {
  write({PutSetting{"a", "1"}, PutSetting{"b", "2"}});
  write({PutSetting{"a", "3"}, PutSetting{"b", ""}, PutSetting{"never", ""}});
  const auto settings = store_->settings();
  ASSERT_TRUE(settings);
  ASSERT_EQ(settings->size(), 1u);
  EXPECT_EQ(settings->front().key, "a");
  EXPECT_EQ(settings->front().value, "3");
}

TEST_P(OutboxConformance, TheAuditIsReadNewestFirst) {
  for (int i = 0; i < 3; ++i) write({AddAudit{now_ + Millis{i}, "anna", "pause", std::to_string(i)}});
  const auto audit = store_->audit({.rows_max = 2});
  ASSERT_TRUE(audit);
  ASSERT_EQ(audit->size(), 2u);
  EXPECT_EQ(audit->at(0).entry.detail, "2");
  EXPECT_EQ(audit->at(1).entry.detail, "1");
  EXPECT_EQ(audit->at(0).entry.at, now_ + Millis{2});
  EXPECT_EQ(audit->at(0).entry.actor, "anna");
  EXPECT_EQ(audit->at(0).entry.action, "pause");
}

TEST_P(OutboxConformance, TheAuditGoesOnBeforeAnEntry) {
  for (int i = 0; i < 5; ++i) write({AddAudit{now_, "anna", "pause", std::to_string(i)}});
  std::vector<std::string> read;
  AuditFilter filter{.rows_max = 2};
  for (auto page = *store_->audit(filter); !page.empty(); page = *store_->audit(filter)) {
    EXPECT_LE(page.size(), 2u);
    for (const auto& row : page) read.push_back(row.entry.detail);
    filter.before = page.back().number;
  }
  EXPECT_THAT(read, ElementsAre("4", "3", "2", "1", "0"));
}

TEST_P(OutboxRetention, RemovesOnlyRowsReceivedBefore) {
  add(1, 3);
  const Instant boundary = now_ + Millis{1};
  now_ += Millis{1};
  add(4, 6);
  RetentionStep step{.outbox_before = boundary, .ledger_before = kStart - Millis{1}, .held_by = {}};
  EXPECT_EQ(retain_until_done(step), 3);
  EXPECT_THAT(numbers_after({}), ElementsAre(4, 5, 6));
  EXPECT_FALSE(store_->find(id_numbered(1))->has_value());
  const auto entry = store_->ledger(id_numbered(1));
  ASSERT_TRUE(entry && *entry) << "the ledger is kept longer";
  EXPECT_FALSE((*entry)->position.has_value());
  EXPECT_TRUE(added(write({adding(event_numbered(1))}).at(0)).duplicate);
  step.ledger_before = boundary;
  EXPECT_EQ(retain_until_done(step), 3);
  EXPECT_FALSE(store_->ledger(id_numbered(3))->has_value());
  EXPECT_TRUE(store_->ledger(id_numbered(4))->has_value());
  EXPECT_FALSE(added(write({adding(event_numbered(1))}).at(0)).duplicate);
}

TEST_P(OutboxRetention, ARowThatSeemsOldTakesNoYoungerOneWithIt) {
  add(1, 1);
  const Instant boundary = now_ + Millis{5};
  now_ += Millis{10};
  add(2, 2);
  now_ -= Millis{20};  // the clock is set back for a while
  add(3, 3);
  retain_until_done({.outbox_before = boundary, .ledger_before = boundary, .held_by = {}});
  EXPECT_FALSE(store_->find(id_numbered(1))->has_value());
  EXPECT_FALSE(store_->ledger(id_numbered(1))->has_value());
  EXPECT_TRUE(store_->find(id_numbered(2))->has_value());
  EXPECT_TRUE(store_->ledger(id_numbered(2))->has_value());
}

TEST_P(OutboxRetention, ALedgerRowOutlivesItsOutboxRow) {
  add(1, 2);
  RetentionStep step = everything();
  step.outbox_before = kStart;
  EXPECT_EQ(retain_until_done(step), 0);
  EXPECT_TRUE(store_->find(id_numbered(1))->has_value());
}

TEST_P(OutboxRetention, ABodyKeyIsDeletedWithItsLedgerRow) {
  AddEvent add = adding(event_numbered(1));
  add.body_key = std::string(32, 'k');
  add.replay_guard = std::chrono::days{30};
  write({add});
  retain_until_done(everything());
  AddEvent again = adding(event_numbered(2));
  again.event.source = add.event.source;
  again.body_key = add.body_key;
  again.replay_guard = add.replay_guard;
  EXPECT_FALSE(added(write({again}).at(0)).duplicate);
}

TEST_P(OutboxRetention, AStepIsBounded) {
  add(1, 10);
  RetentionStep step = everything();
  step.rows_max = 4;
  EXPECT_EQ(retain(step), 8) << "four events, four ledger rows: each table has its own bound";
  EXPECT_THAT(numbers_after({}), ElementsAre(5, 6, 7, 8, 9, 10)) << "the oldest are deleted first";
  EXPECT_EQ(retain(step), 8);
  EXPECT_EQ(retain(step), 4);
  EXPECT_EQ(retain(step), 0);
}

TEST_P(OutboxRetention, AuditEntriesExpireLikeLedgerRows) {
  for (int i = 0; i < 5; ++i) write({AddAudit{kStart + Millis{i}, "anna", "pause", std::to_string(i)}});
  RetentionStep step{.outbox_before = now_, .ledger_before = kStart + Millis{3}, .held_by = {}, .rows_max = 2};
  EXPECT_EQ(retain(step), 2);
  EXPECT_EQ(store_->audit({})->back().entry.detail, "2") << "the oldest are deleted first, within the bound";
  EXPECT_EQ(retain(step), 1);
  EXPECT_EQ(retain(step), 0);
  EXPECT_EQ(store_->audit({})->size(), 2u);
  EXPECT_EQ(store_->audit({})->back().entry.detail, "3");
}

TEST_P(OutboxRetention, KeepsRowsThatAConsumerHasNotPassed) {
  start(StartConsumer::At::now, "stage");
  start(StartConsumer::At::now, "production");
  const Position zero = *cursor("stage");
  add(1, 6);
  write({advance(zero, position_of(4), "stage"), advance(zero, position_of(2), "production")});
  retain_until_done(everything({"stage", "production"}));
  EXPECT_THAT(numbers_after({}), ElementsAre(3, 4, 5, 6));
  EXPECT_TRUE(store_->ledger(id_numbered(3))->has_value());
  retain_until_done(everything({"stage"}));
  EXPECT_THAT(numbers_after({}), ElementsAre(5, 6));
  retain_until_done(everything({"stage", "not started"}));
  EXPECT_THAT(numbers_after({}), ElementsAre(5, 6));
}

TEST_P(OutboxRetention, PositionsContinueInAnEmptiedOutbox) {
  start(StartConsumer::At::now);
  const Position zero = *cursor();
  add(1, 3);
  const Position last = end();
  write({advance(zero, last)});
  retain_until_done(everything());
  EXPECT_THAT(numbers_after({}), IsEmpty());
  EXPECT_EQ(end(), last);
  if (GetParam().durable) reopen();
  EXPECT_EQ(end(), last);
  EXPECT_EQ(cursor(), last);
  EXPECT_EQ(store_->backlog(last)->rows, 0);
  add(4, 4);
  EXPECT_GT(end(), last);
  EXPECT_THAT(numbers_after(*cursor()), ElementsAre(4)) << "a reused number would hide it";
  EXPECT_EQ(store_->backlog(last)->rows, 1);
  EXPECT_EQ(store_->backlog({})->rows, 1) << "deleted rows are not part of the backlog";
}

TEST_P(OutboxRetention, PurgedPositionExposesCursorsThatMissedEvents) {
  EXPECT_EQ(*store_->purged(), Position{});
  start(StartConsumer::At::earliest, "first");
  EXPECT_FALSE(*cursor("first") < *store_->purged());
  add(1, 4);
  EXPECT_EQ(*store_->purged(), Position{});
  const Position second = position_of(2);
  RetentionStep step = everything();
  step.ledger_before = kStart - Millis{1};
  step.rows_max = 2;
  ASSERT_EQ(retain(step), 2);
  EXPECT_EQ(*store_->purged(), second);
  if (GetParam().durable) reopen();
  EXPECT_EQ(*store_->purged(), second);
  EXPECT_TRUE(*cursor("first") < *store_->purged());
  start(StartConsumer::At::earliest, "late");
  EXPECT_FALSE(*cursor("late") < *store_->purged()) << "events deleted before its start are not missed";
  const Position last = end();
  retain_until_done(everything());
  EXPECT_EQ(*store_->purged(), last);
}

TEST_P(OutboxRetention, AStartAtTheEarliestReadsAllThatIsKept) {
  add(1, 2);
  retain_until_done(everything());
  start(StartConsumer::At::earliest, "empty");
  add(3, 4);
  start(StartConsumer::At::earliest, "late");
  EXPECT_THAT(numbers_after(*cursor("empty")), ElementsAre(3, 4));
  EXPECT_THAT(numbers_after(*cursor("late")), ElementsAre(3, 4));
}

}  // namespace vf::store::conformance
