// Fuzzes the answers of a raw log server, and its URL: any bytes are read or refused.
#include <string_view>

#include "lake/clickhouse/endpoints.h"
#include "lake/engine_error.h"
#include "lake/raw_events.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vf::lake;
  const std::string_view answer(reinterpret_cast<const char*>(data), size);
  static_cast<void>(read_ids(answer));
  static_cast<void>(read_events(answer));
  static_cast<void>(read_count(answer));
  static_cast<void>(read_tallies(answer));
  for (const bool holds_text : {false, true}) {
    for (const std::string_view tag : {"", "abcdefghijklmnop"}) {
      if (const auto late = late_exception(answer, tag, holds_text)) static_cast<void>(engine_error(*late));
    }
  }
  const auto endpoints = clickhouse::parse_endpoints(answer);
  if (endpoints && endpoints->urls.empty()) __builtin_trap();
  return 0;
}
