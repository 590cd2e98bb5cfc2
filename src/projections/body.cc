#include "projections/body.h"

#include "event/identity.h"

namespace vf::projections {
namespace {

using store::Value;

// PostgreSQL's text cannot hold U+0000.
std::string without_nul(std::string text) {
  for (size_t at = text.find('\0'); at != std::string::npos; at = text.find('\0', at)) {
    text.replace(at, 1, "\xef\xbf\xbd");
  }
  return text;
}

constexpr std::string_view kTooLong = "longer than 1024 bytes";
static_assert(kKeyTextBytesMax == 1024);

// Returns a cell: NULL for null, nullopt for a missing or malformed value, for which `read` returns nullopt.
template <class Read>
Cell cell(const JsonValue& value, Read read) {
  if (value.kind() == JsonValue::Kind::null) return Value{};
  auto got = read(value);
  return got ? Cell{Value{std::move(*got)}} : std::nullopt;
}

// Go and .NET send the zero time, and others an empty text, where they have no time: that is null in another spelling.
bool is_no_time(const JsonValue& value) {
  constexpr std::string_view kZeroDate = "0001-01-01";
  const auto text = value.text();
  return text && (text->empty() || text->starts_with(kZeroDate));
}

}  // namespace

Body::Body(const Event& event) : fields_(event.body) {
  if (!fields_.has_values()) {
    problem_ = "the body is not JSON";
  } else if (fields_.root().kind() != JsonValue::Kind::object) {
    problem_ = "the body is not a JSON object";
  }
}

int64_t Body::id(std::string_view pointer) {
  const int64_t value = integer(pointer);
  if (value <= 0) refuse(pointer, "not a positive integer");
  return value;
}

int64_t Body::integer(std::string_view pointer) {
  const auto value = fields_.at(pointer).integer();
  if (!value) refuse_value(pointer, "not an integer");
  return value.value_or(0);
}

std::string Body::text(std::string_view pointer) {
  auto value = fields_.at(pointer).text();
  if (!value) refuse_value(pointer, "not a text");
  if (value && value->empty()) refuse(pointer, "empty");
  if (value && value->size() > kKeyTextBytesMax) refuse(pointer, kTooLong);
  return value ? without_nul(*std::move(value)) : std::string();
}

Instant Body::time(std::string_view pointer) {
  const auto value = fields_.at(pointer).time();
  if (!value) refuse_value(pointer, "not a time");
  return value.value_or(Instant{});
}

Cell Body::integer_cell(std::string_view pointer) const {
  return cell(fields_.at(pointer), [](const JsonValue& value) { return value.integer(); });
}

Cell Body::text_cell(std::string_view pointer) const {
  return cell(fields_.at(pointer), [](const JsonValue& value) {
    auto text = value.replaced_text();
    return text ? std::optional(without_nul(*std::move(text))) : std::nullopt;
  });
}

Cell Body::indexed_text_cell(std::string_view pointer) const {
  auto value = text_cell(pointer);
  const auto* text = value ? std::get_if<std::string>(&*value) : nullptr;
  return text != nullptr && text->size() > kKeyTextBytesMax ? std::nullopt : value;
}

Cell Body::time_cell(std::string_view pointer) const {
  const auto value = fields_.at(pointer);
  if (is_no_time(value)) return Value{};
  return cell(value, [](const JsonValue& present) { return present.time(); });
}

Cell Body::boolean_cell(std::string_view pointer) const {
  return cell(fields_.at(pointer), [](const JsonValue& value) { return value.boolean(); });
}

Cell Body::json_cell(std::string_view pointer) const {
  return cell(fields_.at(pointer), [](const JsonValue& value) { return value.compact_json(); });
}

std::optional<Instant> Body::optional_time(std::string_view pointer) const { return fields_.at(pointer).time(); }
std::optional<bool> Body::optional_boolean(std::string_view pointer) const { return fields_.at(pointer).boolean(); }
std::optional<std::string> Body::optional_text(std::string_view pointer) const {
  auto text = fields_.at(pointer).text();
  if (!text || text->empty() || text->size() > kKeyTextBytesMax) return std::nullopt;
  return without_nul(*std::move(text));
}

bool Body::has(std::string_view pointer) const { return fields_.at(pointer).has(); }

bool Body::is_object(std::string_view pointer) const { return fields_.at(pointer).kind() == JsonValue::Kind::object; }

size_t Body::length(std::string_view pointer) {
  const auto value = fields_.at(pointer);
  if (value.kind() != JsonValue::Kind::array) refuse_value(pointer, "not an array");
  return value.elements().size();
}

void Body::refuse(std::string_view pointer, std::string_view what) {
  if (problem_.empty()) problem_.append(pointer).append(": ").append(what);
}

void Body::refuse_value(std::string_view pointer, std::string_view malformed) {
  switch (fields_.at(pointer).kind()) {
    case JsonValue::Kind::missing:
      return refuse(pointer, "missing");
    case JsonValue::Kind::null:
      return refuse(pointer, "null");
    default:
      return refuse(pointer, malformed);
  }
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
