#include "event/json_scanner.h"

#include <charconv>
#include <cstdint>

namespace vf {
namespace {

constexpr char32_t kReplacement = 0xfffd;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_plain(char c) { return c != '"' && c != '\\' && static_cast<uint8_t>(c) >= 0x20; }
bool is_high_surrogate(char32_t c) { return c >= 0xd800 && c < 0xdc00; }
bool is_low_surrogate(char32_t c) { return c >= 0xdc00 && c < 0xe000; }

void append_utf8(std::string& out, char32_t c) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | (c >> shift & 0x3f)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | c >> 6);
    tail(0);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | c >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xf0 | c >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

// Returns whether the number fits: an integer into int64 or uint64, any other number into a double.
bool in_range(std::string_view number, bool is_integer) {
  const char* end = number.data() + number.size();
  if (!is_integer) {
    double value = 0;
    return std::from_chars(number.data(), end, value).ec == std::errc{};
  }
  constexpr size_t kAlwaysFits = 18;
  if (number.size() <= kAlwaysFits) return true;
  uint64_t positive = 0;
  int64_t negative = 0;
  return (number.front() == '-' ? std::from_chars(number.data(), end, negative).ec
                                : std::from_chars(number.data(), end, positive).ec) == std::errc{};
}

}  // namespace

void JsonScanner::skip_space() {
  while (!at_end() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) ++at_;
}

bool JsonScanner::take(char c) {
  if (at_end() || text_[at_] != c) return false;
  ++at_;
  return true;
}

std::optional<std::string_view> JsonScanner::value(size_t depth_max) {
  const size_t begin = at_;
  portable_ = true;
  std::string closers;  // one for each open level; a loop instead of recursion, so that depth takes no stack
  while (true) {
    if (!descend(closers, depth_max)) return std::nullopt;
    for (; !closers.empty(); closers.pop_back()) {
      skip_space();
      if (!take(closers.back())) break;
    }
    if (closers.empty()) return text_.substr(begin, at_ - begin);
    if (!take(',')) return std::nullopt;
    skip_space();
    if (closers.back() == '}' && !skip_key()) return std::nullopt;
  }
}

// Moves into the arrays and objects that begin here, until it has passed a scalar or is at the end of an empty one.
bool JsonScanner::descend(std::string& closers, size_t depth_max) {
  while (peek() == '{' || peek() == '[') {
    if (closers.size() == depth_max) return false;
    closers += text_[at_++] == '{' ? '}' : ']';
    skip_space();
    if (peek() == closers.back()) return true;
    if (closers.back() == '}' && !skip_key()) return false;
  }
  return skip_scalar();
}

bool JsonScanner::skip_key() {
  if (!skip_string()) return false;
  skip_space();
  if (!take(':')) return false;
  skip_space();
  return true;
}

bool JsonScanner::skip_scalar() {
  switch (peek()) {
    case '"':
      return skip_string();
    case 't':
      return skip_word("true");
    case 'f':
      return skip_word("false");
    case 'n':
      return skip_word("null");
    default:
      return skip_number();
  }
}

bool JsonScanner::skip_word(std::string_view word) {
  if (!text_.substr(at_).starts_with(word)) return false;
  at_ += word.size();
  return true;
}

size_t JsonScanner::skip_digits() {
  const size_t begin = at_;
  while (is_digit(peek())) ++at_;
  return at_ - begin;
}

bool JsonScanner::skip_number() {
  const size_t begin = at_;
  take('-');
  if (!take('0') && skip_digits() == 0) return false;
  const bool has_fraction = take('.');
  if (has_fraction && skip_digits() == 0) return false;
  const bool has_exponent = take('e') || take('E');
  if (has_exponent) {
    if (!take('+')) take('-');
    if (skip_digits() == 0) return false;
  }
  portable_ = portable_ && in_range(text_.substr(begin, at_ - begin), !has_fraction && !has_exponent);
  return true;
}

bool JsonScanner::skip_string() {
  if (!take('"')) return false;
  while (true) {
    while (!at_end() && is_plain(text_[at_])) ++at_;
    if (take('"')) return true;
    if (!take('\\') || !escape()) return false;
  }
}

std::optional<std::string> JsonScanner::string() {
  if (!take('"')) return std::nullopt;
  std::string out;
  while (true) {
    const size_t begin = at_;
    while (!at_end() && is_plain(text_[at_])) ++at_;
    out.append(text_, begin, at_ - begin);
    if (take('"')) return out;
    if (!take('\\')) return std::nullopt;
    const auto character = escape();
    if (!character) return std::nullopt;
    append_utf8(out, *character);
  }
}

// Reads the rest of an escape, after its backslash.
std::optional<char32_t> JsonScanner::escape() {
  const char c = peek();
  if (!at_end()) ++at_;
  switch (c) {
    case '"':
    case '\\':
    case '/':
      return static_cast<char32_t>(c);
    case 'b':
      return U'\b';
    case 'f':
      return U'\f';
    case 'n':
      return U'\n';
    case 'r':
      return U'\r';
    case 't':
      return U'\t';
    case 'u':
      return unicode_escape();
    default:
      return std::nullopt;
  }
}

// Reads the rest of an escape after "\u": one code unit, or a pair of surrogates.
std::optional<char32_t> JsonScanner::unicode_escape() {
  const auto first = hex4();
  if (!first || !(is_high_surrogate(*first) || is_low_surrogate(*first))) return first;
  if (is_high_surrogate(*first) && text_.substr(at_).starts_with("\\u")) {
    const size_t before = at_;
    at_ += 2;
    const auto second = hex4();
    if (!second) return std::nullopt;
    if (is_low_surrogate(*second)) return 0x10000 + ((*first - 0xd800) << 10 | (*second - 0xdc00));
    at_ = before;  // no pair: the next escape is read by itself
  }
  portable_ = false;
  return kReplacement;
}

std::optional<char32_t> JsonScanner::hex4() {
  if (text_.size() - at_ < 4) return std::nullopt;
  uint16_t unit = 0;
  const char* begin = text_.data() + at_;
  const auto [stop, error] = std::from_chars(begin, begin + 4, unit, 16);
  if (error != std::errc{} || stop != begin + 4) return std::nullopt;
  at_ += 4;
  return unit;
}

}  // namespace vf
