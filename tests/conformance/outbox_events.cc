// Events: stored unchanged, once, in order; reading and searching them.
#include <set>

#include "outbox_suite.h"

namespace vf::store::conformance {

using testing::ElementsAre;
using testing::IsEmpty;

void expect_same(const Event& stored, const Event& given) {
  EXPECT_EQ(stored.id, given.id);
  EXPECT_EQ(stored.source, given.source);
  EXPECT_EQ(stored.type, given.type);
  EXPECT_EQ(stored.subject, given.subject);
  EXPECT_EQ(stored.time, given.time);
  EXPECT_EQ(stored.message_id, given.message_id);
  EXPECT_EQ(stored.fact_key, given.fact_key);
  EXPECT_EQ(stored.version, given.version);
  EXPECT_EQ(stored.sandbox, given.sandbox);
  EXPECT_EQ(stored.is_json, given.is_json);
  EXPECT_EQ(stored.body, given.body);
  EXPECT_EQ(stored.headers, given.headers);
}

TEST_P(OutboxConformance, AnEventIsReadBackUnchanged) {
  Event event = event_numbered(1);
  event.sandbox = true;
  const EventAdded result = added(write({adding(event)}).at(0));
  EXPECT_FALSE(result.duplicate);
  EXPECT_EQ(result.event_id, event.id);
  EXPECT_EQ(result.received, now_);
  EXPECT_GT(result.position, Position{});
  const auto rows = read_after({});
  ASSERT_EQ(rows.size(), 1u);
  expect_same(rows[0].event, event);
  EXPECT_EQ(rows[0].event.received, now_);
  EXPECT_EQ(rows[0].event.position, result.position);
  EXPECT_TRUE(rows[0].fan_out);
}

TEST_P(OutboxConformance, ABodyIsBytes) {
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte += static_cast<char>(byte);
  const std::vector<std::pair<std::string, bool>> bodies = {{"", false},
                                                            {every_byte, false},
                                                            {std::string("\0", 1), false},
                                                            {"\xff\xfe", false},
                                                            {std::string(3 << 20, 'x'), false},
                                                            {R"({"a":"é\u0000"})", true},
                                                            {"{\"a\":\"\xc3\x28\"}", false},
                                                            {"'; DROP TABLE ingest_outbox; --", false}};
  std::vector<Write> writes;
  std::vector<Event> given;
  for (uint32_t n = 0; n < bodies.size(); ++n) {
    Event event = event_numbered(n);
    event.body = bodies[n].first;
    event.is_json = bodies[n].second;
    given.push_back(event);
    writes.push_back(adding(event));
  }
  write(writes);
  const auto rows = read_after({});
  ASSERT_EQ(rows.size(), given.size());
  for (size_t i = 0; i < rows.size(); ++i) expect_same(rows[i].event, given[i]);
}

TEST_P(OutboxConformance, TextsMayBeEmptyOrHoldAnything) {
  Event empty;
  empty.id = id_numbered(1);
  empty.time = kStart;
  Event odd = event_numbered(2);
  odd.subject = "channel/\xff'\"\n";
  odd.message_id = std::string("a\0b", 3);
  odd.headers = "{\"x\":\"\xc3\x28\"}";
  write({adding(empty), adding(odd)});
  const auto rows = read_after({});
  ASSERT_EQ(rows.size(), 2u);
  expect_same(rows[0].event, empty);
  expect_same(rows[1].event, odd);
}

TEST_P(OutboxConformance, ARepetitionIsADuplicateInTheSameBatchAndInLaterOnes) {
  const Event event = event_numbered(1);
  const auto first = write({adding(event), adding(event_numbered(2)), adding(event)});
  EXPECT_FALSE(added(first[0]).duplicate);
  EXPECT_FALSE(added(first[1]).duplicate);
  EXPECT_TRUE(added(first[2]).duplicate);
  const Instant received = now_;
  now_ += Millis{5000};
  Event again = event;
  again.body = "another body under the same id";
  const EventAdded later = added(write({adding(again)}).at(0));
  EXPECT_TRUE(later.duplicate);
  EXPECT_EQ(later.event_id, event.id);
  EXPECT_EQ(later.received, received);
  EXPECT_THAT(numbers_after({}), ElementsAre(1, 2));
  EXPECT_EQ(read_after({})[0].event.body, event.body) << "the first body is stored";
}

TEST_P(OutboxConformance, ARepetitionIsADuplicateAfterReopening) {
  if (!GetParam().durable) GTEST_SKIP() << "not durable";
  add(1, 3);
  reopen();
  EXPECT_TRUE(added(write({adding(event_numbered(2))}).at(0)).duplicate);
  EXPECT_FALSE(added(write({adding(event_numbered(4))}).at(0)).duplicate);
  EXPECT_THAT(numbers_after({}), ElementsAre(1, 2, 3, 4));
}

constexpr Millis kReplayGuard{600'000};

AddEvent with_body_key(uint32_t n, char key, const std::string& source = "github") {
  AddEvent add = adding(event_numbered(n));
  add.event.source = source;
  add.body_key = std::string(32, key);
  add.replay_guard = kReplayGuard;
  return add;
}

TEST_P(OutboxConformance, ABodyKeyRefusesACapturedBodyUnderANewId) {
  const auto results = write({with_body_key(1, 'a'), with_body_key(2, 'a'), with_body_key(3, 'b')});
  EXPECT_FALSE(added(results[0]).duplicate);
  EXPECT_TRUE(added(results[1]).duplicate);
  EXPECT_EQ(added(results[1]).event_id, id_numbered(1)) << "the id of the event stored first";
  EXPECT_FALSE(added(results[2]).duplicate);
  const EventAdded both = added(write({with_body_key(3, 'a')}).at(0));
  EXPECT_TRUE(both.duplicate);
  EXPECT_EQ(both.event_id, id_numbered(3)) << "its own id takes precedence over the body";
  EXPECT_THAT(numbers_after({}), ElementsAre(1, 3));
  EXPECT_FALSE(store_->ledger(id_numbered(2))->has_value());
}

TEST_P(OutboxConformance, ABodyKeyCountsUntilItsReplayGuardEnds) {
  write({with_body_key(1, 'a')});
  now_ += kReplayGuard - Millis{1};
  const EventAdded last = added(write({with_body_key(2, 'a')}).at(0));
  EXPECT_TRUE(last.duplicate);
  EXPECT_EQ(last.event_id, id_numbered(1));
  now_ += Millis{1};
  EXPECT_FALSE(added(write({with_body_key(3, 'a')}).at(0)).duplicate) << "another event from here on";
  now_ += kReplayGuard - Millis{1};
  const EventAdded next = added(write({with_body_key(4, 'a')}).at(0));
  EXPECT_TRUE(next.duplicate) << "the key counts from the event that took it last";
  EXPECT_EQ(next.event_id, id_numbered(3));
  EXPECT_TRUE(added(write({with_body_key(1, 'a')}).at(0)).duplicate) << "its own id counts as long as before";
  now_ += Millis{1};
  const auto together = write({with_body_key(5, 'a'), with_body_key(6, 'a')});
  EXPECT_FALSE(added(together[0]).duplicate);
  EXPECT_TRUE(added(together[1]).duplicate);
  EXPECT_THAT(numbers_after({}), ElementsAre(1, 3, 5));
}

TEST_P(OutboxConformance, ABodyKeyOfAClockThatWasAheadDoesNotCountForLonger) {
  now_ += kReplayGuard;
  write({with_body_key(1, 'a')});
  now_ -= kReplayGuard - Millis{1};
  EXPECT_TRUE(added(write({with_body_key(2, 'a')}).at(0)).duplicate);
  now_ -= Millis{1};
  EXPECT_FALSE(added(write({with_body_key(3, 'a')}).at(0)).duplicate);
}

TEST_P(OutboxConformance, ABodyKeyNeedsAReplayGuard) {
  AddEvent add = with_body_key(1, 'a');
  add.replay_guard = Millis{0};
  size_t failed_index = 9;
  const auto refused = store_->write(std::vector<Write>{adding(event_numbered(2)), add}, now_, &failed_index);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::invalid);
  EXPECT_EQ(failed_index, 1u);
}

TEST_P(OutboxConformance, TheSameBodyAtAnotherSourceIsAnotherEvent) {
  const auto results = write({with_body_key(1, 'a', "github"), with_body_key(2, 'a', "shopify")});
  EXPECT_FALSE(added(results[1]).duplicate);
}

TEST_P(OutboxConformance, EventsOfADryRunSourceAreMarked) {
  write({adding(event_numbered(1), false), adding(event_numbered(2))});
  const auto rows = read_after({});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_FALSE(rows[0].fan_out);
  EXPECT_TRUE(rows[1].fan_out);
  EXPECT_FALSE((*store_->find(id_numbered(1)))->fan_out);
}

TEST_P(OutboxConformance, PositionsGrowOverBatchesAndReopening) {
  Position last = end();
  for (uint32_t batch = 0; batch < 4; ++batch) {
    if (batch == 2 && GetParam().durable) reopen();
    for (const WriteResult& result :
         write({adding(event_numbered(2 * batch)), adding(event_numbered(2 * batch + 1))})) {
      EXPECT_GT(added(result).position, last);
      last = added(result).position;
    }
    EXPECT_EQ(end(), last);
  }
}

TEST_P(OutboxConformance, AReadIsBoundedByRows) {
  add(1, 5);
  const auto rows = read_after({}, 2);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(number_of(rows[1]), 2u);
  EXPECT_THAT(numbers_after(rows[1].event.position), ElementsAre(3, 4, 5));
  EXPECT_THAT(numbers_after(end()), IsEmpty());
}

TEST_P(OutboxConformance, AReadStopsAfterTheRowThatCrossesItsBytes) {
  std::vector<Write> writes;
  for (uint32_t n = 1; n <= 4; ++n) {
    Event event = event_numbered(n);
    event.body.assign(1000, 'x');
    event.headers.clear();
    writes.push_back(adding(event));
  }
  write(writes);
  const auto count = [this](size_t bytes_max) {
    return store_->read_after({.after = {}, .bytes_max = bytes_max})->size();
  };
  EXPECT_EQ(count(0), 1u) << "at least one row";
  EXPECT_EQ(count(1000), 1u);
  EXPECT_EQ(count(1001), 2u);
  EXPECT_EQ(count(2000), 2u);
  EXPECT_EQ(count(1 << 20), 4u);
}

TEST_P(OutboxConformance, FindAndLedgerReturnTheEventOfAnId) {
  add(1, 2);
  const auto row = store_->find(id_numbered(2));
  ASSERT_TRUE(row && *row);
  expect_same((*row)->event, event_numbered(2));
  const auto entry = store_->ledger(id_numbered(2));
  ASSERT_TRUE(entry && *entry);
  EXPECT_EQ((*entry)->event_id, id_numbered(2));
  EXPECT_EQ((*entry)->received, now_);
  EXPECT_EQ((*entry)->position, end());
  EXPECT_FALSE(store_->find(id_numbered(3))->has_value());
  EXPECT_FALSE(store_->ledger(id_numbered(3))->has_value());
}

TEST_P(OutboxConformance, ARefusedWriteFailsTheWholeCall) {
  add(1, 1);
  const AdvanceCursor unfit{.consumer = "stage", .from = {.seq = 77}, .to = {.seq = 78}};
  expect_refusal({adding(event_numbered(2)), PutSetting{"mode", "paused"}, unfit, adding(event_numbered(3))},
                 Code::conflict, 2);
  EXPECT_THAT(numbers_after({}), ElementsAre(1));
  EXPECT_FALSE(store_->ledger(id_numbered(2))->has_value());
  EXPECT_TRUE(store_->settings()->empty());
  EXPECT_FALSE(added(write({adding(event_numbered(2))}).at(0)).duplicate) << "later calls succeed";
}

TEST_P(OutboxConformance, AnEmptyWriteIsAllowed) { EXPECT_THAT(write({}), IsEmpty()); }

TEST_P(OutboxSearch, IsPagedNewestFirst) {
  EXPECT_THAT(found({}), ElementsAre(6, 5, 4, 3, 2, 1));
  EXPECT_THAT(found({.rows_max = 2}), ElementsAre(6, 5));
  EXPECT_THAT(found({.before = position_of(5), .rows_max = 2}), ElementsAre(4, 3));
  EXPECT_THAT(found({.before = position_of(1)}), IsEmpty());
  EXPECT_THAT(found({.rows_max = 0}), IsEmpty());
}

TEST_P(OutboxSearch, EveryFieldFilters) {
  EXPECT_THAT(found({.source = "kick"}), ElementsAre(6, 4, 2));
  EXPECT_THAT(found({.type = "sumsub.applicantReviewed"}), ElementsAre(5, 3, 1));
  EXPECT_THAT(found({.type = "sumsub.*"}), ElementsAre(5, 3, 1));
  EXPECT_THAT(found({.type = "*"}), ElementsAre(6, 5, 4, 3, 2, 1));
  EXPECT_THAT(found({.type = "sumsub"}), IsEmpty()) << "a whole type unless it ends in *";
  EXPECT_THAT(found({.type = "applicant*"}), IsEmpty()) << "the pattern is a prefix";
  EXPECT_THAT(found({.subject = "channel/0"}), ElementsAre(6, 3));
  EXPECT_THAT(found({.source = "kick", .subject = "channel/0"}), ElementsAre(6));
}

TEST_P(OutboxSearch, FiltersByReceiveTimeFromInclusive) {
  EXPECT_THAT(found({.from = kStart + Millis{4000}}), ElementsAre(6, 5));
  EXPECT_THAT(found({.to = kStart + Millis{1000}}), ElementsAre(1));
  EXPECT_THAT(found({.from = kStart + Millis{1000}, .to = kStart + Millis{3000}}), ElementsAre(3, 2));
}

TEST_P(OutboxConformance, BacklogCountsRowsAfterAPosition) {
  EXPECT_EQ(store_->backlog({})->rows, 0);
  EXPECT_FALSE(store_->backlog({})->oldest.has_value());
  add(1, 2);
  now_ += Millis{1000};
  add(3, 5);
  const auto all = store_->backlog({});
  ASSERT_TRUE(all);
  EXPECT_EQ(all->rows, 5);
  EXPECT_FALSE(all->more);
  EXPECT_EQ(all->oldest, kStart);
  const auto rest = store_->backlog(position_of(2));
  EXPECT_EQ(rest->rows, 3);
  EXPECT_EQ(rest->oldest, now_);
  EXPECT_EQ(store_->backlog(end())->rows, 0);
  EXPECT_FALSE(store_->backlog(end())->oldest.has_value());
}

TEST_P(OutboxConformance, BacklogIsCountedUpToItsBound) {
  std::vector<Write> writes;
  Event bare;
  for (uint32_t n = 0; n < 100'001; ++n) {
    bare.id = id_numbered(n);
    writes.push_back(adding(bare));
  }
  write(writes);
  EXPECT_EQ(store_->backlog({})->rows, 100'000);
  EXPECT_TRUE(store_->backlog({})->more);
  const Position first = read_after({}, 1).at(0).event.position;
  EXPECT_EQ(store_->backlog(first)->rows, 100'000);
  EXPECT_FALSE(store_->backlog(first)->more);
}

TEST_P(OutboxConformance, PingAnswers) { EXPECT_TRUE(store_->ping()); }

}  // namespace vf::store::conformance
