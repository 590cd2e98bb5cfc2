// Log: structured lines to standard error, human or JSON. Never give it a secret or a body. Thread safe.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace vf::obs {

enum class Level { debug, info, warn, error };
enum class Format { human, json };

/// A named value of a line.
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

class Log {
 public:
  Log(Format format, Level least);
  ~Log();

  void debug(std::string_view message, Fields fields = {}) { write(Level::debug, message, fields); }
  void info(std::string_view message, Fields fields = {}) { write(Level::info, message, fields); }
  void warn(std::string_view message, Fields fields = {}) { write(Level::warn, message, fields); }
  void error(std::string_view message, Fields fields = {}) { write(Level::error, message, fields); }

 private:
  void write(Level level, std::string_view message, Fields fields);
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vf::obs
