// Fuzzes the tolerant reader of bodies. On what simdjson can read, both find the same values; elsewhere the reader only
// has to stay within its bounds.
#include <simdjson.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "event/event.h"
#include "event/json_fields.h"

namespace {

using namespace vf;
using simdjson::dom::element;
using Kind = JsonValue::Kind;

std::string pointer_to(std::string_view key) {
  std::string pointer = "/";
  for (const char c : key) pointer += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return pointer;
}

void check_number(const JsonValue& value, const element& want) {
  VF_INVARIANT(value.kind() == Kind::number);
  int64_t integer = 0;
  uint64_t large = 0;
  if (want.get(integer) == simdjson::SUCCESS) {
    VF_INVARIANT(value.integer() == integer);
    VF_INVARIANT(integer == 0 || value.text() == std::to_string(integer));  // "-0" is an integer, too
  } else if (want.get(large) == simdjson::SUCCESS) {
    VF_INVARIANT(!value.integer() && value.text() == std::to_string(large));
  } else {
    VF_INVARIANT(!value.integer() && !value.text());
  }
}

void check_same(const JsonValue& value, const element& want, size_t depth) {
  if (depth > kBodyDepthMax) return;  // these levels are not read
  switch (want.type()) {
    case simdjson::dom::element_type::OBJECT: {
      VF_INVARIANT(value.kind() == (depth == kBodyDepthMax ? Kind::malformed : Kind::object));
      std::map<std::string, element> last;  // of repeated keys the last one counts
      for (const auto field : want.get_object().value_unsafe()) last[std::string(field.key)] = field.value;
      if (depth == kBodyDepthMax) return;
      for (const auto& [key, member] : last) check_same(value.at(pointer_to(key)), member, depth + 1);
      return;
    }
    case simdjson::dom::element_type::ARRAY: {
      VF_INVARIANT(value.kind() == (depth == kBodyDepthMax ? Kind::malformed : Kind::array));
      if (depth == kBodyDepthMax) return;
      const auto elements = value.elements();
      size_t i = 0;
      for (const auto member : want.get_array().value_unsafe()) check_same(elements.at(i++), member, depth + 1);
      VF_INVARIANT(i == elements.size());
      return;
    }
    case simdjson::dom::element_type::STRING:
      VF_INVARIANT(value.kind() == Kind::string && value.text() == want.get_string().value_unsafe());
      VF_INVARIANT(value.replaced_text() == value.text());
      return;
    case simdjson::dom::element_type::BOOL:
      VF_INVARIANT(value.kind() == Kind::boolean && value.boolean() == want.get_bool().value_unsafe());
      return;
    case simdjson::dom::element_type::NULL_VALUE:
      VF_INVARIANT(value.kind() == Kind::null && value.exists() && !value.has());
      return;
    default:
      check_number(value, want);
  }
}

// Asks every value for everything. Nothing may depend on whether the body is JSON.
void read_all(const JsonValue& value) {
  (void)value.integer();
  (void)value.boolean();
  (void)value.time();
  (void)value.scalar();
  if (const auto text = value.text()) VF_INVARIANT(value.replaced_text() == text);
  if (const auto json = value.compact_json()) {
    const JsonFields again(*json);
    VF_INVARIANT(again.has_values() && again.root().compact_json() == json);
  }
  for (const auto& element : value.elements()) read_all(element);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const std::string json(without_padding(body));
  const JsonFields fields(body);
  VF_INVARIANT(fields.is_plain() == is_plain_json(body));
  VF_INVARIANT(fields.root().exists() == fields.has_values());
  read_all(fields.root());
  (void)fields.at(body.substr(0, 64));
  simdjson::dom::parser parser;
  element root;
  if (parser.parse(json).get(root) == simdjson::SUCCESS) {
    check_same(fields.root(), root, 0);
  } else {
    VF_INVARIANT(!fields.is_plain());
  }
  return 0;
}
