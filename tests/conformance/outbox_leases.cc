// Leases: a consumer has one holder at a time, and the late writes of an earlier holder are refused.
#include "outbox_suite.h"

namespace vf::store::conformance {

TEST_P(OutboxLeases, IsGrantedToTheFirstAndRenewed) {
  const auto first = take("a");
  EXPECT_TRUE(first.granted);
  EXPECT_GT(first.epoch, 0);
  for (int i = 0; i < 3; ++i) {
    now_ += kLeaseSpan - Millis{1};
    const auto second = take("b");
    EXPECT_FALSE(second.granted);
    EXPECT_EQ(second.holder, "a");
    EXPECT_EQ(second.epoch, first.epoch);
    EXPECT_TRUE(take("a").granted);
    EXPECT_EQ(take("a").epoch, first.epoch);
  }
}

TEST_P(OutboxLeases, IsGrantedToAnotherAfterItExpired) {
  const auto first = take("a");
  now_ += kLeaseSpan - Millis{1};
  EXPECT_FALSE(take("b").granted);
  now_ += Millis{1};
  const auto second = take("b");
  EXPECT_TRUE(second.granted);
  EXPECT_GT(second.epoch, first.epoch);
  EXPECT_FALSE(take("a").granted);
}

TEST_P(OutboxLeases, OneThatAClockAheadHasWrittenDoesNotLastUntilThen) {
  const auto first = take("a");
  now_ -= 9 * kLeaseSpan;
  EXPECT_FALSE(take("b").granted);
  now_ -= Millis{1};
  const auto second = take("b");
  EXPECT_TRUE(second.granted);
  EXPECT_GT(second.epoch, first.epoch);
  EXPECT_FALSE(take("a").granted);
}

TEST_P(OutboxLeases, AnExpiredLeaseCanBeRenewedByItsHolder) {
  const auto first = take("a");
  now_ += 2 * kLeaseSpan;
  EXPECT_TRUE(take("a").granted);
  EXPECT_EQ(take("a").epoch, first.epoch);
}

TEST_P(OutboxLeases, IsReleasedOnlyByItsHolder) {
  const auto first = take("a");
  write({DropLease{"stage", "b"}, DropLease{"production", "a"}});
  EXPECT_FALSE(take("b").granted);
  write({DropLease{"stage", "a"}});
  const auto second = take("b");
  EXPECT_TRUE(second.granted);
  EXPECT_GT(second.epoch, first.epoch);
  write({DropLease{"stage", "b"}});
  EXPECT_GT(take("b").epoch, second.epoch) << "writes that it left in flight are fenced";
}

TEST_P(OutboxLeases, EachConsumerHasItsOwn) {
  EXPECT_TRUE(take("a", "stage").granted);
  EXPECT_TRUE(take("b", "production").granted);
}

TEST_P(OutboxLeases, OutliveTheProcess) {
  if (!GetParam().durable) GTEST_SKIP() << "not durable";
  const auto first = take("a");
  reopen();
  EXPECT_FALSE(take("b").granted);
  EXPECT_EQ(take("a").epoch, first.epoch);
}

TEST_P(OutboxLeases, WritesOfAnEarlierHolderAreRefused) {
  start(StartConsumer::At::now);
  const Position zero = *cursor();
  add(1, 2);
  AdvanceCursor move = advance(zero, position_of(1));
  PinBatch batch = pin(zero, position_of(1));
  batch.consumer = "stage";
  PutDelivery put{.target = "stage", .position = position_of(1), .event_id = id_numbered(1), .reason = "422"};
  DropDelivery drop{.target = "stage", .event_id = id_numbered(1)};
  MoveCursor jump{.consumer = "stage", .to = position_of(2), .reason = "detached"};
  move.epoch = batch.epoch = put.epoch = drop.epoch = jump.epoch = take("a").epoch;
  now_ += kLeaseSpan;
  const int64_t epoch = take("b").epoch;
  for (const Write& late : std::vector<Write>{move, batch, put, drop, jump}) expect_refusal({late}, Code::conflict, 0);
  EXPECT_EQ(cursor(), zero);
  EXPECT_EQ(store_->deliveries_of(id_numbered(1))->size(), 0u);
  move.epoch = batch.epoch = put.epoch = drop.epoch = jump.epoch = epoch;
  write({batch, move, put, drop, jump});
  EXPECT_EQ(cursor(), position_of(2));
}

TEST_P(OutboxLeases, AnExpiredEpochIsValidUntilTheNextGrant) {
  start(StartConsumer::At::now);
  add(1, 1);
  AdvanceCursor move = advance(*cursor(), position_of(1));
  move.epoch = take("a").epoch;
  now_ += 2 * kLeaseSpan;
  write({move});
  EXPECT_EQ(cursor(), position_of(1));
}

TEST_P(OutboxLeases, AnEpochWithoutALeaseIsRefused) {
  start(StartConsumer::At::now);
  add(1, 1);
  AdvanceCursor move = advance(*cursor(), position_of(1));
  move.epoch = 1;
  expect_refusal({move}, Code::conflict, 0);
}

}  // namespace vf::store::conformance
