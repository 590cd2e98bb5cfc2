// Session: what every command is given: the global flags, the streams, and functions that report failures. One thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/cli.h"
#include "settings/load.h"

namespace vf::cli {

inline constexpr int kDone = 0, kFailed = 1, kWrongUsage = 2;

struct Session {
  Streams streams;                     // whatever is written to them is made printable (printable.h)
  std::ostream* plain_err = nullptr;   // the error stream as it is, on which a progress bar moves the cursor
  std::string config_file = {};        // --config or VF_CONFIG; empty: none
  std::vector<std::string> sets = {};  // --set, each key=value
  bool json = false;                   // --json

  std::ostream& out() const { return streams.out; }
  std::ostream& err() const { return streams.err; }
  std::ostream& terminal() const { return plain_err != nullptr ? *plain_err : streams.err; }

  /// Returns the parameters for settings::load() and settings::first_start().
  settings::LoadParams load_params(settings::Role role, const std::string& environment = {}) const;
  /// Loads the configuration and prints its warnings and problems. Returns nullopt when there are problems; the command
  /// then returns kWrongUsage.
  std::optional<settings::Settings> load(const settings::LoadParams& params) const;
  /// The same, with what the settings were made of.
  std::optional<settings::Loaded> load_whole(const settings::LoadParams& params) const;

  /// Each prints "vf: <message>" on the error stream, on one line, and returns the exit code, for `return
  /// session.fail(error);`.
  int fail(const Error& error) const;                              // kFailed; kWrongUsage when the error is `invalid`
  int misuse(const std::string& message) const;                    // kWrongUsage
  int reject(const std::vector<config::Problem>& problems) const;  // kWrongUsage
};

}  // namespace vf::cli
