#include "event/json_index.h"

#include <array>
#include <cstring>
#include <limits>

#include "event/event.h"
#include "event/json_scanner.h"

namespace vf {
namespace {

using Kind = JsonKind;

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

constexpr uint64_t repeated(uint8_t byte) { return byte * 0x0101010101010101u; }

// Returns whether one of the eight bytes is a quote, a backslash or a control character, after
// https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord.
bool has_special(uint64_t bytes) {
  const auto zero = [](uint64_t x) { return (x - repeated(1)) & ~x; };
  const uint64_t control = (bytes - repeated(0x20)) & ~bytes;
  return ((zero(bytes ^ repeated('"')) | zero(bytes ^ repeated('\\')) | control) & repeated(0x80)) != 0;
}

bool is_special(char c) { return c == '"' || c == '\\' || static_cast<uint8_t>(c) < 0x20; }

// Returns the place of the first special byte from `at` on.
size_t after_plain(std::string_view text, size_t at) {
  for (uint64_t bytes = 0; at + sizeof(bytes) <= text.size(); at += sizeof(bytes)) {
    std::memcpy(&bytes, text.data() + at, sizeof(bytes));
    if (has_special(bytes)) break;
  }
  while (at < text.size() && !is_special(text[at])) ++at;
  return at;
}

// By byte: whether it ends a scalar that is not a string.
constexpr auto kEndsScalar = [] {
  std::array<bool, 256> ends{};
  for (const char c : {' ', '\n', '\r', '\t', ',', ']', '}', '[', '{', ':', '"'}) ends[static_cast<uint8_t>(c)] = true;
  return ends;
}();

// Returns the place of the first byte from `at` on that ends a scalar.
size_t after_bare_scalar(std::string_view text, size_t at) {
  while (at < text.size() && !kEndsScalar[static_cast<uint8_t>(text[at])]) ++at;
  return at;
}

// Returns whether the number is an integer that is in range by its length alone.
bool is_short_integer(std::string_view token) {
  constexpr size_t kDigitsMax = 18;
  if (token.starts_with('-')) token.remove_prefix(1);
  if (token.empty() || token.size() > kDigitsMax || (token[0] == '0' && token.size() > 1)) return false;
  for (const char c : token) {
    if (c < '0' || c > '9') return false;
  }
  return true;
}

}  // namespace

void JsonIndex::build(std::string_view text) {
  text_ = text;
  at_ = 0;
  portable_ = true;
  nodes_.clear();
  open_.clear();
  closers_.clear();
  if (text.size() <= std::numeric_limits<uint32_t>::max() && read_all()) return;
  nodes_.clear();
  portable_ = false;
}

void JsonIndex::skip_space() {
  while (at_ < text_.size() && is_space(text_[at_])) ++at_;
}

// A loop instead of recursion, so that depth takes no stack.
bool JsonIndex::read_all() {
  skip_space();
  Key key;
  while (descend(key)) {
    for (skip_space(); !closers_.empty() && peek() == closers_.back(); skip_space()) close();
    if (closers_.empty()) return at_ == text_.size() && nodes_.front().kind != Kind::malformed;
    if (peek() != ',') return false;
    ++at_;
    skip_space();
    if (!read_key(key)) return false;
  }
  return false;
}

// Moves into the containers that begin here, until it has passed a scalar or is at the end of an empty container.
bool JsonIndex::descend(Key& key) {
  while (peek() == '{' || peek() == '[') {
    open(key);
    skip_space();
    if (peek() == closers_.back()) return true;
    if (!read_key(key)) return false;
  }
  return read_scalar(key);
}

void JsonIndex::open(const Key& key) {
  const bool is_object = peek() == '{';
  if (JsonNode* node = add(at_, key)) {
    if (closers_.size() < kBodyDepthMax) {
      node->kind = is_object ? Kind::object : Kind::array;
    } else {
      portable_ = false;  // too deep: the container is one malformed value, and what it contains gets no nodes
    }
    open_.push_back(static_cast<uint32_t>(nodes_.size() - 1));
  }
  closers_ += is_object ? '}' : ']';
  ++at_;
}

void JsonIndex::close() {
  ++at_;
  closers_.pop_back();
  if (closers_.size() > kBodyDepthMax) return;
  JsonNode& node = nodes_[open_.back()];
  open_.pop_back();
  node.end = static_cast<uint32_t>(at_);
  node.next = static_cast<uint32_t>(nodes_.size());
}

// Returns nullptr where values get no node.
JsonNode* JsonIndex::add(size_t begin, const Key& key) {
  if (closers_.size() > kBodyDepthMax) return nullptr;
  return &nodes_.emplace_back(JsonNode{.begin = static_cast<uint32_t>(begin),
                                       .key_begin = key.begin,
                                       .key_end = key.end,
                                       .next = static_cast<uint32_t>(nodes_.size() + 1),
                                       .key_has_escapes = key.has_escapes});
}

// Reads a key and the colon after it, if an object's member begins here.
bool JsonIndex::read_key(Key& key) {
  key = {};
  if (closers_.back() != '}') return true;
  const size_t begin = at_;
  bool is_plain = true;
  if (!skip_string(is_plain)) return false;
  key = {.begin = static_cast<uint32_t>(begin + 1), .end = static_cast<uint32_t>(at_ - 1), .has_escapes = !is_plain};
  skip_space();
  if (peek() != ':') return false;
  ++at_;
  skip_space();
  return true;
}

bool JsonIndex::read_scalar(const Key& key) {
  const size_t begin = at_;
  Kind kind = Kind::string;
  if (peek() == '"') {
    bool is_plain = true;
    if (!skip_string(is_plain)) return false;
  } else {
    at_ = after_bare_scalar(text_, begin);
    if (at_ == begin) return false;
    kind = kind_of_bare(text_.substr(begin, at_ - begin));
  }
  if (JsonNode* node = add(begin, key)) {
    node->end = static_cast<uint32_t>(at_);
    node->kind = kind;
  }
  return true;
}

JsonKind JsonIndex::kind_of_bare(std::string_view token) {
  if (is_short_integer(token)) return Kind::number;
  if (token == "true" || token == "false") return Kind::boolean;
  if (token == "null") return Kind::null;
  if (check(token)) return Kind::number;
  return Kind::malformed;
}

// Moves past a string. `is_plain`: it has neither escapes nor control characters.
bool JsonIndex::skip_string(bool& is_plain) {
  if (peek() != '"') return false;
  const size_t begin = at_;
  is_plain = true;
  size_t end = after_plain(text_, begin + 1);
  while (end < text_.size() && text_[end] != '"') {
    is_plain = false;
    end = after_plain(text_, end + (text_[end] == '\\' ? 2 : 1));
  }
  if (end >= text_.size()) return false;
  at_ = end + 1;
  if (!is_plain) check(text_.substr(begin, at_ - begin));
  return true;
}

// Returns whether the scalar is JSON, and notes whether it is portable.
bool JsonIndex::check(std::string_view scalar) {
  JsonScanner scanner(scalar);
  const bool is_json = scanner.value(0).has_value() && scanner.at_end();
  portable_ = portable_ && is_json && scanner.is_portable();
  return is_json;
}

}  // namespace vf
