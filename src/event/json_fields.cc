#include "event/json_fields.h"

#include <simdjson.h>

#include <charconv>
#include <cmath>

#include "event/event.h"
#include "event/json_scanner.h"

namespace vf {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kSpace = " \n\r\t";

// An index with more nodes than this (about 100 KB) is freed after use.
constexpr size_t kKeptNodesMax = 4096;

bool is_valid_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

// Returns the next token of a pointer, without its slash, and removes both from the pointer.
std::optional<std::string_view> take_token(std::string_view& pointer) {
  if (!pointer.starts_with('/')) return std::nullopt;
  const auto token = pointer.substr(1, pointer.find('/', 1) - 1);
  pointer.remove_prefix(1 + token.size());
  return token;
}

// "~0" stands for "~" and "~1" for "/" (RFC 6901 section 4). Returns nullopt for any other "~".
std::optional<std::string> decoded(std::string_view token) {
  std::string out;
  for (size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '~') {
      out += token[i];
      continue;
    }
    const char code = i + 1 < token.size() ? token[i + 1] : '\0';
    if (code != '0' && code != '1') return std::nullopt;
    out += code == '0' ? '~' : '/';
    ++i;
  }
  return out;
}

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return number;
}

bool is_integer(std::string_view number) { return number.find_first_of(".eE") == std::string_view::npos; }

// Returns the milliseconds of a fraction ".5" or ".500123"; nullopt for any other text.
std::optional<int64_t> fraction_millis(std::string_view text) {
  if (text.empty()) return 0;
  if (text.size() == 1 || text[0] != '.') return std::nullopt;
  int64_t millis = 0;
  int64_t weight = 100;
  for (const char c : text.substr(1)) {
    if (c < '0' || c > '9') return std::nullopt;
    millis += (c - '0') * weight;
    weight /= 10;
  }
  return millis;
}

constexpr int64_t kSecondsMax = 100'000'000'000;
constexpr int64_t kMillisMax = 253'402'300'800'000;  // the year 10000

// Reads a number with an exponent, "1.767225600123e9", to the nearest millisecond.
std::optional<Instant> scaled_unix_time(std::string_view text) {
  const auto number = text[0] >= '0' && text[0] <= '9' ? number_in<double>(text) : std::nullopt;
  if (!number || !(*number < static_cast<double>(kMillisMax))) return std::nullopt;
  const bool is_seconds = *number < static_cast<double>(kSecondsMax);
  const int64_t millis = std::llround(is_seconds ? *number * 1000 : *number);
  return millis > 0 ? std::optional(from_unix_millis(millis)) : std::nullopt;
}

// Reads seconds or milliseconds since 1970.
std::optional<Instant> unix_time(std::string_view text) {
  if (text.find_first_of("eE") != std::string_view::npos) return scaled_unix_time(text);
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || number <= 0 || number >= kMillisMax) return std::nullopt;
  const auto millis = fraction_millis({stop, end});
  if (!millis) return std::nullopt;
  return from_unix_millis(number < kSecondsMax ? number * 1000 + *millis : number);
}

// Replaces each byte that is not part of a UTF-8 character.
std::string to_utf8(std::string text) {
  if (is_valid_utf8(text)) return text;
  std::string out;
  for (size_t i = 0; i < text.size();) {
    size_t length = 1;
    while (length <= 4 && i + length <= text.size() && !is_valid_utf8({text.data() + i, length})) ++length;
    const bool found = length <= 4 && i + length <= text.size();
    found ? out.append(text, i, length) : out.append("\xef\xbf\xbd");
    i += found ? length : 1;
  }
  return out;
}

// The calling thread's spare index.
std::unique_ptr<JsonIndex>& spare() {
  thread_local std::unique_ptr<JsonIndex> kept;
  return kept;
}

}  // namespace

std::string_view without_padding(std::string_view body) {
  if (body.starts_with(kByteOrderMark)) body.remove_prefix(kByteOrderMark.size());
  const size_t begin = body.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return body.substr(begin, body.find_last_not_of(kSpace) + 1 - begin);
}

std::optional<Instant> read_time(std::string_view text) {
  constexpr std::chrono::sys_days kZeroDay{std::chrono::year{1} / 1 / 1};
  const auto time = parse_time(text);
  if (!time) return unix_time(text);
  const bool is_zero = text.starts_with("0001-01-01") || std::chrono::floor<std::chrono::days>(*time) == kZeroDay;
  return is_zero ? std::nullopt : time;
}

JsonFields::JsonFields(std::string_view body) : index_(std::move(spare())) {
  if (!index_) index_ = std::make_unique<JsonIndex>();
  index_->build(without_padding(body));
}

JsonFields::~JsonFields() {
  if (index_->nodes().capacity() <= kKeptNodesMax) spare() = std::move(index_);
}

bool JsonFields::has_values() const { return !index_->nodes().empty(); }
bool JsonFields::is_plain() const { return index_->is_portable() && is_valid_utf8(index_->text()); }
JsonValue JsonFields::root() const { return {*index_, has_values() ? index_->nodes().data() : nullptr}; }

std::string_view JsonValue::token() const { return index_->text().substr(node_->begin, node_->end - node_->begin); }

std::optional<std::string> JsonValue::text() const {
  if (kind() == Kind::number && is_integer(token())) return std::string(token());
  if (kind() != Kind::string) return std::nullopt;
  JsonScanner scanner(token());
  auto text = scanner.string();
  if (!text || !scanner.is_portable() || !is_valid_utf8(*text)) return std::nullopt;
  return text;
}

std::optional<std::string> JsonValue::replaced_text() const {
  if (kind() != Kind::string) return text();
  auto text = JsonScanner(token()).string();
  if (!text) return std::nullopt;
  return to_utf8(*std::move(text));
}

std::optional<std::string> JsonValue::scalar() const {
  return kind() == Kind::boolean ? std::optional<std::string>(token()) : text();
}

std::optional<int64_t> JsonValue::integer() const {
  if (kind() == Kind::number) return number_in<int64_t>(token());
  const auto digits = kind() == Kind::string ? text() : std::nullopt;
  return digits ? number_in<int64_t>(*digits) : std::nullopt;
}

std::optional<bool> JsonValue::boolean() const {
  const auto word = scalar();
  if (word == "true") return true;
  if (word == "false") return false;
  return std::nullopt;
}

std::optional<Instant> JsonValue::time() const {
  if (kind() == Kind::number) return read_time(token());
  const auto text = kind() == Kind::string ? this->text() : std::nullopt;
  return text ? read_time(*text) : std::nullopt;
}

std::optional<std::string> JsonValue::compact_json() const {
  if (node_ == nullptr || node_->kind == Kind::malformed) return std::nullopt;
  JsonScanner scanner(token());
  if (!scanner.value(kBodyDepthMax) || !is_valid_utf8(token())) return std::nullopt;
  std::string out;
  bool is_string = false;
  for (size_t i = 0; i < token().size(); ++i) {
    const char c = token()[i];
    if (!is_string && kSpace.contains(c)) continue;
    out += c;
    if (c == '"') is_string = !is_string;
    if (c == '\\') out += token()[++i];
  }
  return out;
}

JsonValue JsonValue::member(std::string_view token) const {
  const JsonNode* nodes = index_->nodes().data();
  const JsonNode* end = nodes + node_->next;
  const JsonNode* found = nullptr;
  std::optional<std::string> unescaped;
  if (token.contains('~')) {
    unescaped = decoded(token);
    if (!unescaped) return {*index_, found};
    token = *unescaped;
  }
  const std::string_view text = index_->text();
  for (const auto* child = node_ + 1; child < end; child = nodes + child->next) {
    const size_t length = child->key_end - child->key_begin;
    if (child->key_has_escapes) {
      if (JsonScanner(text.substr(child->key_begin - 1, length + 2)).string() == token) found = child;
    } else if (length == token.size() && text.substr(child->key_begin, length) == token) {
      found = child;
    }
  }
  return {*index_, found};
}

JsonValue JsonValue::element(std::string_view token) const {
  const auto* end = index_->nodes().data() + node_->next;
  const auto index = number_in<uint32_t>(token);
  const bool is_canonical = index && (token == "0" || !token.starts_with('0'));
  const auto* child = is_canonical ? node_ + 1 : end;
  for (uint32_t i = 0; child < end && i < *index; ++i) child = index_->nodes().data() + child->next;
  return {*index_, child < end ? child : nullptr};
}

JsonValue JsonValue::at(std::string_view pointer) const {
  JsonValue value = *this;
  while (value.exists() && !pointer.empty()) {
    const auto token = take_token(pointer);
    if (token && value.kind() == Kind::object) {
      value = value.member(*token);
    } else if (token && value.kind() == Kind::array) {
      value = value.element(*token);
    } else {
      value = {*index_, nullptr};
    }
  }
  return value;
}

std::vector<JsonValue> JsonValue::elements() const {
  std::vector<JsonValue> out;
  if (kind() != Kind::array) return out;
  const auto* end = index_->nodes().data() + node_->next;
  for (const auto* child = node_ + 1; child < end; child = index_->nodes().data() + child->next) {
    out.push_back(JsonValue{*index_, child});
  }
  return out;
}

}  // namespace vf
