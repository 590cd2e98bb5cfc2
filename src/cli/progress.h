// Progress: shows how far a long operation has come. On a terminal it is one line with a bar, drawn again at each
// update; elsewhere it is a line every ten seconds. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

namespace vf::cli {

class Progress {
 public:
  struct State {
    int64_t done = 0;
    std::optional<int64_t> of = {};   // nullopt: unknown
    std::optional<double> rate = {};  // in a second
    std::optional<double> eta_seconds = {};
    std::string detail = {};  // what happened so far
  };
  using Time = std::chrono::steady_clock::time_point;

  /// `out` is the terminal itself, because the bar moves its cursor.
  Progress(std::ostream& out, bool is_terminal) : out_(out), is_terminal_(is_terminal) {}
  void update(const State& state, Time now);
  /// Ends the line, if one was drawn.
  void end();

  /// Returns the line, without a bar where `of` is unknown.
  static std::string line(const State& state);

 private:
  static constexpr std::chrono::seconds kLineEvery{10};

  std::ostream& out_;
  const bool is_terminal_;
  std::optional<Time> shown_at_;
  size_t drawn_ = 0;  // width of the line on the terminal
};

/// Returns whether the standard error stream is a terminal, where a Progress is shown.
bool progress_on_terminal();

}  // namespace vf::cli
