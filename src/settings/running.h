// Running: the settings that are in force in a running process. A reload reads the configuration again and takes the
// keys over that may change while the process runs. Thread safe; only one thread may read again and put into force.
#pragma once

#include <expected>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/time.h"
#include "settings/load.h"

namespace vf::settings {

class Running {
 public:
  /// `loaded` was loaded with `params`.
  Running(LoadParams params, Loaded loaded, Instant now);

  /// Returns the settings in force. They never change; the next call may return others.
  std::shared_ptr<const Settings> settings() const;

  /// What a reload would put into force.
  struct Next {
    std::shared_ptr<const Settings> settings;
    std::vector<std::string> changed;  // keys that have a new value
    std::vector<std::string> pending;  // keys and sections whose new value needs a restart
    std::vector<config::Problem> warnings;
    config::Effective effective, wanted;
  };
  /// Reads the file, the files that it names and the variables again. Changes nothing. Returns all problems when the
  /// configuration is not valid.
  std::expected<Next, std::vector<config::Problem>> read_again() const;
  void put_into_force(Next next, Instant now);
  /// Notes that a reload at `now` was refused.
  void refuse(std::vector<config::Problem> problems, Instant now);

  /// Returns the configuration in force as one JSON object, with secrets hidden (openapi.json, /admin/v1/config).
  std::string to_json() const;
  /// Returns how many keys and sections have a value in the file that needs a restart.
  size_t pending() const;
  Instant loaded_at() const;

 private:
  struct Refusal {
    Instant at;
    std::vector<config::Problem> problems;
  };

  const LoadParams params_;
  mutable std::mutex mutex_;  // guards everything below
  std::shared_ptr<const Settings> settings_;
  config::Effective effective_;
  config::Document wanted_;  // the configuration as last read and found valid
  std::vector<std::string> pending_;
  Instant loaded_at_;
  std::optional<Refusal> refusal_;  // of the last reload; nullopt: it was not refused
};

}  // namespace vf::settings
