#include <fmt/format.h>

#include "base/random.h"
#include "raw_log_suite.h"

namespace vf::lake::conformance {

Result<int64_t> rows_in(RawLog& log) {
  const Instant end = std::chrono::floor<std::chrono::hours>(from_unix_millis(4'000'000'000'000));
  VF_ASSIGN(const auto tallies, log.tally(from_unix_millis(0), end));
  int64_t rows = 0;
  for (const auto& tally : tallies) rows += tally.rows;
  return rows;
}

Event sample_event(uint64_t n) {
  constexpr int64_t kStart = 1'795'000'000'000;  // November 2026
  SeededRandom random(n);
  Event event;
  for (auto& byte : event.id.bytes) byte = static_cast<uint8_t>(random.next());
  event.source = "kick";
  event.type = n % 5 == 0 ? "kick.channel.followed" : "kick.chat.message.sent";
  event.subject = fmt::format("channel/{}", n % 7);
  event.time = from_unix_millis(kStart + static_cast<int64_t>(n) - 250);
  event.received = from_unix_millis(kStart + static_cast<int64_t>(n));
  event.message_id = fmt::format("message-{}", n);
  event.fact_key = event.message_id;
  event.version = "1";
  event.is_json = true;
  event.body = fmt::format(R"({{"message_id":"message-{}","content":"hello {}"}})", n, random.next());
  event.headers = R"({"kick-event-version":"1"})";
  event.position.seq = n + 1;
  return event;
}

std::vector<Event> sample_events(uint64_t first, uint64_t count) {
  std::vector<Event> events;
  for (uint64_t n = first; n < first + count; ++n) events.push_back(sample_event(n));
  return events;
}

std::vector<RawRow> rows_of(const std::vector<Event>& events) {
  std::vector<RawRow> rows;
  for (const auto& event : events) rows.push_back({&event, "default"});
  return rows;
}

std::vector<Uuid> ids_of(const std::vector<Event>& events) {
  std::vector<Uuid> ids;
  for (const auto& event : events) ids.push_back(event.id);
  return ids;
}

}  // namespace vf::lake::conformance
