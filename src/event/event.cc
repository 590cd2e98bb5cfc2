#include "event/event.h"

#include <simdjson.h>

#include <charconv>

#include "event/json_fields.h"
#include "event/json_scanner.h"

namespace vf {
namespace {

template <class Number>
bool read_hex(std::string_view text, Number& number) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, 16);
  return error == std::errc{} && stop == end;
}

}  // namespace

std::string Position::to_string() const {
  std::string out = "00000000-0000000000000000-0000000000000000";
  const auto put = [&out](size_t last, uint64_t value) {
    for (; value > 0; value >>= 4) out[last--] = "0123456789abcdef"[value & 15];
  };
  put(7, era);
  put(24, tx);
  put(41, seq);
  return out;
}

std::optional<Position> Position::parse(std::string_view text) {
  if (text.size() != 42 || text[8] != '-' || text[25] != '-') return std::nullopt;
  Position position;
  if (!read_hex(text.substr(0, 8), position.era) || !read_hex(text.substr(9, 16), position.tx) ||
      !read_hex(text.substr(26, 16), position.seq)) {
    return std::nullopt;
  }
  return position;
}

bool is_plain_json(std::string_view body) {
  const std::string_view json = without_padding(body);
  JsonScanner scanner(json);
  return scanner.value(kBodyDepthMax) && scanner.at_end() && scanner.is_portable() &&
         simdjson::validate_utf8(json.data(), json.size());
}

}  // namespace vf
