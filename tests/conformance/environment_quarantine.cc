// What operators read of a quarantine, and what they drop from it.
#include "environment_suite.h"

namespace vf::store::conformance {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_P(EnvironmentQuarantine, EventsComeByTheTimeOfTheirFirstAttemptThenById) {
  apply({quarantined(3, "a"), quarantined(1, "b")});
  now_ += Millis{1};
  apply({quarantined(2, "c"), projection(4)});
  now_ += Millis{1};
  apply({forced(quarantined(3, "still"))});
  EXPECT_THAT(after({}, 10), ElementsAre(id(1), id(3), id(2))) << "a retry does not move it";
  EXPECT_THAT(after({}, 2), ElementsAre(id(1), id(3)));
  EXPECT_THAT(after({kStart, id(1)}, 10), ElementsAre(id(3), id(2)));
  EXPECT_THAT(after({kStart, id(3)}, 10), ElementsAre(id(2)));
  EXPECT_THAT(after({kStart + Millis{1}, id(2)}, 10), IsEmpty());
}

TEST_P(EnvironmentQuarantine, AListLeavesTheEnvelopeOutAndOneEventHasIt) {
  apply({quarantined(1, "broadcaster missing")});
  now_ += Millis{1000};
  apply({forced(quarantined(1, "still missing"))});
  const auto rows = store_->quarantined_after({}, 10);
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 1u);
  const auto found = store_->find_quarantined(id(1));
  ASSERT_TRUE(found && *found);
  for (const QuarantinedEvent& event : {rows->front(), **found}) {
    EXPECT_EQ(event.event_id, id(1));
    EXPECT_EQ(event.source, "kick");
    EXPECT_EQ(event.type, "kick.channel.followed");
    EXPECT_EQ(event.reason, "still missing");
    EXPECT_EQ(event.quarantined_at, kStart);
    EXPECT_EQ(event.attempted_at, now_);
    EXPECT_EQ(event.attempts, 2);
  }
  EXPECT_EQ(rows->front().envelope, "");
  EXPECT_EQ((*found)->envelope, R"({"id":"…"})");
  EXPECT_FALSE(store_->find_quarantined(id(2))->has_value());
}

TEST_P(EnvironmentQuarantine, TheCountStopsAtItsLimit) {
  EXPECT_EQ(*store_->count_quarantined(10), 0);
  apply({quarantined(1, "a"), quarantined(2, "b"), quarantined(3, "c"), projection(4)});
  EXPECT_EQ(*store_->count_quarantined(10), 3);
  EXPECT_EQ(*store_->count_quarantined(2), 2);
}

TEST_P(EnvironmentQuarantine, ADropRemovesTheEventsThatAreInQuarantine) {
  apply({quarantined(1, "a"), quarantined(2, "b"), quarantined(3, "c"), projection(4)});
  EXPECT_EQ(drop({id(3), id(1), id(4), id(5), id(1)}), 2);
  EXPECT_THAT(after({}, 10), ElementsAre(id(2)));
  EXPECT_EQ(status(1), Applied::dropped);
  EXPECT_EQ(status(2), Applied::quarantined);
  EXPECT_EQ(status(3), Applied::dropped);
  EXPECT_EQ(status(4), Applied::applied);
  EXPECT_FALSE(store_->processed(id(5))->has_value());
  EXPECT_EQ((*store_->processed(id(1)))->reason, "");
  EXPECT_EQ(drop({id(1)}), 0);
  EXPECT_EQ(drop({}), 0);
}

// A retry that has read the event before the drop writes after it.
TEST_P(EnvironmentQuarantine, ARetryDoesNotReviveADroppedEvent) {
  apply({quarantined(1, "a"), quarantined(2, "b")});
  EXPECT_EQ(drop({id(1)}), 1);
  now_ += Millis{1000};
  EXPECT_THAT(apply({forced(projection(1, {row_with_min("a", 1)})), forced(quarantined(1, "again")),
                     forced(projection(2, {row_with_min("b", 2)}))}),
              ElementsAre(Applied::duplicate, Applied::duplicate, Applied::applied));
  EXPECT_EQ(status(1), Applied::dropped);
  EXPECT_THAT(after({}, 10), IsEmpty());
  ASSERT_EQ(table().size(), 1u);
  EXPECT_EQ(table()[0][kMin], Value{int64_t{2}});
  EXPECT_THAT(apply({projection(1)}), ElementsAre(Applied::duplicate)) << "nor does another delivery";
}

TEST_P(EnvironmentQuarantine, AnEventWhoseRowWasPurgedIsDroppedToo) {
  apply({quarantined(1, "a")});
  now_ += Millis{1000};
  ASSERT_TRUE(store_->purge({.processed_before = now_, .quarantined_before = kStart, .rows_max = 10}));
  ASSERT_FALSE(store_->processed(id(1))->has_value());
  EXPECT_EQ(drop({id(1)}), 1);
  EXPECT_THAT(after({}, 10), IsEmpty());
}

TEST_P(EnvironmentQuarantine, ADropSurvivesTheStore) {
  if (!GetParam().durable) GTEST_SKIP();
  apply({quarantined(1, "a"), quarantined(2, "b")});
  EXPECT_EQ(drop({id(1)}), 1);
  reopen();
  EXPECT_THAT(after({}, 10), ElementsAre(id(2)));
  EXPECT_EQ(status(1), Applied::dropped);
}

}  // namespace vf::store::conformance
