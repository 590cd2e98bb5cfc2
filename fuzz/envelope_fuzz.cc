// Fuzzes the reader of envelopes and the JSON scanner under it, with simdjson as the oracle of what JSON is.
#include <simdjson.h>

#include "event/json_fields.h"
#include "event/json_scanner.h"
#include "round_trip.h"

namespace {

using namespace vf;

bool is_grammatical(std::string_view text) {
  JsonScanner scanner(text);
  scanner.skip_space();
  if (!scanner.value(SIZE_MAX)) return false;
  scanner.skip_space();
  return scanner.at_end();
}

void check_scanner(std::string_view padded) {
  const std::string_view text = without_padding(padded);
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const bool readable = parser.parse(text.data(), text.size()).get(root) == simdjson::SUCCESS;
  if (is_plain_json(padded)) VF_INVARIANT(readable);
  if (readable) VF_INVARIANT(is_grammatical(text));
  std::string_view expected;
  if (readable && text.front() == '"' && root.get(expected) == simdjson::SUCCESS) {
    VF_INVARIANT(JsonScanner(text).string() == expected);
  }
}

void check_reader(std::string_view text) {
  constexpr size_t kEventsMax = 100;
  const auto events = read_envelopes(text, kEventsMax);
  if (!events) return;
  VF_INVARIANT(events->size() <= kEventsMax);
  const auto again = read_envelopes(write_batch(*events), kEventsMax);
  VF_INVARIANT(again.has_value() && again->size() == events->size());
  for (size_t i = 0; i < events->size(); ++i) {
    const Event &one = (*events)[i], &two = (*again)[i];
    VF_INVARIANT(one.id == two.id && one.source == two.source && one.type == two.type);
    VF_INVARIANT(two.body == (one.is_json ? without_padding(one.body) : one.body));
    VF_INVARIANT(one.is_json == two.is_json && one.is_json == is_plain_json(one.body) && one.position == two.position);
    VF_INVARIANT(one.subject == two.subject && one.fact_key == two.fact_key && one.version == two.version);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_scanner(text);
  check_reader(text);
  return 0;
}
