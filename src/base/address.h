// Address: where something is reached, as a URL that may hold credentials. It can only be shown masked: it has no
// conversion to text and no operator<<, so that a password cannot get into a log, an answer or an error by mistake.
// Values and pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace vf {

/// The parts of "scheme://user_info@hosts/path?query". They point into the text that was split.
struct AddressParts {
  std::string_view scheme;
  std::string_view user_info;  // empty also where there is none
  std::string_view hosts;      // "host", "host:port", for PostgreSQL also none or several with commas between
  std::string_view path;       // from the first '/'; may be empty
  std::string_view query;      // after the '?'
};

/// Splits an address of visible ASCII. Returns nullopt where a reader could take a part of a password for something
/// else: a raw '@' that does not end the user info, a '#', a port that is no number, a host with other characters than
/// letters, digits and -._~% or an IPv6 address in brackets.
std::optional<AddressParts> split_address(std::string_view text);

class Address {
 public:
  Address() = default;
  // Not explicit: to hide a text is always safe.
  Address(std::string text) : text_(std::move(text)) {}
  Address(const char* text) : text_(text) {}

  /// Returns the whole text, for those who connect to it or compute with it.
  const std::string& reveal() const { return text_; }
  /// Returns the text with "***" in place of user info and query values; "***" alone if it cannot be split.
  std::string shown() const;
  bool empty() const { return text_.empty(); }

  friend bool operator==(const Address&, const Address&) = default;

 private:
  std::string text_;
};

}  // namespace vf
