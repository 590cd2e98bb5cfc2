// JsonScanner: a strict scanner of JSON text (RFC 8259). It works in one pass and builds no tree; it finds the exact
// bytes of an envelope's data. The text must be valid UTF-8. Used by one thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace vf {

class JsonScanner {
 public:
  explicit JsonScanner(std::string_view text) : text_(text) {}

  void skip_space();
  bool at_end() const { return at_ == text_.size(); }
  /// Returns the next byte, or 0 at the end.
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  /// Returns the text that is not read yet.
  std::string_view rest() const { return text_.substr(at_); }
  /// Moves past `c` and returns true if it is the next byte.
  bool take(char c);

  /// Moves past one value, which must begin here, and returns its exact bytes. Returns nullopt when it is not JSON or
  /// is nested more than `depth_max` levels.
  std::optional<std::string_view> value(size_t depth_max);
  /// Moves past one string, which must begin here, and decodes it; a lone surrogate becomes U+FFFD.
  std::optional<std::string> string();

  /// Returns false when the last value() has a number that fits neither a double nor a 64-bit integer, or a lone
  /// surrogate. The grammar allows both, but strict readers refuse them.
  bool is_portable() const { return portable_; }

 private:
  bool descend(std::string& closers, size_t depth_max);
  bool skip_key();
  bool skip_scalar();
  bool skip_word(std::string_view word);
  bool skip_number();
  size_t skip_digits();
  bool skip_string();
  std::optional<char32_t> escape();
  std::optional<char32_t> unicode_escape();
  std::optional<char32_t> hex4();

  std::string_view text_;
  size_t at_ = 0;
  bool portable_ = true;
};

}  // namespace vf
