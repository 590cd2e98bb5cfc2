// PrintableStream: through it pass the streams of every command, so that no text of a provider, an environment or a
// proxy acts on the terminal (base/printable.h). One thread; display_width() is a pure function.
#pragma once

#include <ostream>
#include <streambuf>
#include <string>
#include <string_view>

namespace vf::cli {

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
