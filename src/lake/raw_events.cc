#include "lake/raw_events.h"

#include <fmt/format.h>

#include "lake/row_binary.h"

namespace vf::lake {
namespace {

using namespace row_binary;

// The columns of an event, in the order of append_row() and read_event(); retention_class is written, not read.
constexpr std::string_view kEventColumns =
    "event_id, source, type, subject, time, received_at, message_id, fact_key, version, sandbox, is_json, "
    "position_era, position_tx, position_seq, headers, body";

Event read_event(Reader& reader) {
  Event event;
  event.id = reader.read_uuid();
  event.source = reader.read_string();
  event.type = reader.read_string();
  event.subject = reader.read_string();
  event.time = reader.read_instant();
  event.received = reader.read_instant();
  event.message_id = reader.read_string();
  event.fact_key = reader.read_string();
  event.version = reader.read_string();
  event.sandbox = reader.read_int<uint8_t>() != 0;
  event.is_json = reader.read_int<uint8_t>() != 0;
  event.position.era = reader.read_int<uint32_t>();
  event.position.tx = reader.read_int<uint64_t>();
  event.position.seq = reader.read_int<uint64_t>();
  event.headers = reader.read_string();
  event.body = reader.read_string();
  return event;
}

std::string instant_literal(Instant t) { return fmt::format("fromUnixTimestamp64Milli({}, 'UTC')", unix_millis(t)); }

std::string uuid_literal(Uuid id) { return fmt::format("toUUID('{}')", id.to_string()); }

Error unreadable() { return internal("lake: the engine's answer does not have the columns of the query"); }

}  // namespace

std::string insert_statement() { return fmt::format("INSERT INTO vf.raw_events ({}, retention_class)", kEventColumns); }

void append_row(std::string& out, const RawRow& row) {
  const Event& event = *row.event;
  append_uuid(out, event.id);
  append_string(out, event.source);
  append_string(out, event.type);
  append_string(out, event.subject);
  append_instant(out, event.time);
  append_instant(out, event.received);
  append_string(out, event.message_id);
  append_string(out, event.fact_key);
  append_string(out, event.version);
  append_int<uint8_t>(out, event.sandbox);
  append_int<uint8_t>(out, event.is_json);
  append_int(out, event.position.era);
  append_int(out, event.position.tx);
  append_int(out, event.position.seq);
  append_string(out, event.headers);
  append_string(out, event.body);
  append_string(out, row.retention_class);
}

std::string select_ids_present(std::span<const Uuid> ids, Instant from, Instant to) {
  std::string sql = fmt::format(
      "SELECT DISTINCT event_id FROM vf.raw_events WHERE received_at >= {} AND received_at <= {} AND event_id IN (",
      instant_literal(from), instant_literal(to));
  for (size_t i = 0; i < ids.size(); ++i) {
    sql += i == 0 ? "'" : ", '";
    ids[i].append_to(sql);
    sql += '\'';
  }
  return sql + ")";
}

Result<std::vector<Uuid>> read_ids(std::string_view row_binary) {
  std::vector<Uuid> ids;
  Reader reader(row_binary);
  while (!reader.at_end()) ids.push_back(reader.read_uuid());
  if (!reader.ok()) return unreadable();
  return ids;
}

std::string select_event(Uuid id) {
  return fmt::format("SELECT {} FROM vf.raw_events WHERE event_id = {} LIMIT 1", kEventColumns, uuid_literal(id));
}

Result<std::vector<Event>> read_events(std::string_view row_binary) {
  std::vector<Event> events;
  Reader reader(row_binary);
  while (!reader.at_end()) events.push_back(read_event(reader));
  if (!reader.ok()) return unreadable();
  return events;
}

Result<int64_t> read_count(std::string_view row_binary) {
  Reader reader(row_binary);
  const auto count = reader.read_int<int64_t>();
  if (!reader.ok() || !reader.at_end()) return unreadable();
  return count;
}

uint64_t id_digest(Uuid id) {
  uint64_t digest = 0;
  for (size_t i = 0; i < 8; ++i) digest |= uint64_t{id.bytes[8 + i]} << (8 * i);
  return digest;
}

std::string select_tallies(Instant from, Instant to) {
  return fmt::format(
      "SELECT intDiv(toUnixTimestamp64Milli(received_at), {}) AS hour, source, toInt64(count()), "
      "toInt64(uniqExact(event_id)), sum(reinterpretAsUInt64(substring(UUIDToNum(event_id), 9, 8))) FROM vf.raw_events "
      "WHERE received_at >= {} AND received_at < {} GROUP BY hour, source ORDER BY hour, source",
      Millis(kTallySpan).count(), instant_literal(from), instant_literal(to));
}

Result<std::vector<HourTally>> read_tallies(std::string_view row_binary) {
  constexpr int64_t kHoursMax = 100'000'000;  // hours since 1970; a time of receipt is always below
  std::vector<HourTally> tallies;
  Reader reader(row_binary);
  while (!reader.at_end()) {
    HourTally& tally = tallies.emplace_back();
    const auto hours = reader.read_int<int64_t>();
    if (hours < -kHoursMax || hours > kHoursMax) return unreadable();
    tally.hour = Instant{hours * kTallySpan};
    tally.source = reader.read_string();
    tally.rows = reader.read_int<int64_t>();
    tally.events = reader.read_int<int64_t>();
    tally.digest = reader.read_int<uint64_t>();
  }
  if (!reader.ok()) return unreadable();
  return tallies;
}

std::string ttl_expression(const RetentionPolicy& retention) {
  std::string sources;
  std::string seconds;
  for (const auto& [source, span] : retention.by_source) {
    sources += (sources.empty() ? "" : ", ") + sql_literal(source);
    seconds += (seconds.empty() ? "" : ", ") + std::to_string(span.count());
  }
  const std::string otherwise = std::to_string(retention.otherwise.count());
  if (sources.empty()) return fmt::format("toDateTime(received_at) + toIntervalSecond({})", otherwise);
  return fmt::format("toDateTime(received_at) + toIntervalSecond(transform(retention_class, [{}], [{}], {}))", sources,
                     seconds, otherwise);
}

std::string sql_literal(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out.push_back('\\');
    if (c == '\0') {
      out += "\\0";
    } else {
      out.push_back(c);
    }
  }
  return out + "'";
}

}  // namespace vf::lake
