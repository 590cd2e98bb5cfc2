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

std::string shown_address(const std::string& text) { return Address(text).shown(); }

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
  if (auto wrong = check_path(text)) return wrong;
  out = text;
  return std::nullopt;
}

Complaint Value<FileText>::read(const std::string& text, const Row& rules, FileText& out) {
  if (text.contains("-----BEGIN") && text.contains("\\n")) {
    return "has \\n as two characters where a line must end; take it from a file, or put it into double quotes";
  }
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
  if (text.starts_with("*:") || text.starts_with(':')) {
    const std::string port = text.substr(text.find(':'));
    return "'" + text + "' has no address; write 0.0.0.0" + port + " to listen on every IPv4 address, or [::]" + port +
           " for IPv6 too";
  }
  if (auto wrong = check_host_and_port(text, true)) {
    return "'" + text + "' " + *wrong + "; write address:port, such as 127.0.0.1:8080 or [::1]:8080";
  }
  out.address = text;
  return std::nullopt;
}

Complaint Value<Address>::read(const std::string& text, const Row& rules, Address& out) {
  if (auto wrong = check_http_address(text)) return wrong;
  if (auto wrong = rules.check ? rules.check(text) : std::nullopt) return wrong;
  out = text.substr(0, text.find_last_not_of('/') + 1);
  return std::nullopt;
}

}  // namespace vf::config
