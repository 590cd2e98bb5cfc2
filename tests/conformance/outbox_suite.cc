#include "outbox_suite.h"

#include <fmt/format.h>

namespace vf::store::conformance {

Uuid id_numbered(uint32_t n) {
  return *Uuid::parse(fmt::format("01900000-{:04x}-8{:03x}-8000-{:012x}", n >> 16, (n >> 4) & 0xfff, n));
}

Event event_numbered(uint32_t n) {
  Event event;
  event.id = id_numbered(n);
  event.source = n % 2 == 0 ? "kick" : "sumsub";
  event.type = n % 2 == 0 ? "kick.chat.message.sent" : "sumsub.applicantReviewed";
  event.subject = fmt::format("channel/{}", n % 3);
  event.time = kStart - Millis{n};
  event.message_id = fmt::format("message-{}", n);
  event.fact_key = fmt::format("fact-{}", n);
  event.version = "1";
  event.is_json = true;
  event.body = fmt::format(R"({{"n":{}}})", n);
  event.headers = R"({"kick-event-signature":"c2lnbmF0dXJl"})";
  return event;
}

AddEvent adding(Event event, bool fan_out) { return {std::move(event), fan_out, std::nullopt}; }

uint32_t number_of(const OutboxRow& row) {
  return static_cast<uint32_t>(std::stoul(row.event.message_id.substr(sizeof("message-") - 1)));
}

EventAdded added(const WriteResult& result) { return std::get<EventAdded>(result); }

void OutboxConformance::SetUp() {
  host_ = GetParam().make_host();
  open();
}

void OutboxConformance::open() {
  auto store = host_->open();
  ASSERT_TRUE(store) << store.error().message;
  store_ = std::move(*store);
}

void OutboxConformance::reopen() {
  store_.reset();
  open();
}

std::vector<WriteResult> OutboxConformance::write(const std::vector<Write>& writes) {
  auto results = store_->write(writes, now_, nullptr);
  EXPECT_TRUE(results) << results.error().message;
  if (!results) return {};
  EXPECT_EQ(results->size(), writes.size());
  return std::move(*results);
}

void OutboxConformance::expect_refusal(const std::vector<Write>& writes, Code code, size_t index) {
  size_t failed = 1'000'000;
  const auto results = store_->write(writes, now_, &failed);
  ASSERT_FALSE(results);
  EXPECT_EQ(results.error().code, code) << results.error().message;
  EXPECT_EQ(failed, index);
  EXPECT_FALSE(results.error().message.empty());
}

void OutboxConformance::add(uint32_t first, uint32_t last) {
  std::vector<Write> writes;
  for (uint32_t n = first; n <= last; ++n) writes.push_back(adding(event_numbered(n)));
  write(writes);
}

std::vector<OutboxRow> OutboxConformance::read_after(Position after, size_t rows_max) {
  auto rows = store_->read_after({.after = after, .rows_max = rows_max, .bytes_max = size_t{1} << 40});
  EXPECT_TRUE(rows) << rows.error().message;
  return rows ? std::move(*rows) : std::vector<OutboxRow>{};
}

std::vector<uint32_t> OutboxConformance::numbers_after(Position after) {
  std::vector<uint32_t> numbers;
  for (const OutboxRow& row : read_after(after)) numbers.push_back(number_of(row));
  return numbers;
}

Position OutboxConformance::position_of(uint32_t number) {
  const auto row = store_->find(id_numbered(number));
  EXPECT_TRUE(row && *row) << number;
  return row && *row ? (*row)->event.position : Position{};
}

Position OutboxConformance::end() {
  const auto end = store_->end();
  EXPECT_TRUE(end);
  return end.value_or(Position{});
}

int64_t OutboxConformance::retain(const RetentionStep& step) {
  const auto results = write({step});
  return results.empty() ? -1 : std::get<RowsRemoved>(results.front()).removed;
}

}  // namespace vf::store::conformance
