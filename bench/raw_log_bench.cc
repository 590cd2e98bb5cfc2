// raw_log_bench: inserts into the raw log on chDB; prints rows a second by size of batch, latency, CPU and memory.
// raw_log_bench [--rows N] [--batches 10000,2000,100] [--folder F] [--engine=--name=value …] [--sql=STATEMENT …]
// --sql changes the empty table first, so that schemas can be compared.
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/random.h"
#include "lake/chdb/chdb_raw_log.h"
#include "lake/chdb/connection.h"

namespace {

using Seconds = std::chrono::duration<double>;
using vf::Event;

struct Options {
  size_t rows = 400'000;
  std::vector<size_t> batches{10'000, 2'000, 100};
  std::string folder = std::filesystem::temp_directory_path();
  std::vector<std::string> engine;
  std::vector<std::string> sql;
};

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const std::string next = i + 1 < argc ? argv[i + 1] : "";
    if (argument == "--rows") options.rows = std::stoul(next);
    if (argument == "--folder") options.folder = next;
    if (argument.starts_with("--engine=")) options.engine.push_back(argument.substr(9));
    if (argument.starts_with("--sql=")) options.sql.push_back(argument.substr(6));
    if (argument == "--batches") {
      options.batches.clear();
      for (size_t at = 0; at < next.size();) {
        size_t digits = 0;
        options.batches.push_back(std::stoul(next.substr(at), &digits));
        at += digits + 1;
      }
    }
  }
  return options;
}

// A chat message of one of a few thousand channels, about 1 KiB a row, with an id that rises with time.
Event chat(uint64_t n, vf::SeededRandom& random) {
  Event event;
  event.received = vf::from_unix_millis(1'795'000'000'000 + static_cast<int64_t>(n / 10));
  event.time = event.received - std::chrono::milliseconds{random.below(800)};
  const auto millis = static_cast<uint64_t>(vf::unix_millis(event.time));
  for (size_t i = 0; i < 6; ++i) event.id.bytes[i] = static_cast<uint8_t>(millis >> (40 - 8 * i));
  for (size_t i = 6; i < 16; ++i) event.id.bytes[i] = static_cast<uint8_t>(random.next());
  event.source = "kick";
  event.type = "kick.chat.message.sent";
  event.subject = fmt::format("channel/{}", 1000 + random.below(1 + random.below(3'000)));
  event.message_id = fmt::format("{:026X}", random.next());
  event.fact_key = event.message_id;
  event.version = "1";
  event.is_json = true;
  event.position.seq = n + 1;
  event.headers = fmt::format(R"({{"kick-event-signature":"{:016x}{:016x}{:016x}{:016x}"}})", random.next(),
                              random.next(), random.next(), random.next());
  event.body = fmt::format(
      R"({{"message_id":"{}","broadcaster":{{"is_anonymous":false,"user_id":{},"username":"streamer_{}","is_verified":true,)"
      R"("profile_picture":"https://files.example/avatars/{:x}.webp","channel_slug":"streamer_{}"}},"sender":{{"user_id":{},)"
      R"("username":"viewer_{}","is_verified":false,"identity":{{"username_color":"#{:06x}","badges":[]}}}},"content":")",
      event.message_id, random.below(3'000), random.below(3'000), random.next(), random.below(3'000),
      random.below(200'000), random.below(200'000), random.below(1u << 24));
  const char* const words[] = {"gg ",    "lol ",    "that was close ", "[emote:37226:KEKW] ",
                               "hello ", "привет ", "what a play "};
  while (event.body.size() < 900) event.body += words[random.below(std::size(words))];
  event.body += "\"}";
  return event;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](timeval t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

long memory_mib(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key)) return std::strtol(line.c_str() + key.size() + 1, nullptr, 10) / 1024;
  }
  return 0;
}

uintmax_t bytes_under(const std::string& folder) {
  uintmax_t bytes = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
    if (file.is_regular_file()) bytes += file.file_size();
  }
  return bytes;
}

bool alter_table(const Options& options, const std::string& folder) {
  if (options.sql.empty()) return true;
  const auto library = vf::lake::chdb::Library::load("");
  auto connection = vf::lake::chdb::Connection::open(**library, {"--path=" + folder});
  for (const auto& sql : options.sql) {
    if (const auto done = (*connection)->query(sql); !done)
      return fmt::print(stderr, "{}\n", done.error().message), false;
  }
  return true;
}

// False when something failed.
bool measure(const Options& options, size_t batch_rows) {
  std::string folder = options.folder + "/vf-raw-log-bench-XXXXXX";
  if (!mkdtemp(folder.data())) return false;
  std::ofstream("/proc/self/clear_refs") << "5";  // resets VmHWM
  const vf::SystemClock clock;
  vf::lake::chdb::ChdbParams params;
  params.path = folder;
  params.engine_options = options.engine;
  auto log = vf::lake::chdb::open_chdb(params, clock);
  if (!log) return fmt::print(stderr, "{}\n", log.error().message), false;
  if (!alter_table(options, folder)) return false;

  vf::SeededRandom random(1);
  const size_t total = batch_rows < 1'000 ? options.rows / 20 : options.rows;
  std::vector<double> took;
  double inserting = 0;
  double cpu = 0;
  for (size_t done = 0; done < total; done += batch_rows) {
    std::vector<Event> events;
    for (size_t i = 0; i < batch_rows; ++i) events.push_back(chat(done + i, random));
    std::vector<vf::lake::RawRow> rows;
    for (const auto& event : events) rows.push_back({&event, "default"});
    const double cpu_before = cpu_seconds();
    const auto begin = clock.steady();
    const auto inserted = (*log)->insert(rows, "");
    took.push_back(Seconds(clock.steady() - begin).count());
    cpu += cpu_seconds() - cpu_before;
    inserting += took.back();
    if (!inserted) return fmt::print(stderr, "{}\n", inserted.error().message), false;
  }
  std::ranges::sort(took);
  const auto rows_inserted = static_cast<double>(took.size() * batch_rows);
  fmt::print(
      "{:>7} rows a batch: {:>8.0f} rows/s, {:5.1f} us CPU a row, batch p50 {:6.1f} ms p99 {:6.1f} ms, RSS {} MiB, "
      "peak {} MiB, {:.0f} bytes a row on disk\n",
      batch_rows, rows_inserted / inserting, cpu / rows_inserted * 1e6, took[took.size() / 2] * 1e3,
      took[took.size() * 99 / 100] * 1e3, memory_mib("VmRSS"), memory_mib("VmHWM"),
      static_cast<double>(bytes_under(folder)) / rows_inserted);
  log->reset();
  std::filesystem::remove_all(folder);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  for (const size_t batch : options.batches) {
    if (!measure(options, batch)) return 1;
  }
}
