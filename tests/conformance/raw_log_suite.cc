#include "raw_log_suite.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>
#include <thread>

namespace vf::lake::conformance {
namespace {

using testing::IsEmpty;
using testing::UnorderedElementsAreArray;

const Instant kLongAgo = from_unix_millis(0);
const Instant kFarAway = from_unix_millis(4'000'000'000'000);

template <class T>
T value(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << result.error().message;
    return {};
  }
  return std::move(*result);
}

void expect_same(const Event& got, const Event& want) {
  EXPECT_EQ(got.id, want.id);
  EXPECT_EQ(got.source, want.source);
  EXPECT_EQ(got.type, want.type);
  EXPECT_EQ(got.subject, want.subject);
  EXPECT_EQ(unix_millis(got.time), unix_millis(want.time));
  EXPECT_EQ(unix_millis(got.received), unix_millis(want.received));
  EXPECT_EQ(got.message_id, want.message_id);
  EXPECT_EQ(got.fact_key, want.fact_key);
  EXPECT_EQ(got.version, want.version);
  EXPECT_EQ(got.sandbox, want.sandbox);
  EXPECT_EQ(got.is_json, want.is_json);
  EXPECT_EQ(got.headers, want.headers);
  EXPECT_EQ(got.position, want.position);
  EXPECT_TRUE(got.body == want.body) << "bodies of " << got.body.size() << " and " << want.body.size() << " bytes";
}

}  // namespace

void RawLogConformance::SetUp() {
  if (!GetParam().missing.empty()) GTEST_SKIP() << GetParam().missing;
  host_ = GetParam().make_host();
  open();
}

void RawLogConformance::open() {
  auto log = host_->open();
  ASSERT_TRUE(log) << log.error().message;
  log_ = std::move(*log);
}

void RawLogConformance::reopen() {
  log_.reset();
  open();
}

void RawLogConformance::insert(const std::vector<Event>& events) {
  const auto done = log_->insert(rows_of(events), "");
  ASSERT_TRUE(done) << done.error().message;
}

TEST_P(RawLogConformance, EmptyLogAnswers) {
  EXPECT_TRUE(log_->abort_pending());
  EXPECT_EQ(value(rows_in(*log_)), 0);
  EXPECT_EQ(value(log_->find(sample_event(1).id)), std::nullopt);
  const auto ids = ids_of(sample_events(0, 3));
  EXPECT_THAT(value(log_->ids_present(ids, kLongAgo, kFarAway)), IsEmpty());
  EXPECT_THAT(value(log_->ids_present({}, kLongAgo, kFarAway)), IsEmpty());
  EXPECT_TRUE(log_->insert({}, ""));
  EXPECT_EQ(value(rows_in(*log_)), 0);
}

TEST_P(RawLogConformance, EveryFieldIsReadAsItWasWritten) {
  Event event = sample_event(1);
  event.subject = "applicant/it's \\ \"so\"";
  event.message_id = std::string("nul \0 inside", 12);
  event.fact_key = "\xf0\x9f\x98\x80 \xff not utf-8";
  event.sandbox = true;
  event.is_json = false;
  event.headers = R"({"x":"y"})";
  event.position = {0xffffffff, 0xffffffffffffffff, 0x8000000000000001};
  event.body.clear();
  for (int i = 0; i < 1024; ++i) event.body.push_back(static_cast<char>(i));
  insert({event});
  const auto found = value(log_->find(event.id));
  ASSERT_TRUE(found);
  expect_same(*found, event);
}

TEST_P(RawLogConformance, EmptyAndLargeBodiesAreReadAsWritten) {
  Event empty = sample_event(1);
  empty.subject = empty.message_id = empty.fact_key = empty.version = empty.body = empty.headers = "";
  Event large = sample_event(2);
  large.body.assign(8u << 20, 'x');
  large.body.back() = 'y';
  insert({empty, large});
  expect_same(*value(log_->find(empty.id)), empty);
  expect_same(*value(log_->find(large.id)), large);
}

TEST_P(RawLogConformance, ProviderTimesMayBeAbsurd) {
  std::vector<Event> events = sample_events(0, 4);
  events[0].time = from_unix_millis(0);
  events[1].time = from_unix_millis(-62'135'596'800'000);  // year 1
  events[2].time = from_unix_millis(253'402'300'799'999);  // year 9999
  events[3].time = from_unix_millis(-1);
  insert(events);
  for (const auto& event : events) expect_same(*value(log_->find(event.id)), event);
}

TEST_P(RawLogConformance, IdsPresentReturnsTheIdsItHolds) {
  const auto events = sample_events(0, 10'000);
  std::vector<Event> even;
  for (size_t i = 0; i < events.size(); i += 2) even.push_back(events[i]);
  insert(even);
  const auto present = value(log_->ids_present(ids_of(events), events.front().received, events.back().received));
  EXPECT_THAT(present.size(), even.size());
  EXPECT_EQ(std::set(present.begin(), present.end()).size(), even.size());
  const auto wanted = ids_of(even);
  EXPECT_TRUE(std::ranges::is_permutation(present, wanted));
}

TEST_P(RawLogConformance, IdsPresentIncludesBothBoundsOfReceipt) {
  const auto events = sample_events(0, 5);
  insert(events);
  const auto present = value(log_->ids_present(ids_of(events), events[1].received, events[3].received));
  EXPECT_THAT(present, UnorderedElementsAreArray({events[1].id, events[2].id, events[3].id}));
}

TEST_P(RawLogConformance, IdsPresentReturnsARepeatedIdOnce) {
  insert({sample_event(1)});
  insert({sample_event(1)});
  const auto present = value(log_->ids_present(ids_of({sample_event(1)}), kLongAgo, kFarAway));
  EXPECT_EQ(present.size(), 1u);
  EXPECT_EQ(value(rows_in(*log_)), 2) << "the feeder prevents repeated rows, not the log";
}

TEST_P(RawLogConformance, RowsAreThereAfterReopening) {
  const auto events = sample_events(0, 1'000);
  insert(events);
  reopen();
  EXPECT_EQ(value(rows_in(*log_)), 1'000);
  expect_same(*value(log_->find(events[77].id)), events[77]);
  insert(sample_events(1'000, 10));
  EXPECT_EQ(value(rows_in(*log_)), 1'010);
}

TEST_P(RawLogConformance, BatchMayHoldSeveralClassesAndMonths) {
  auto events = sample_events(0, 6);
  std::vector<RawRow> rows;
  for (size_t i = 0; i < events.size(); ++i) {
    events[i].received += std::chrono::days{31 * static_cast<int>(i % 3)};
    rows.push_back({&events[i], i % 2 == 0 ? "default" : "sumsub"});
  }
  ASSERT_TRUE(log_->insert(rows, "token"));
  EXPECT_EQ(value(rows_in(*log_)), 6);
  EXPECT_EQ(value(log_->ids_present(ids_of(events), kLongAgo, kFarAway)).size(), 6u);
}

TEST_P(RawLogConformance, TalliesByHourAndSource) {
  const auto hour = [](int n) { return Instant{std::chrono::hours{498'612 + n}}; };
  auto events = sample_events(0, 6);
  events[0].received = hour(0);
  events[1].received = hour(1) - Millis{1};
  events[2].received = hour(0) + Millis{7};
  events[2].source = "sumsub";
  events[3].received = hour(1);
  events[4].received = hour(3);  // outside
  events[5].received = hour(0) - Millis{1};
  insert(events);
  insert({events[3]});
  const auto digest = [&events](size_t i) { return id_digest(events[i].id); };
  const std::vector<HourTally> wanted = {
      {.hour = hour(0), .source = "kick", .rows = 2, .events = 2, .digest = digest(0) + digest(1)},
      {.hour = hour(0), .source = "sumsub", .rows = 1, .events = 1, .digest = digest(2)},
      {.hour = hour(1), .source = "kick", .rows = 2, .events = 1, .digest = digest(3) + digest(3)}};
  EXPECT_EQ(value(log_->tally(hour(0), hour(3))), wanted);
  EXPECT_THAT(value(log_->tally(hour(4), hour(5))), IsEmpty());
}

TEST_P(RawLogConformance, ReadsRunDuringInserts) {
  std::jthread writer([this] {
    for (uint64_t batch = 0; batch < 10; ++batch) insert(sample_events(batch * 100, 100));
  });
  int64_t before = 0;
  for (int i = 0; i < 20; ++i) {
    const int64_t now = value(rows_in(*log_));
    EXPECT_LE(before, now);
    EXPECT_EQ(now % 100, 0) << "a read sees a whole batch or nothing of it";
    before = now;
  }
  writer.join();
  EXPECT_EQ(value(rows_in(*log_)), 1'000);
}

}  // namespace vf::lake::conformance
