#include "environment_suite.h"

#include <fmt/format.h>

#include "projections/tables.h"

namespace vf::store::conformance {

using testing::ElementsAre;
using testing::IsEmpty;

Uuid event_id_of(uint32_t n) { return *Uuid::parse(fmt::format("01900000-0000-8000-8000-{:012x}", n)); }

Projection projection(uint32_t n, std::vector<Row> rows) {
  return {.event_id = event_id_of(n),
          .source = "kick",
          .type = "kick.channel.followed",
          .message_id = fmt::format("message-{}", n),
          .time = kStart - Millis{n},
          .rows = std::move(rows),
          .reason = {},
          .envelope = {}};
}

Projection quarantined(uint32_t n, const std::string& reason) {
  Projection refused = projection(n);
  refused.status = Applied::quarantined;
  refused.reason = reason;
  refused.envelope = R"({"id":"…"})";
  return refused;
}

Row row_with_min(const std::string& key, int64_t number) {
  Row row = empty_row();
  row.cells[kKeyText] = key;
  row.cells[kMin] = number;
  return row;
}

namespace {

Value some_value(ColumnType type) {
  switch (type) {
    case ColumnType::integer:
      return int64_t{42};
    case ColumnType::boolean:
      return true;
    case ColumnType::time:
      return kStart;
    case ColumnType::text:
      break;
  }
  return std::string("text");
}

}  // namespace

void expect_full_rows_stored(EnvironmentStore& store, const std::function<TableRows(const Table&)>& read) {
  Projection full = projection(1);
  for (const Table& table : projections::tables()) {
    Row row{&table, {}, std::vector<Stamp>(table.groups.size(), Stamp{1, kStart, full.event_id})};
    for (const Column& column : table.columns) row.cells.emplace_back(some_value(column.type));
    full.rows.push_back(std::move(row));
  }
  const auto statuses = store.apply(std::span(&full, 1), kStart, nullptr);
  ASSERT_TRUE(statuses) << statuses.error().message;
  for (const Row& row : full.rows) EXPECT_THAT(read(*row.table), ElementsAre(meaning(row))) << row.table->name;
}

void EnvironmentConformance::SetUp() {
  host_ = GetParam().make_host();
  open();
}

void EnvironmentConformance::open() {
  auto store = host_->open();
  ASSERT_TRUE(store) << store.error().message;
  store_ = std::move(*store);
}

void EnvironmentConformance::reopen() {
  store_.reset();
  open();
}

std::vector<Applied> EnvironmentConformance::apply(const std::vector<Projection>& projections) {
  auto statuses = store_->apply(projections, now_, nullptr);
  EXPECT_TRUE(statuses) << statuses.error().message;
  return statuses.value_or(std::vector<Applied>{});
}

TEST_P(EnvironmentConformance, StatusesComeInOrderAndAreStored) {
  Projection ignored = projection(2);
  ignored.status = Applied::ignored;
  EXPECT_THAT(apply({projection(1, {row_with_min("a", 1)}), ignored, quarantined(3, "no channel")}),
              ElementsAre(Applied::applied, Applied::ignored, Applied::quarantined));
  const auto event = store_->processed(event_id_of(1));
  ASSERT_TRUE(event && *event);
  EXPECT_EQ((*event)->event_id, event_id_of(1));
  EXPECT_EQ((*event)->source, "kick");
  EXPECT_EQ((*event)->type, "kick.channel.followed");
  EXPECT_EQ((*event)->status, Applied::applied);
  EXPECT_EQ((*event)->time, kStart - Millis{1});
  EXPECT_EQ((*event)->received_at, now_);
  EXPECT_EQ((*store_->processed(event_id_of(2)))->status, Applied::ignored);
  EXPECT_EQ((*store_->processed(event_id_of(3)))->status, Applied::quarantined);
  EXPECT_FALSE((*store_->processed(event_id_of(3)))->reason.empty());
  EXPECT_EQ((*store_->processed(event_id_of(2)))->reason, "");
  EXPECT_FALSE(store_->processed(event_id_of(4))->has_value());
}

TEST_P(EnvironmentConformance, AnEventIsAppliedOnce) {
  EXPECT_THAT(apply({projection(1, {row_with_min("a", 5)}), projection(1, {row_with_min("a", 4)})}),
              ElementsAre(Applied::applied, Applied::duplicate));
  const Instant first = now_;
  now_ += Millis{1000};
  EXPECT_THAT(apply({projection(1, {row_with_min("a", 3)}), projection(2, {row_with_min("a", 9)})}),
              ElementsAre(Applied::duplicate, Applied::applied));
  EXPECT_EQ(table().at(0)[kMin], Value{int64_t{5}}) << "a duplicate writes nothing";
  EXPECT_EQ((*store_->processed(event_id_of(1)))->received_at, first);
  if (!GetParam().durable) return;
  reopen();
  EXPECT_THAT(apply({projection(1, {row_with_min("a", 2)})}), ElementsAre(Applied::duplicate));
  EXPECT_EQ(table().at(0)[kMin], Value{int64_t{5}});
}

TEST_P(EnvironmentConformance, RefusedAndIgnoredEventsAreDuplicatesToo) {
  Projection ignored = projection(1);
  ignored.status = Applied::ignored;
  apply({ignored, quarantined(2, "first reason")});
  EXPECT_THAT(apply({ignored, quarantined(2, "second reason")}), ElementsAre(Applied::duplicate, Applied::duplicate));
  ASSERT_EQ(store_->quarantined(10)->size(), 1u);
  EXPECT_EQ(store_->quarantined(10)->front().reason, "first reason");
  EXPECT_EQ(store_->quarantined(10)->front().attempts, 1);
}

TEST_P(EnvironmentConformance, AQuarantinedEventIsKeptWithItsReasonAndEnvelope) {
  apply({quarantined(1, "broadcaster missing")});
  const auto rows = store_->quarantined(10);
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ(rows->front().event_id, event_id_of(1));
  EXPECT_EQ(rows->front().source, "kick");
  EXPECT_EQ(rows->front().type, "kick.channel.followed");
  EXPECT_EQ(rows->front().reason, "broadcaster missing");
  EXPECT_EQ(rows->front().envelope, R"({"id":"…"})");
  EXPECT_EQ(rows->front().quarantined_at, now_);
  EXPECT_EQ(rows->front().attempts, 1);
  EXPECT_THAT(table(), IsEmpty());
}

TEST_P(EnvironmentConformance, ASuccessfulRetryLeavesQuarantineAndWrites) {
  apply({quarantined(1, "no projector yet")});
  const Instant first = now_;
  now_ += Millis{60'000};
  Projection retry = projection(1, {row_with_min("a", 7)});
  retry.force = true;
  EXPECT_THAT(apply({retry}), ElementsAre(Applied::applied));
  EXPECT_THAT(*store_->quarantined(10), IsEmpty());
  EXPECT_EQ(table().at(0)[kMin], Value{int64_t{7}});
  EXPECT_EQ((*store_->processed(event_id_of(1)))->status, Applied::applied);
  EXPECT_EQ((*store_->processed(event_id_of(1)))->received_at, first);
  EXPECT_THAT(apply({projection(1)}), ElementsAre(Applied::duplicate));
}

TEST_P(EnvironmentConformance, AFailedRetryGoesToTheBackOfTheQueue) {
  apply({quarantined(1, "old reason")});
  now_ += Millis{1000};
  apply({quarantined(2, "another")});
  now_ += Millis{1000};
  Projection retry = quarantined(1, "new reason");
  retry.force = true;
  EXPECT_THAT(apply({retry}), ElementsAre(Applied::quarantined));
  const auto rows = store_->quarantined(10);
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ(rows->at(0).event_id, event_id_of(2)) << "the oldest attempt first";
  EXPECT_EQ(rows->at(1).reason, "new reason");
  EXPECT_EQ(rows->at(1).attempts, 2);
  EXPECT_EQ(rows->at(1).quarantined_at, kStart);
  EXPECT_EQ(rows->at(1).attempted_at, now_);
  EXPECT_EQ(store_->quarantined(1)->size(), 1u);
}

TEST_P(EnvironmentConformance, AnUnknownForcedEventIsApplied) {
  Projection forced = projection(1, {row_with_min("a", 1)});
  forced.force = true;
  EXPECT_THAT(apply({forced}), ElementsAre(Applied::applied));
  EXPECT_TRUE(store_->processed(event_id_of(1))->has_value());
}

TEST_P(EnvironmentConformance, PurgeRemovesOldRowsInBoundedSteps) {
  std::vector<Projection> old;
  for (uint32_t n = 0; n < 5; ++n) old.push_back(projection(100 - n));  // ids against the order of arrival
  apply(old);
  now_ += Millis{1000};
  apply({projection(1), projection(2)});
  const auto purged = [this](Instant before, int64_t rows_max) {
    return store_->purge({.processed_before = before, .quarantined_before = before, .rows_max = rows_max}).value_or(-1);
  };
  EXPECT_EQ(purged(kStart, 10), 0) << "received before, not at";
  EXPECT_EQ(purged(now_, 2), 2);
  EXPECT_EQ(purged(now_, 2), 2);
  EXPECT_EQ(purged(now_, 2), 1);
  EXPECT_EQ(purged(now_, 2), 0);
  EXPECT_TRUE(store_->processed(event_id_of(1))->has_value());
  EXPECT_FALSE(store_->processed(event_id_of(100))->has_value());
  EXPECT_EQ(purged(now_ + Millis{1}, 10), 2);
  EXPECT_THAT(apply({projection(1)}), ElementsAre(Applied::applied)) << "an empty table takes rows again";
}

TEST_P(EnvironmentConformance, QuarantinedEventsOutsideASpanOfAttemptsComeOldestFirst) {
  for (uint32_t n = 1; n <= 4; ++n) {
    apply({quarantined(n, "refused")});
    now_ += Millis{1000};
  }
  const auto found = [this](Millis from, Millis to, size_t rows_max) {
    std::vector<Uuid> ids;
    const auto rows = store_->not_tried({.from = kStart + from, .to = kStart + to}, rows_max);
    EXPECT_TRUE(rows);
    for (const auto& row : *rows) ids.push_back(row.event_id);
    return ids;
  };
  EXPECT_THAT(found(Millis{1000}, Millis{2000}, 10), ElementsAre(event_id_of(1), event_id_of(4)));
  EXPECT_THAT(found(Millis{1001}, Millis{1999}, 10),
              ElementsAre(event_id_of(1), event_id_of(2), event_id_of(3), event_id_of(4)));
  EXPECT_THAT(found(Millis{1}, Millis{0}, 3), ElementsAre(event_id_of(1), event_id_of(2), event_id_of(3)));
}

TEST_P(EnvironmentConformance, PurgeOfQuarantineGoesByTheFirstAttempt) {
  apply({quarantined(1, "a"), quarantined(2, "b"), quarantined(3, "c")});
  now_ += Millis{1000};
  Projection retry = quarantined(3, "tried again");
  retry.force = true;
  apply({retry, quarantined(4, "d")});
  const auto purged = [this](Instant before) {
    return store_->purge({.processed_before = kStart, .quarantined_before = before, .rows_max = 2}).value_or(-1);
  };
  EXPECT_EQ(purged(kStart), 0) << "quarantined before, not at";
  EXPECT_EQ(store_->purge({.processed_before = now_, .quarantined_before = now_, .rows_max = 2}).value_or(-1), 4)
      << "each table has its own bound";
  EXPECT_EQ(purged(now_), 1);
  EXPECT_EQ(purged(now_), 0);
  ASSERT_EQ(store_->quarantined(10)->size(), 1u);
  EXPECT_EQ(store_->quarantined(10)->front().event_id, event_id_of(4));
}

TEST_P(EnvironmentConformance, AFailedCallWritesNothing) {
  if (!GetParam().refuses) GTEST_SKIP();
  static constexpr Column kColumns[] = {{"id", ColumnType::integer}};
  static constexpr Table kForeign{"not_ours", kColumns, {}};
  const std::vector<Projection> batch = {projection(1, {row_with_min("a", 1)}),
                                         projection(2, {Row{&kForeign, {Value{int64_t{1}}}, {}}})};
  const auto statuses = store_->apply(batch, kStart, nullptr);
  ASSERT_FALSE(statuses);
  EXPECT_EQ(statuses.error().code, Code::internal);
  EXPECT_FALSE(store_->processed(batch[0].event_id)->has_value());
  EXPECT_THAT(table(), IsEmpty());
  EXPECT_THAT(apply({batch[0]}), ElementsAre(Applied::applied)) << "later calls succeed";
}

TEST_P(EnvironmentConformance, UnstorableProjectionsAreReportedByIndex) {
  if (!GetParam().refuses) GTEST_SKIP();
  const auto row_with_max = [](const std::string& key, Value number) {
    Row row = row_with_min(key, 1);
    row.cells[kMax] = std::move(number);
    return row;
  };
  const Value wrong{std::string("a text")};  // the column is a number
  const std::vector<Projection> batch = {
      projection(1, {row_with_max("a", int64_t{1})}),
      projection(2, {row_with_max("b", wrong), row_with_max("c", wrong)}),
      projection(3, {row_with_max("d", int64_t{3})}),
      projection(4, {row_with_max("a", wrong)})};  // joined with the row of projection 0
  Refusals refusals;
  const auto statuses = store_->apply(batch, kStart, &refusals);
  ASSERT_FALSE(statuses);
  EXPECT_EQ(statuses.error().code, Code::invalid);
  ASSERT_EQ(refusals.size(), 2u);
  EXPECT_THAT(refusals.at(1), testing::HasSubstr("every_rule"));
  EXPECT_TRUE(refusals.contains(3));
  EXPECT_FALSE(store_->processed(batch[0].event_id)->has_value());
  EXPECT_THAT(table(), IsEmpty());
  EXPECT_THAT(apply({batch[0], batch[2]}), ElementsAre(Applied::applied, Applied::applied));
}

/// Every event must be stored or quarantined, or its sender would repeat it for ever.
TEST_P(EnvironmentConformance, AnEventWithAnyTextIsAccepted) {
  const std::string odd("odd\0\xff", 5);
  Projection ignored = projection(1);
  ignored.source = ignored.type = odd;
  ignored.status = Applied::ignored;
  Projection refused = quarantined(2, odd);
  refused.source = refused.type = odd;
  EXPECT_THAT(apply({ignored, refused}), ElementsAre(Applied::ignored, Applied::quarantined));
  EXPECT_TRUE((*store_->processed(event_id_of(1)))->type.starts_with("odd"));
  EXPECT_TRUE(store_->quarantined(10)->front().reason.starts_with("odd"));
}

TEST_P(EnvironmentConformance, AnyTextIsReadBackUnchanged) {
  const std::string odd("a\0b\xff\uFDD0", 7);
  Row row = row_with_min(odd, 1);
  for (const RuleColumn column : {kMaxText, kFirstText, kLastText, kRankText}) row.cells[column] = odd;
  apply({projection(1, {row}), projection(2, {row})});
  ASSERT_EQ(table().size(), 1u);
  EXPECT_EQ(table()[0], meaning(row));
}

TEST_P(EnvironmentConformance, AnEventWithAnyTimeIsAccepted) {
  std::vector<Projection> batch;
  for (const char* time : {"0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"}) {
    batch.push_back(projection(static_cast<uint32_t>(batch.size() + 1)));
    batch.back().time = *parse_time(time);
    Row row = row_with_min(time, 1);
    row.cells[kMinTime] = row.cells[kKeyTime] = batch.back().time;
    batch.back().rows.push_back(row);
  }
  apply(batch);
  for (const Projection& each : batch) EXPECT_EQ((*store_->processed(each.event_id))->time, each.time);
  ASSERT_EQ(table().size(), batch.size());
  for (size_t i = 0; i < batch.size(); ++i) EXPECT_EQ(table()[i][kMinTime], Value{batch[i].time});
}

TEST_P(EnvironmentConformance, AnEmptyCallIsAllowed) { EXPECT_THAT(apply({}), IsEmpty()); }

TEST_P(EnvironmentConformance, PingAnswers) { EXPECT_TRUE(store_->ping()); }

}  // namespace vf::store::conformance
