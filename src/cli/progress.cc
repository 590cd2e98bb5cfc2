#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/printable.h"
#include "cli/printable.h"

namespace vf::cli {
namespace {

constexpr int64_t kWidth = 30;

std::string duration(double seconds) {
  const auto whole = static_cast<int64_t>(seconds);
  if (whole >= 3'600) return fmt::format("{}h{:02}m", whole / 3'600, whole / 60 % 60);
  if (whole >= 60) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
  return fmt::format("{}s", whole);
}

}  // namespace

std::string Progress::line(const State& state) {
  std::string text;
  if (state.of) {
    const int64_t of = std::max<int64_t>(*state.of, 1);
    const int64_t done = std::clamp<int64_t>(state.done, 0, of);
    const int64_t full = *state.of == 0 ? kWidth : done * kWidth / of;
    const int64_t percent = *state.of == 0 ? 100 : done * 100 / of;
    text = fmt::format("[{}{}] {:3}% {}/{}", std::string(static_cast<size_t>(full), '#'),
                       std::string(static_cast<size_t>(kWidth - full), '.'), percent, state.done, *state.of);
  } else {
    text = fmt::format("{} done", state.done);
  }
  if (state.rate) text += fmt::format(", {:.0f}/s", *state.rate);
  if (state.eta_seconds) text += fmt::format(", {} left", duration(*state.eta_seconds));
  if (!state.detail.empty()) text += "; " + one_line(state.detail);
  return text;
}

void Progress::update(const State& state, Time now) {
  const std::string text = line(state);
  if (is_terminal_) {
    const size_t width = display_width(text);
    out_ << '\r' << text << std::string(drawn_ > width ? drawn_ - width : 0, ' ') << std::flush;
    drawn_ = width;
    return;
  }
  if (!shown_at_) shown_at_ = now;
  if (now - *shown_at_ < kLineEvery) return;
  shown_at_ = now;
  out_ << text << '\n' << std::flush;
}

void Progress::end() {
  if (drawn_ > 0) out_ << '\n' << std::flush;
  drawn_ = 0;
}

bool progress_on_terminal() { return ::isatty(STDERR_FILENO) == 1; }

}  // namespace vf::cli
