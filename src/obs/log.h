// Log: writes structured lines to standard error, in a form for people or as JSON, and never waits for who reads them
// (log_output.h). Never pass it a secret or a body. Thread safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "base/time.h"

namespace vf::obs {

enum class Level { debug, info, warn, error };
enum class Format { human, json };

/// A named value in a log line.
struct Field {
  std::string_view name;
  std::variant<std::string_view, int64_t, double, bool> value;

  Field(std::string_view n, std::string_view v) : name(n), value(v) {}
  Field(std::string_view n, const std::string& v) : name(n), value(std::string_view(v)) {}
  Field(std::string_view n, const char* v) : name(n), value(std::string_view(v)) {}
  Field(std::string_view n, bool v) : name(n), value(v) {}
  Field(std::string_view n, double v) : name(n), value(v) {}
  template <class Integer>
    requires std::is_integral_v<Integer> && (!std::is_same_v<Integer, bool>)
  Field(std::string_view n, Integer v) : name(n), value(static_cast<int64_t>(v)) {}
};
using Fields = std::initializer_list<Field>;

/// noisy() writes at most kNoisyLines of one message in kNoisyWindow. It counts the others, and the next line has the
/// count.
inline constexpr int kNoisyLines = 5;
inline constexpr Millis kNoisyWindow{10'000};

class Log {
 public:
  struct Params {
    Format format = Format::human;
    Level least = Level::info;
    const Clock* clock = nullptr;  // null: the system's clock
    std::function<void(std::string_view line)> sink =
        {};  // null: standard error; gets a line at a time, without its newline
  };
  Log(Format format, Level least) : Log(Params{format, least}) {}
  explicit Log(Params params);
  ~Log();

  /// `message` is a fixed text; values that vary go into `fields`.
  void debug(std::string_view message, Fields fields = {}) { log(Level::debug, message, fields); }
  void info(std::string_view message, Fields fields = {}) { log(Level::info, message, fields); }
  void warn(std::string_view message, Fields fields = {}) { log(Level::warn, message, fields); }
  void error(std::string_view message, Fields fields = {}) { log(Level::error, message, fields); }

  /// The lines that nothing read in time, since the start.
  uint64_t dropped() const;

  /// Lines below this level are not written from now on.
  void set_level(Level least) { least_.store(least, std::memory_order_relaxed); }

  /// For messages that a peer can cause at any rate: writes at most kNoisyLines of each message in kNoisyWindow. The
  /// first line after that window has the number of lines left out, as the field "left_out".
  void noisy(Level level, std::string_view message, Fields fields = {}) {
    if (is_written(level)) write_noisy(level, message, fields);
  }

 private:
  bool is_written(Level level) const { return level >= least_.load(std::memory_order_relaxed); }
  void log(Level level, std::string_view message, Fields fields) {
    if (is_written(level)) write(level, message, fields, 0);
  }
  void write(Level level, std::string_view message, Fields fields, int64_t left_out);
  void write_noisy(Level level, std::string_view message, Fields fields);

  struct State;
  std::atomic<Level> least_;
  std::unique_ptr<State> state_;
};

}  // namespace vf::obs
