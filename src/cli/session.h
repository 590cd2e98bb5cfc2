// Session: what a command gets: the global flags, the streams, and functions that report failures. One thread.
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
  Streams streams;
  std::string config_file = {};        // --config or VF_CONFIG; empty: none
  std::vector<std::string> sets = {};  // --set, each key=value
  bool json = false;                   // --json

  std::ostream& out() const { return streams.out; }
  std::ostream& err() const { return streams.err; }

  /// For settings::load() and settings::first_start().
  settings::LoadParams load_params(settings::Role role, const std::string& environment = {}) const;
  /// Loads the configuration; prints warnings and problems. nullopt: return kWrongUsage.
  std::optional<settings::Settings> load(const settings::LoadParams& params) const;

  /// "vf: <message>" on the error stream. Each returns the exit code, for `return session.fail(error);`
  int fail(const Error& error) const;                              // kFailed; kWrongUsage if the error is `invalid`
  int misuse(const std::string& message) const;                    // kWrongUsage
  int reject(const std::vector<config::Problem>& problems) const;  // kWrongUsage
};

}  // namespace vf::cli
