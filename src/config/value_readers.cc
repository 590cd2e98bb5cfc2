#include "config/value_readers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>

#include "base/bytes.h"
#include "config/suggest.h"
#include "config/units.h"
#include "config/url.h"

namespace vf::config {
namespace {

Complaint check_bounds(int64_t value, const Row& rules, std::string (*format)(int64_t)) {
  if (value >= rules.min && value <= rules.max) return std::nullopt;
  if (rules.max == kUnbounded) return "must be at least " + format(rules.min);
  return "must be from " + format(rules.min) + " to " + format(rules.max);
}

Complaint check_text(const std::string& text, const Row& rules) {
  if (trim(text).empty()) return "is empty";
  return rules.check ? rules.check(text) : std::nullopt;
}

}  // namespace

std::string number_bound(int64_t number) { return std::to_string(number); }
std::string duration_bound(int64_t ms) { return format_duration(Millis{ms}); }
std::string size_bound(int64_t bytes) { return format_size(bytes); }

Complaint check_word(const std::string& text, const Row& rules) {
  if (std::ranges::find(rules.words, text) != rules.words.end()) return std::nullopt;
  const std::string meant = nearest(text, rules.words);
  return fmt::format("'{}' must be one of {}{}", text, fmt::join(rules.words, ", "),
                     meant.empty() ? "" : "; did you mean " + meant + "?");
}

Complaint Value<std::string>::read(const std::string& text, const Row& rules, std::string& out) {
  if (!rules.words.empty()) {
    if (auto wrong = check_word(text, rules)) return wrong;
  }
  out = text;
  return std::nullopt;
}

Complaint Value<std::filesystem::path>::read(const std::string& text, const Row&, std::filesystem::path& out) {
  if (text.empty()) return "must name a directory";
  out = text;
  return std::nullopt;
}

Complaint Value<FileText>::read(const std::string& text, const Row& rules, FileText& out) {
  out.text = text;
  return check_text(text, rules);
}

Complaint Value<Secret>::read(const std::string& text, const Row& rules, Secret& out) {
  out = Secret(text);
  return check_text(text, rules);
}

Complaint Value<bool>::read(const std::string& text, const Row&, bool& out) {
  if (text != "true" && text != "false") return "'" + text + "' must be true or false";
  out = text == "true";
  return std::nullopt;
}

Complaint Value<int64_t>::read(const std::string& text, const Row& rules, int64_t& out) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, out);
  if (error != std::errc{} || stop != end) return "'" + text + "' must be a whole number";
  return check_bounds(out, rules, kType.bound);
}

// The row's bounds keep the number within an int.
Complaint Value<int>::read(const std::string& text, const Row& rules, int& out) {
  int64_t number = 0;
  if (auto wrong = Value<int64_t>::read(text, rules, number)) return wrong;
  out = static_cast<int>(number);
  return std::nullopt;
}

Complaint Value<size_t>::read(const std::string& text, const Row& rules, size_t& out) {
  int64_t number = 0;
  if (auto wrong = Value<int64_t>::read(text, rules, number)) return wrong;
  if (number < 0) return "must not be negative";
  out = static_cast<size_t>(number);
  return std::nullopt;
}

Complaint Value<Millis>::read(const std::string& text, const Row& rules, Millis& out) {
  const auto duration = parse_duration(text);
  if (!duration) return "'" + text + "' " + duration.error().message;
  out = *duration;
  return check_bounds(out.count(), rules, kType.bound);
}

std::string Value<Millis>::text(Millis value) { return format_duration(value); }

Complaint Value<std::optional<Millis>>::read(const std::string& text, const Row& rules, std::optional<Millis>& out) {
  out.reset();
  if (text == "none") return std::nullopt;
  if (auto wrong = Value<Millis>::read(text, rules, out.emplace())) return *wrong + ", or none";
  return std::nullopt;
}

Complaint Value<Size>::read(const std::string& text, const Row& rules, Size& out) {
  const auto bytes = parse_size(text);
  if (!bytes) return "'" + text + "' " + bytes.error().message;
  out.bytes = *bytes;
  return check_bounds(out.bytes, rules, kType.bound);
}

std::string Value<Size>::text(Size size) { return format_size(size.bytes); }

Complaint Value<Listen>::read(const std::string& text, const Row&, Listen& out) {
  if (auto wrong = check_host_and_port(text, true)) {
    return "'" + text + "' " + *wrong + "; write address:port, such as 127.0.0.1:8080 or [::1]:8080";
  }
  out.address = text;
  return std::nullopt;
}

// The complaints do not quote the value, because it may contain a password.
Complaint Value<Url>::read(const std::string& text, const Row&, Url& out) {
  if (!is_http(text)) return "must start with http:// or https://";
  const auto unfit = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f' || c == '#'; };
  if (std::ranges::any_of(text, unfit))
    return "contains a blank, a control character or '#'; write it as %XX, or remove it";
  if (auto wrong = check_host_and_port(authority(text), false)) return *wrong + "; write http://host:port/path";
  out.text = text;
  while (out.text.ends_with('/')) out.text.pop_back();
  return std::nullopt;
}

}  // namespace vf::config
