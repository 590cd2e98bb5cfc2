#include "obs/log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <optional>

#include "base/json_text.h"
#include "obs/log_output.h"

namespace vf::obs {
namespace {

constexpr size_t kNoisyMessagesMax = 1000;

std::string_view name_of(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warn:
      return "warn";
    case Level::error:
      return "error";
  }
  return "error";
}

void append_number(std::string& out, double value) {
  out += std::isfinite(value) ? fmt::format("{}", value) : "null";  // JSON has no infinity and no NaN
}

void append_json(std::string& out, const Field& field) {
  out += ',';
  append_json_string(out, field.name);
  out += ':';
  if (const auto* text = std::get_if<std::string_view>(&field.value)) append_json_string(out, *text);
  if (const auto* number = std::get_if<int64_t>(&field.value)) out += std::to_string(*number);
  if (const auto* number = std::get_if<double>(&field.value)) append_number(out, *number);
  if (const auto* truth = std::get_if<bool>(&field.value)) out += *truth ? "true" : "false";
}

// Quotes a text that could be read as more than one value or as another line: a peer must not forge log lines.
void append_human_text(std::string& out, std::string_view text) {
  const auto plain = [](char c) { return c > ' ' && c != '"' && c != '=' && c != '\\' && c != '\x7f'; };
  if (!text.empty() && std::ranges::all_of(text, plain)) {
    out += text;
  } else {
    append_json_string(out, text);
  }
}

void append_human(std::string& out, const Field& field) {
  out.append(" ").append(field.name).append("=");
  if (const auto* text = std::get_if<std::string_view>(&field.value)) append_human_text(out, *text);
  if (const auto* number = std::get_if<int64_t>(&field.value)) out += std::to_string(*number);
  if (const auto* number = std::get_if<double>(&field.value)) append_number(out, *number);
  if (const auto* truth = std::get_if<bool>(&field.value)) out += *truth ? "true" : "false";
}

struct Line {
  Instant at;
  Level level;
  std::string_view message;
  Fields fields;
  int64_t left_out;
};

std::string json_line(const Line& line) {
  std::string out = fmt::format(R"({{"time":"{}","level":"{}","message":)", to_rfc3339(line.at), name_of(line.level));
  append_json_string(out, line.message);
  for (const Field& field : line.fields) append_json(out, field);
  if (line.left_out > 0) append_json(out, {"left_out", line.left_out});
  return out + "}";
}

std::string human_line(const Line& line) {
  std::string out = fmt::format("{} {:<5} {}", to_rfc3339(line.at), name_of(line.level), line.message);
  for (const Field& field : line.fields) append_human(out, field);
  if (line.left_out > 0) append_human(out, {"left_out", line.left_out});
  return out;
}

}  // namespace

struct Log::State {
  struct Noise {
    std::chrono::nanoseconds window_start{0};
    int written = 0;
    int64_t left_out = 0;
  };

  explicit State(Params params)
      : format(params.format), clock(params.clock ? *params.clock : system), sink(std::move(params.sink)) {
    if (!sink) output.emplace(STDERR_FILENO, [this](uint64_t dropped) { return about_dropped(dropped); });
  }

  std::string text_of(Level level, std::string_view message, Fields fields, int64_t left_out = 0) const {
    const Line line{clock.now(), level, message, fields, left_out};
    return format == Format::json ? json_line(line) : human_line(line);
  }

  std::string about_dropped(uint64_t lines) const {
    return text_of(Level::warn, "log lines were dropped, because nothing read them in time", {{"lines", lines}});
  }

  SystemClock system;
  Format format;
  const Clock& clock;
  std::mutex sink_mutex;
  const std::function<void(std::string_view)> sink;
  std::optional<LogOutput> output;
  std::mutex mutex;
  std::map<std::string, Noise, std::less<>> noises;
};

Log::Log(Params params) : least_(params.least), state_(std::make_unique<State>(std::move(params))) {}
Log::~Log() = default;

void Log::write(Level level, std::string_view message, Fields fields, int64_t left_out) {
  const std::string text = state_->text_of(level, message, fields, left_out);
  if (state_->sink) {
    const std::lock_guard lock(state_->sink_mutex);
    state_->sink(text);
  } else {
    state_->output->write(text);
  }
}

uint64_t Log::dropped() const { return state_->output ? state_->output->dropped() : 0; }

void Log::write_noisy(Level level, std::string_view message, Fields fields) {
  int64_t left_out = 0;
  {
    const std::lock_guard lock(state_->mutex);
    auto& noises = state_->noises;
    auto found = noises.find(message);
    if (found == noises.end()) {
      if (noises.size() >= kNoisyMessagesMax) return;
      found = noises.emplace(message, State::Noise{state_->clock.steady()}).first;
    }
    State::Noise& noise = found->second;
    if (state_->clock.steady() - noise.window_start >= kNoisyWindow) {
      left_out = noise.left_out;
      noise = {state_->clock.steady()};
    }
    if (noise.written == kNoisyLines) {
      ++noise.left_out;
      return;
    }
    ++noise.written;
  }
  write(level, message, fields, left_out);
}

}  // namespace vf::obs
