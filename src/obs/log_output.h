// LogOutput: writes log lines to a file descriptor on a thread of its own, so that a reader that stops reading (a full
// pipe, a stopped terminal) stops nothing but the log. Thread safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace vf::obs {

/// So many lines wait for a reader that is slow. Past that, the oldest are dropped.
inline constexpr size_t kLogLinesWaitingMax = 2'048;

class LogOutput {
 public:
  /// `fd` stays the caller's. `about_dropped` makes the line that is written in the place of dropped ones, of which it
  /// gets the number.
  LogOutput(int fd, std::function<std::string(uint64_t)> about_dropped);
  /// Writes what waits, for at most half a second; drops what no reader has taken by then.
  ~LogOutput();

  /// Adds a line, without its newline. Never waits for the reader.
  void write(std::string_view line);

  /// The lines that were not written, or not whole, since the start: their reader was too slow, or is gone.
  uint64_t dropped() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vf::obs
