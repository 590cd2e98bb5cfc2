#include "projections/body.h"

#include <simdjson.h>

#include <charconv>

#include "event/identity.h"

namespace vf::projections {
namespace {

using simdjson::dom::element;
using store::Value;

// A parser that can hold a larger body than this (in bytes) is freed: its buffers are several times that size.
constexpr size_t kKeptCapacityMax = 64 * 1024;

// The parser keeps its buffers between events; its document is valid until the thread's Body is destroyed.
struct ThreadParser {
  simdjson::dom::parser parser;
  std::optional<element> root;  // nullopt: the body is not a JSON object
};
ThreadParser& this_thread() {
  thread_local ThreadParser instance;
  return instance;
}

std::optional<element> find(std::string_view pointer) {
  element found;
  const auto& root = this_thread().root;
  if (!root || root->at_pointer(pointer).get(found) != simdjson::SUCCESS) return std::nullopt;
  return found;
}

std::optional<int64_t> to_integer(const element& value) {
  int64_t number = 0;
  if (value.get(number) == simdjson::SUCCESS) return number;
  std::string_view digits;
  if (value.get(digits) != simdjson::SUCCESS) return std::nullopt;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

std::string without_nul(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == '\0') {
      out += "\xef\xbf\xbd";
    } else {
      out += c;
    }
  }
  return out;
}

std::optional<std::string> to_text(const element& value) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) return without_nul(text);
  if (value.is<int64_t>() || value.is<uint64_t>()) return std::string(simdjson::minify(value));
  return std::nullopt;
}

std::optional<Instant> to_time(const element& value) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) return std::nullopt;
  return parse_time(text);
}

std::optional<bool> to_boolean(const element& value) {
  bool flag = false;
  if (value.get(flag) == simdjson::SUCCESS) return flag;
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) return std::nullopt;
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

// Reads a cell. `read` converts the value, and returns nullopt for a value of another type.
template <class Read>
Cell cell(Body& body, std::string_view pointer, Read read, std::string_view wanted) {
  const auto value = find(pointer);
  if (!value) return std::nullopt;
  if (value->is_null()) return Value{};
  auto got = read(*value);
  if (!got) {
    body.refuse(pointer, wanted);
    return std::nullopt;
  }
  return Value{std::move(*got)};
}

template <class Read>
auto required(Body& body, std::string_view pointer, Read read, std::string_view wanted) {
  using T = typename decltype(read(element{}))::value_type;
  const auto value = find(pointer);
  if (!value || value->is_null()) {
    body.refuse(pointer, value ? "null" : "missing");
    return T{};
  }
  auto got = read(*value);
  if (!got) body.refuse(pointer, wanted);
  return got ? std::move(*got) : T{};
}

}  // namespace

Body::Body(const Event& event) {
  auto& [parser, root] = this_thread();
  root.reset();
  element parsed;
  if (const auto error = parser.parse(event.body).get(parsed); error != simdjson::SUCCESS) {
    problem_.append("the body is not JSON: ").append(simdjson::error_message(error));
  } else if (!parsed.is_object()) {
    problem_ = "the body is not a JSON object";
  } else {
    root = parsed;
  }
}

Body::~Body() {
  if (auto& [parser, root] = this_thread(); parser.capacity() > kKeptCapacityMax) {
    root.reset();
    parser = simdjson::dom::parser();
  }
}

int64_t Body::id(std::string_view pointer) {
  const int64_t value = integer(pointer);
  if (value <= 0) refuse(pointer, "not a positive integer");
  return value;
}

int64_t Body::integer(std::string_view pointer) { return required(*this, pointer, to_integer, "not an integer"); }

std::string Body::text(std::string_view pointer) {
  std::string value = required(*this, pointer, to_text, "not a text");
  if (value.empty()) refuse(pointer, "empty");
  return value;
}

Instant Body::time(std::string_view pointer) { return required(*this, pointer, to_time, "not a time"); }

Cell Body::integer_cell(std::string_view pointer) { return cell(*this, pointer, to_integer, "not an integer"); }
Cell Body::text_cell(std::string_view pointer) { return cell(*this, pointer, to_text, "not a text"); }
Cell Body::time_cell(std::string_view pointer) { return cell(*this, pointer, to_time, "not a time"); }
Cell Body::boolean_cell(std::string_view pointer) { return cell(*this, pointer, to_boolean, "not a boolean"); }
Cell Body::json_cell(std::string_view pointer) {
  const auto compact = [](const element& value) { return std::optional<std::string>(simdjson::minify(value)); };
  return cell(*this, pointer, compact, "not JSON");
}

bool Body::has(std::string_view pointer) const {
  const auto value = find(pointer);
  return value && !value->is_null();
}

size_t Body::length(std::string_view pointer) {
  const auto count = [](const element& value) -> std::optional<size_t> {
    if (!value.is_array()) return std::nullopt;
    return value.get_array().value_unsafe().size();
  };
  return required(*this, pointer, count, "not an array");
}

void Body::refuse(std::string_view pointer, std::string_view what) {
  if (problem_.empty()) problem_.append(pointer).append(": ").append(what);
}

Result<std::vector<store::Row>> Body::finish(std::vector<store::Row> rows) {
  if (!problem_.empty()) return invalid(std::move(problem_));
  return rows;
}

std::vector<store::Row> one_row(RowDraft&& draft) {
  std::vector<store::Row> rows;
  rows.push_back(std::move(draft).take());
  return rows;
}

Instant cut_to_seconds(Instant t) { return std::chrono::floor<std::chrono::seconds>(t); }
Instant cut_to_minutes(Instant t) { return std::chrono::floor<std::chrono::minutes>(t); }

Instant sent_at(const Event& event) { return time_inside(event.message_id).value_or(event.time); }

}  // namespace vf::projections
