// store_bench: how fast a driver commits events, reads them back and projects rows, fsync on. It prints a line of JSON
// for each measure.
//   bench_store_bench FOLDER [ROWS]                        SQLite, each measure in a new file there
//   bench_store_bench postgresql://user@host:port [ROWS]   PostgreSQL, in the empty databases bench_ordered,
//                                                          bench_random, bench_processed and bench_chat
// Rows of about 1 KiB in batches of 256, by one connection.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/random.h"
#include "store/postgres/environment/environment.h"
#include "store/postgres/outbox/outbox.h"
#include "store/sqlite/environment.h"
#include "store/sqlite/outbox.h"

namespace {

using namespace vf;
using namespace vf::store;
using Steady = std::chrono::steady_clock;

constexpr size_t kBatch = 256;
constexpr Instant kNow{Millis{1'790'000'000'000}};

struct Timing {
  std::vector<double> batch_ms;
  double seconds = 0;
  double cpu_seconds = 0;  // of the whole process, the checkpointer's thread included
};

void report(const std::string& name, size_t rows, Timing timing) {
  std::ranges::sort(timing.batch_ms);
  const auto quantile = [&](double q) {
    return timing.batch_ms[static_cast<size_t>(q * static_cast<double>(timing.batch_ms.size() - 1))];
  };
  fmt::print(
      R"({{"measure":"{}","rows":{},"rows_per_second":{:.0f},"cpu_us_per_row":{:.2f},"batch_ms":{{"p50":{:.2f},"p99":{:.2f},"max":{:.2f}}}}})"
      "\n",
      name, rows, static_cast<double>(rows) / timing.seconds, timing.cpu_seconds * 1e6 / static_cast<double>(rows),
      quantile(0.5), quantile(0.99), quantile(1));
}

template <class Step>
Timing measure(size_t batches, Step step) {
  Timing timing;
  const auto begin = Steady::now();
  const std::clock_t cpu_begin = std::clock();
  for (size_t i = 0; i < batches; ++i) {
    const auto start = Steady::now();
    step(i);
    timing.batch_ms.push_back(std::chrono::duration<double, std::milli>(Steady::now() - start).count());
  }
  timing.seconds = std::chrono::duration<double>(Steady::now() - begin).count();
  timing.cpu_seconds = static_cast<double>(std::clock() - cpu_begin) / CLOCKS_PER_SEC;
  return timing;
}

[[noreturn]] void give_up(const Error& error) {
  fmt::print(stderr, "{}\n", error.message);
  std::exit(1);
}

// The leading 48 bits are milliseconds, as in an event's id.
Uuid id_of(size_t n, bool ordered, Random& random) {
  Uuid id;
  const auto now = static_cast<uint64_t>(unix_millis(kNow));
  uint64_t head = ordered ? (now << 16) + n : random.next();
  for (size_t i = 8; i-- > 0; head >>= 8) id.bytes[i] = static_cast<uint8_t>(head);
  uint64_t tail = random.next();
  for (size_t i = 8; i < 16; ++i, tail >>= 8) id.bytes[i] = static_cast<uint8_t>(tail);
  return id;
}

std::vector<Write> events(size_t first, bool ordered, Random& random) {
  std::vector<Write> writes;
  for (size_t n = first; n < first + kBatch; ++n) {
    AddEvent add;
    add.event.id = id_of(n, ordered, random);
    add.event.source = "kick";
    add.event.type = "kick.chat.message.sent";
    add.event.subject = "channel/" + std::to_string(n % 100);
    add.event.time = kNow;
    add.event.message_id = "01JABCDEFGHJKMNPQRSTVWXYZ0";
    add.event.fact_key = add.event.message_id;
    add.event.version = "1";
    add.event.is_json = true;
    add.event.body.assign(560, 'x');
    add.event.headers.assign(300, 'h');
    writes.emplace_back(std::move(add));
  }
  std::ranges::sort(writes, {}, [](const Write& write) { return std::get<AddEvent>(write).event.id; });
  return writes;
}

// Retention of outbox and ledger in full steps, of the size that the ingest role uses.
void bench_retention(OutboxStore& store, size_t rows, const std::string& name) {
  const Instant before = kNow + Millis{1};
  const Write step = RetentionStep{.outbox_before = before, .ledger_before = before, .held_by = {}, .rows_max = 5'000};
  report(name, rows, measure(rows / 5'000, [&](size_t) {
           if (auto done = store.write(std::span(&step, 1), before, nullptr); !done) give_up(done.error());
         }));
}

void bench_outbox(OutboxStore& store, size_t rows, bool ordered) {
  SeededRandom random(1);
  const size_t batches = rows / kBatch;
  std::vector<std::vector<Write>> writes;
  for (size_t i = 0; i < batches; ++i) writes.push_back(events(i * kBatch, ordered, random));
  report(ordered ? "outbox, ordered ids" : "outbox, random ids", batches * kBatch, measure(batches, [&](size_t i) {
           if (auto done = store.write(writes[i], kNow, nullptr); !done) give_up(done.error());
         }));
  if (!ordered) return bench_retention(store, rows, "retention of both tables, random ids");
  report("outbox, duplicates", batches * kBatch, measure(batches, [&](size_t i) {
           if (auto done = store.write(writes[i], kNow, nullptr); !done) give_up(done.error());
         }));
  Position after;
  report("outbox, reading 500", batches * kBatch, measure(batches * kBatch / 500, [&](size_t) {
           const auto read = store.read_after({.after = after});
           if (!read) give_up(read.error());
           after = read->back().event.position;
         }));
  bench_retention(store, rows, "retention of both tables, ordered ids");
}

// The columns of chat_activity as sql/env declares them. A fifth of the rows have a new key.
constexpr Column kChatColumns[] = {
    {"channel_id", ColumnType::integer},
    {"sender_id", ColumnType::integer},
    {"day", ColumnType::text},
    {"first_message_at", ColumnType::time, Merge::min},
    {"last_message_at", ColumnType::time, Merge::max},
    {"sender_name", ColumnType::text, Merge::last},
};
constexpr Group kChatGroups[] = {{"", "updated_at", "event_id"}};
constexpr Table kChatActivity{"chat_activity", kChatColumns, kChatGroups};

Row chat_row(size_t n, Uuid event_id, Random& random) {
  const size_t sender = random.below(5) == 0 ? n : random.below(n + 1);
  const Instant at = kNow + Millis{static_cast<int64_t>(n)};
  return {&kChatActivity,
          {Value{static_cast<int64_t>(sender % 100)}, Value{static_cast<int64_t>(sender)},
           Value{std::string("2026-11-22")}, Value{at}, Value{at}, Value{"sender " + std::to_string(sender)}},
          {Stamp{0, at, event_id}}};
}

void bench_environment(EnvironmentStore& store, size_t rows, bool projected) {
  SeededRandom random(2);
  const size_t batches = rows / kBatch;
  std::vector<std::vector<Projection>> projections(batches);
  for (size_t n = 0; n < batches * kBatch; ++n) {
    Projection one;
    one.event_id = id_of(n, true, random);
    one.source = "kick";
    one.type = "kick.chat.message.sent";
    one.time = kNow;
    if (projected) one.rows.push_back(chat_row(n, one.event_id, random));
    projections[n / kBatch].push_back(std::move(one));
  }
  report(projected ? "environment, with a row of chat_activity" : "environment, processed_events alone",
         batches * kBatch, measure(batches, [&](size_t i) {
           if (auto done = store.apply(projections[i], kNow, nullptr); !done) give_up(done.error());
         }));
}

// Opens new, empty stores by the name of a measure.
struct Engine {
  std::function<Result<std::unique_ptr<OutboxStore>>(const std::string& name)> outbox;
  std::function<Result<std::unique_ptr<EnvironmentStore>>(const std::string& name)> environment;
};

Engine sqlite_in(const std::string& folder) {
  const auto path = [folder](const std::string& name) { return folder + "/" + name + ".db"; };
  return {[path](const auto& name) { return sqlite::open_outbox({.path = path(name), .now = kNow}); },
          [path](const auto& name) {
            return sqlite::open_environment(
                {.path = path(name), .environment = "bench", .tables = std::span(&kChatActivity, 1), .now = kNow});
          }};
}

Engine postgres_at(const std::string& server) {
  const auto url = [server](const std::string& name) { return server + "/bench_" + name; };
  return {[url](const auto& name) -> Result<std::unique_ptr<OutboxStore>> {
            if (auto done = postgres::migrate_outbox(url(name)); !done) return done.error();
            return postgres::open_outbox({.url = url(name)});
          },
          [url](const auto& name) -> Result<std::unique_ptr<EnvironmentStore>> {
            if (auto done = postgres::migrate_environment(url(name), "bench"); !done) return done.error();
            return postgres::open_environment(
                {.url = url(name), .environment = "bench", .tables = std::span(&kChatActivity, 1)});
          }};
}

void run(const Engine& engine, size_t rows) {
  for (const bool ordered : {true, false}) {
    auto store = engine.outbox(ordered ? "ordered" : "random");
    if (!store) give_up(store.error());
    bench_outbox(**store, rows, ordered);
  }
  for (const bool projected : {false, true}) {
    auto store = engine.environment(projected ? "chat" : "processed");
    if (!store) give_up(store.error());
    bench_environment(**store, rows, projected);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string where = argc > 1 ? argv[1] : ".";
  const size_t rows = argc > 2 ? std::stoul(argv[2]) : 200'000;
  if (where.starts_with("postgresql://")) {
    run(postgres_at(where), rows);
    return 0;
  }
  const std::filesystem::path folder = std::filesystem::path(where) / "vf-store-bench";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  run(sqlite_in(folder), rows);
  std::filesystem::remove_all(folder);
}
