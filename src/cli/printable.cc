#include "cli/printable.h"

#include <locale.h>
#include <wchar.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "base/printable.h"
#include "base/utf8.h"

namespace vf::cli {
namespace {

/// The widths of Unicode's characters, whatever the user's locale is. C.UTF-8 is part of glibc's own package.
class WidthsOfUnicode {
 public:
  WidthsOfUnicode() : before_(uselocale(locale())) {}
  ~WidthsOfUnicode() { uselocale(before_); }
  WidthsOfUnicode(const WidthsOfUnicode&) = delete;
  WidthsOfUnicode& operator=(const WidthsOfUnicode&) = delete;

  size_t of(char32_t c) const {
    const int width = wcwidth(static_cast<wchar_t>(c));
    return width < 0 ? 1 : static_cast<size_t>(width);  // -1: it is not assigned; terminals show a box
  }

 private:
  static locale_t locale() {
    static const locale_t unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return unicode;  // null, where there is none: uselocale() then changes nothing
  }

  const locale_t before_;
};

/// Returns the number of bytes at the end of `text` that begin a character without ending it.
size_t begun_at_the_end(std::string_view text) {
  for (size_t bytes = 1; bytes <= std::min<size_t>(3, text.size()); ++bytes) {
    const char lead = text[text.size() - bytes];
    if ((static_cast<uint8_t>(lead) & 0xC0) != 0x80) return character_bytes(lead) > bytes ? bytes : 0;
  }
  return 0;
}

}  // namespace

size_t display_width(std::string_view text) {
  const WidthsOfUnicode widths;
  size_t columns = 0;
  while (!text.empty()) {
    const Character next = first_character(text);
    columns += widths.of(next.code.value_or(0xFFFD));
    text.remove_prefix(next.bytes.size());
  }
  return columns;
}

bool PrintableStream::Buffer::note_failure() {
  if (to_) return true;
  if (error_ == 0) error_ = errno != 0 ? errno : EIO;
  return false;
}

bool PrintableStream::Buffer::write(std::string_view text) {
  begun_ += text;
  const size_t begun = begun_at_the_end(begun_);
  const std::string whole = printable(std::string_view(begun_).substr(0, begun_.size() - begun));
  begun_.erase(0, begun_.size() - begun);
  errno = 0;
  to_.write(whole.data(), static_cast<std::streamsize>(whole.size()));
  return note_failure();
}

bool PrintableStream::Buffer::flush() {
  errno = 0;
  to_.flush();
  return note_failure();
}

void PrintableStream::Buffer::end() {
  const std::string left = printable(std::exchange(begun_, {}));
  if (!left.empty()) to_ << left;
  flush();
}

PrintableStream::Buffer::int_type PrintableStream::Buffer::overflow(int_type c) {
  if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
  const char one = traits_type::to_char_type(c);
  return write({&one, 1}) ? c : traits_type::eof();
}

std::streamsize PrintableStream::Buffer::xsputn(const char* text, std::streamsize bytes) {
  return write({text, static_cast<size_t>(bytes)}) ? bytes : 0;
}

int PrintableStream::finish() {
  buffer_.end();
  return buffer_.error();
}

}  // namespace vf::cli
