// Printable: what a terminal may be given of texts that come from elsewhere: from providers, environments and proxies.
// The streams of every command pass through PrintableStream, so no text can move the cursor, colour the screen or turn
// the direction of writing. Pure functions, except PrintableStream: one thread.
#pragma once

#include <ostream>
#include <streambuf>
#include <string>
#include <string_view>

namespace vf::cli {

/// Returns `text` with control characters (C0 but line feed and tab, DEL, C1) and controls of the direction of writing
/// as \u001b, and with bytes that are not UTF-8 as U+FFFD. Within a JSON string these escapes mean the same characters,
/// so JSON stays the same JSON.
std::string printable(std::string_view text);
/// The same for a text that stands on one line: line feed and tab are escaped, too.
std::string one_line(std::string_view text);
/// Returns how many columns a printable text takes on a terminal: wide characters take two, combining marks none.
size_t display_width(std::string_view text);

/// Writes printable() of what it is given to another stream, at once; of a character whose bytes come in pieces, when
/// it is whole. It fails when the other stream does.
class PrintableStream : public std::ostream {
 public:
  explicit PrintableStream(std::ostream& to) : std::ostream(nullptr), buffer_(to) { rdbuf(&buffer_); }
  ~PrintableStream() override { finish(); }
  PrintableStream(const PrintableStream&) = delete;
  PrintableStream& operator=(const PrintableStream&) = delete;

  /// Writes what is left, and flushes the other stream. Returns the errno of the first failure; 0: all was written.
  int finish();

 private:
  class Buffer : public std::streambuf {
   public:
    explicit Buffer(std::ostream& to) : to_(to) {}
    bool write(std::string_view text);
    bool flush();
    void end();
    int error() const { return error_; }

   protected:
    int_type overflow(int_type c) override;
    std::streamsize xsputn(const char* text, std::streamsize bytes) override;
    int sync() override { return flush() ? 0 : -1; }

   private:
    bool note_failure();

    std::ostream& to_;
    std::string begun_;  // the first bytes of a character that is not whole yet
    int error_ = 0;
  };

  Buffer buffer_;
};

}  // namespace vf::cli
