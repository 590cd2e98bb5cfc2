// Retries and dead letters: what is read back, in which order, and what retention leaves of them.
#include <tuple>

#include "outbox_suite.h"

namespace vf::store::conformance {

using testing::ElementsAre;
using testing::IsEmpty;
using enum PutDelivery::State;

namespace {

auto fields(const Event& event) {
  return std::tuple(event.position, event.id, event.source, event.type, event.subject, event.time, event.received,
                    event.message_id, event.fact_key, event.version, event.sandbox, event.headers, event.is_json,
                    event.body);
}

}  // namespace

TEST_P(OutboxDeliveries, AreListedByTargetAndState) {
  add(1, 4);
  write({delivery(3, dead), delivery(1, dead), delivery(2, retry), delivery(1, dead, {}, "production")});
  EXPECT_THAT(ids(store_->deliveries("stage", dead, 10)), ElementsAre(id_numbered(1), id_numbered(3)));
  EXPECT_THAT(ids(store_->deliveries("stage", dead, 1)), ElementsAre(id_numbered(1)));
  EXPECT_THAT(ids(store_->deliveries("stage", retry, 10)), ElementsAre(id_numbered(2)));
  const auto of_event = store_->deliveries_of(id_numbered(1));
  ASSERT_TRUE(of_event);
  ASSERT_EQ(of_event->size(), 2u);
  const PutDelivery& row = of_event->back();
  EXPECT_EQ(row.target, "stage");
  EXPECT_EQ(row.position, position_of(1));
  EXPECT_EQ(row.state, dead);
  EXPECT_EQ(row.attempts, 2);
  EXPECT_EQ(row.reason, "422: no such channel");
  EXPECT_EQ(row.first_failed_at, now_ - Millis{77});
}

TEST_P(OutboxDeliveries, AreReplacedAndDropped) {
  add(1, 2);
  write({delivery(1, retry), delivery(2, retry)});
  PutDelivery dead_letter = delivery(1, dead);
  dead_letter.attempts = 9;
  write({dead_letter, DropDelivery{"stage", id_numbered(2)}, DropDelivery{"stage", id_numbered(99)}});
  EXPECT_THAT(ids(store_->deliveries("stage", retry, 10)), IsEmpty());
  const auto dead_rows = store_->deliveries("stage", dead, 10);
  ASSERT_EQ(dead_rows->size(), 1u);
  EXPECT_EQ(dead_rows->front().attempts, 9);
}

TEST_P(OutboxDeliveries, EveryReadReturnsWhenTheEventFirstFailed) {
  add(1, 1);
  for (const auto first_failed_at : {std::optional(now_ - Millis{9}), std::optional<Instant>()}) {
    PutDelivery row = delivery(1, retry);
    row.first_failed_at = first_failed_at;
    write({row});
    for (const auto& rows : {store_->deliveries("stage", retry, 10), store_->deliveries_of(id_numbered(1)),
                             store_->deliveries_after("stage", {}, 10)}) {
      ASSERT_TRUE(rows && rows->size() == 1u);
      EXPECT_EQ(rows->front().first_failed_at, first_failed_at);
    }
  }
  EXPECT_EQ(store_->revived("stage", 10)->front().first_failed_at, std::nullopt);
}

TEST_P(OutboxDeliveries, OnlyAnOperatorsRetryReplacesADeadLetter) {
  add(1, 1);
  write({delivery(1, dead)});
  PutDelivery attempt = delivery(1, retry);
  attempt.attempts = 3;
  write({attempt});  // by a worker, whose attempt failed meanwhile
  EXPECT_THAT(ids(store_->deliveries("stage", retry, 10)), IsEmpty());
  EXPECT_EQ(store_->deliveries("stage", dead, 10)->front().attempts, 2);
  PutDelivery again = delivery(1, dead);
  again.reason = "410";
  write({again});
  EXPECT_EQ(store_->deliveries("stage", dead, 10)->front().reason, "410");
  EXPECT_EQ(changed(RetryDeadLetters{"stage", {id_numbered(1)}, now_ + Millis{5}}), 1);
  EXPECT_THAT(ids(store_->deliveries("stage", dead, 10)), IsEmpty());
  const PutDelivery revived = store_->deliveries("stage", retry, 10)->front();
  EXPECT_EQ(revived.attempts, 0);
  EXPECT_EQ(revived.next_attempt_at, now_ + Millis{5});
  EXPECT_EQ(revived.first_failed_at, std::nullopt);
  EXPECT_EQ(revived.reason, "410");
  EXPECT_EQ(revived.position, position_of(1));
  attempt.attempts = 4;
  write({attempt});
  EXPECT_EQ(store_->deliveries("stage", retry, 10)->front().attempts, 4) << "a retry is replaced by any write";
  write({DropDelivery{"stage", id_numbered(1)}, attempt});
  EXPECT_THAT(ids(store_->deliveries("stage", retry, 10)), ElementsAre(id_numbered(1)));
}

TEST_P(OutboxDeliveries, AnOperatorsOrderPassesOverWhatIsNotDead) {
  add(1, 4);
  write({delivery(1, dead), delivery(2, retry), delivery(3, dead), delivery(4, dead, {}, "production")});
  std::vector<Uuid> all;
  for (uint32_t n = 1; n <= 5; ++n) all.push_back(id_numbered(n));
  EXPECT_EQ(changed(RetryDeadLetters{"nowhere", all, now_}), 0);
  EXPECT_EQ(changed(DropDeadLetters{"nowhere", all}), 0);
  EXPECT_EQ(changed(RetryDeadLetters{"stage", {}, now_}), 0);
  EXPECT_EQ(changed(DropDeadLetters{"stage", {}}), 0);
  EXPECT_EQ(changed(RetryDeadLetters{"stage", {id_numbered(1), id_numbered(1), id_numbered(2)}, now_}), 1);
  EXPECT_EQ(changed(DropDeadLetters{"stage", all}), 1) << "the first was retried meanwhile, the second was never dead";
  EXPECT_THAT(ids(store_->deliveries_after("stage", {}, 10)), ElementsAre(id_numbered(1), id_numbered(2)));
  EXPECT_THAT(ids(store_->revived("stage", 10)), ElementsAre(id_numbered(1)));
  EXPECT_EQ(changed(RetryDeadLetters{"stage", all, now_}), 0) << "what was dropped does not come back";
  EXPECT_EQ(store_->deliveries("stage", retry, 10)->back().attempts, 2) << "a retry that waits is left as it is";
  EXPECT_THAT(ids(store_->deliveries("production", dead, 10)), ElementsAre(id_numbered(4)));
}

TEST_P(OutboxDeliveries, OrdersOfOneTransactionSeeEachOther) {
  add(1, 2);
  write({delivery(1, dead), delivery(2, dead)});
  const std::vector<Uuid> both{id_numbered(1), id_numbered(2)};
  const auto results = write({RetryDeadLetters{"stage", {id_numbered(2)}, now_}, DropDeadLetters{"stage", both},
                              RetryDeadLetters{"stage", both, now_}});
  std::vector<int64_t> numbers;
  for (const auto& result : results) numbers.push_back(std::get<DeadLettersChanged>(result).changed);
  EXPECT_THAT(numbers, ElementsAre(1, 1, 0));
  EXPECT_THAT(ids(store_->deliveries_after("stage", {}, 10)), ElementsAre(id_numbered(2)));
}

TEST_P(OutboxDeliveries, AreReadAfterAPositionInAnyState) {
  add(1, 4);
  write({delivery(3, dead), delivery(1, retry), delivery(4, retry), delivery(2, dead, {}, "production")});
  const auto after = [this](Position position, size_t rows_max = 10) {
    return ids(store_->deliveries_after("stage", position, rows_max));
  };
  EXPECT_THAT(after({}), ElementsAre(id_numbered(1), id_numbered(3), id_numbered(4)));
  EXPECT_THAT(after({}, 2), ElementsAre(id_numbered(1), id_numbered(3)));
  EXPECT_THAT(after(position_of(2)), ElementsAre(id_numbered(3), id_numbered(4)));
  EXPECT_THAT(after(position_of(3)), ElementsAre(id_numbered(4))) << "after it, not at it";
  EXPECT_THAT(after(position_of(4)), IsEmpty());
}

TEST_P(OutboxDeliveries, AreCountedUpToABound) {
  add(1, 5);
  write({delivery(1, retry), delivery(2, retry), delivery(3, retry), delivery(4, dead),
         delivery(5, retry, {}, "production")});
  const auto count = [this](PutDelivery::State state, int64_t at_most) {
    const auto rows = store_->count_deliveries("stage", state, at_most);
    EXPECT_TRUE(rows);
    return rows.value_or(-1);
  };
  EXPECT_EQ(count(retry, 0), 0);
  EXPECT_EQ(count(retry, 2), 2);
  EXPECT_EQ(count(retry, 3), 3);
  EXPECT_EQ(count(retry, 4), 3);
  EXPECT_EQ(count(dead, 10), 1);
  EXPECT_EQ(*store_->count_deliveries("nowhere", retry, 10), 0);
}

TEST_P(OutboxDeliveries, RevivedOnesAreThoseThatHaveNotFailedSince) {
  add(1, 5);
  const auto revived = [this](uint32_t n, Millis due) {
    PutDelivery row = delivery(n, retry, due);
    row.first_failed_at.reset();
    return row;
  };
  PutDelivery dead_letter = delivery(4, dead);
  dead_letter.first_failed_at.reset();
  PutDelivery elsewhere = revived(5, Millis{0});
  elsewhere.target = "production";
  write({revived(1, Millis{20}), revived(2, Millis{10}), delivery(3, retry), dead_letter, elsewhere});
  EXPECT_THAT(ids(store_->revived("stage", 10)), ElementsAre(id_numbered(2), id_numbered(1)));
  EXPECT_THAT(ids(store_->revived("stage", 1)), ElementsAre(id_numbered(2)));
  write({delivery(2, retry)});  // its next attempt failed
  EXPECT_THAT(ids(store_->revived("stage", 10)), ElementsAre(id_numbered(1)));
  write({DropDelivery{"stage", id_numbered(1)}});
  EXPECT_THAT(ids(store_->revived("stage", 10)), IsEmpty());
}

TEST_P(OutboxKept, ARetryDiesWhenItsOutboxRowGoes) {
  add(1, 4);
  write({delivery(1, retry), delivery(2, dead), delivery(2, retry, {}, "production"), delivery(3, retry),
         delivery(4, dead)});
  RetentionStep step = outbox_only();
  step.rows_max = 2;
  PutDelivery fenced = delivery(3, dead);
  fenced.epoch = 7;
  expect_refusal({step, fenced}, Code::conflict, 1);
  EXPECT_THAT(ids(store_->deliveries("stage", retry, 10)), ElementsAre(id_numbered(1), id_numbered(3)))
      << "a step that is rolled back changes nothing";
  EXPECT_THAT(numbers_after({}), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(retain(step), 2) << "the exceptions are not counted";
  EXPECT_THAT(numbers_after({}), ElementsAre(3, 4));
  EXPECT_THAT(ids(store_->deliveries("stage", retry, 10)), ElementsAre(id_numbered(3)));
  const auto of_stage = store_->deliveries("stage", dead, 10);
  EXPECT_THAT(ids(of_stage), ElementsAre(id_numbered(1), id_numbered(2), id_numbered(4)));
  EXPECT_EQ(of_stage->at(0).reason, reason_after_retention(2, "422: no such channel"));
  EXPECT_EQ(of_stage->at(0).first_failed_at, now_ - Millis{77});
  EXPECT_EQ(of_stage->at(1).reason, "422: no such channel") << "it was dead before";
  EXPECT_EQ(store_->deliveries("production", dead, 10)->at(0).reason,
            reason_after_retention(2, "422: no such channel"));
  write({delivery(1, retry)});
  EXPECT_THAT(ids(store_->deliveries("stage", retry, 10)), ElementsAre(id_numbered(3)))
      << "an attempt that was under way does not revive it";
}

TEST_P(OutboxKept, TheEventOfADeadLetterStaysUntilDeliveriesBefore) {
  add(1, 3);
  const Instant received = now_;
  write({delivery(1, retry), delivery(2, dead)});
  const OutboxRow before = **store_->find(id_numbered(1));
  now_ += Millis{10'000};
  RetentionStep step = outbox_only();
  step.deliveries_before = received;  // not yet: it was received at that time
  retain_until_done(step);
  EXPECT_THAT(numbers_after({}), IsEmpty());
  EXPECT_THAT(*store_->search({}), IsEmpty());
  EXPECT_EQ(*store_->purged(), end());
  if (GetParam().durable) reopen();
  const auto kept = store_->find(id_numbered(1));
  ASSERT_TRUE(kept && *kept);
  EXPECT_EQ(fields((*kept)->event), fields(before.event));
  EXPECT_EQ((*kept)->fan_out, before.fan_out);
  EXPECT_TRUE(store_->find(id_numbered(2))->has_value());
  EXPECT_FALSE(store_->find(id_numbered(3))->has_value()) << "nothing refers to it";
  EXPECT_FALSE((*store_->ledger(id_numbered(1)))->position.has_value()) << "the outbox does not hold it";
  step.deliveries_before = received + Millis{1};
  EXPECT_EQ(retain(step), 2);
  EXPECT_EQ(retain(step), 0);
  EXPECT_FALSE(store_->find(id_numbered(1))->has_value());
  EXPECT_THAT(ids(store_->deliveries("stage", dead, 10)), IsEmpty());
}

TEST_P(OutboxKept, AnEventOlderThanBothIsDeletedWithItsRows) {
  add(1, 1);
  now_ += Millis{10'000};
  add(2, 3);
  write({delivery(1, retry), delivery(2, dead), delivery(3, retry)});
  RetentionStep step = outbox_only();
  step.outbox_before = now_;
  step.deliveries_before = now_ + Millis{1};
  retain_until_done(step);
  EXPECT_FALSE(store_->find(id_numbered(1))->has_value());
  EXPECT_THAT(ids(store_->deliveries_after("stage", {}, 10)), ElementsAre(id_numbered(2), id_numbered(3)))
      << "while the outbox holds an event its rows stay as they are";
  EXPECT_THAT(ids(store_->deliveries("stage", retry, 10)), ElementsAre(id_numbered(3)));
  step.outbox_before = now_ + Millis{1};
  retain_until_done(step);
  EXPECT_THAT(ids(store_->deliveries_after("stage", {}, 10)), IsEmpty());
  EXPECT_FALSE(store_->find(id_numbered(2))->has_value());
}

TEST_P(OutboxKept, GoesWithTheLastRowOfItsEvent) {
  add(1, 1);
  write({delivery(1, dead), delivery(1, dead, {}, "production")});
  retain_until_done(outbox_only());
  EXPECT_EQ(changed(DropDeadLetters{"stage", {id_numbered(1)}}), 1);
  EXPECT_TRUE(store_->find(id_numbered(1))->has_value()) << "production still needs it";
  EXPECT_EQ(changed(RetryDeadLetters{"production", {id_numbered(1)}, now_}), 1);
  EXPECT_EQ(changed(DropDeadLetters{"production", {id_numbered(1)}}), 0);
  EXPECT_TRUE(store_->find(id_numbered(1))->has_value()) << "it waits for its retry";
  write({DropDelivery{"production", id_numbered(1)}});
  EXPECT_FALSE(store_->find(id_numbered(1))->has_value());
}

TEST_P(OutboxKept, AStepDeletesABoundedNumber) {
  add(1, 5);
  const Instant received = now_;
  for (uint32_t n = 1; n <= 5; ++n) write({delivery(n, dead)});
  now_ += Millis{10'000};
  RetentionStep step = outbox_only();
  retain_until_done(step);
  step.deliveries_before = received + Millis{1};
  step.rows_max = 2;
  EXPECT_EQ(retain(step), 2);
  EXPECT_THAT(ids(store_->deliveries("stage", dead, 10)), ElementsAre(id_numbered(3), id_numbered(4), id_numbered(5)))
      << "the oldest go first";
  EXPECT_FALSE(store_->find(id_numbered(2))->has_value());
  EXPECT_TRUE(store_->find(id_numbered(3))->has_value());
  EXPECT_EQ(retain(step), 2);
  EXPECT_EQ(retain(step), 1);
}

TEST_P(OutboxKept, OutlivesItsLedgerRowWhoseIdIsThenNewAgain) {
  add(1, 1);
  write({delivery(1, dead)});
  const Instant received = now_;
  now_ += Millis{10'000};
  RetentionStep step = outbox_only();
  step.ledger_before = now_;
  retain_until_done(step);
  EXPECT_FALSE(store_->ledger(id_numbered(1))->has_value());
  EXPECT_EQ((*store_->find(id_numbered(1)))->event.received, received);
  EXPECT_FALSE(added(write({adding(event_numbered(1))}).at(0)).duplicate) << "resent after the ledger forgot it";
  EXPECT_EQ((*store_->find(id_numbered(1)))->event.received, now_) << "the outbox comes first";
  now_ += Millis{10'000};
  retain_until_done(outbox_only());
  EXPECT_TRUE(store_->find(id_numbered(1))->has_value());
  write({DropDelivery{"stage", id_numbered(1)}});
  EXPECT_FALSE(store_->find(id_numbered(1))->has_value());
}

}  // namespace vf::store::conformance
