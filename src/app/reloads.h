// Reloads: reads the configuration again while the process runs and puts into force what may change. Either everything
// that may change is put into force, or nothing. One thread calls add() and reload().
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "obs/services.h"
#include "settings/running.h"

namespace vf::app {

/// The settings that a reload puts into force, and their difference from those before.
struct Change {
  std::shared_ptr<const settings::Settings> settings;
  std::vector<std::string> keys;  // that have a new value

  /// Does one of these keys begin with `prefix`, such as "targets.stage."?
  bool concerns(std::string_view prefix) const;
};

/// Puts a change into force. Called once; cannot fail.
using PutIntoForce = std::move_only_function<void()>;
/// Makes what a part of the process needs for a change, and changes nothing yet. An error refuses the reload.
using Prepare = std::function<Result<PutIntoForce>(const Change&)>;

class Reloads {
 public:
  /// Registers the metrics of reloads.
  Reloads(settings::Running& running, obs::Services services);

  /// Adds a part of the process. Parts are put into force in the order in which they were added.
  void add(Prepare part) { parts_.push_back(std::move(part)); }

  /// Reads the configuration again. Logs every problem, or what has changed and what needs a restart.
  void reload();

 private:
  Result<std::vector<PutIntoForce>> prepare(const Change& change) const;
  void apply(settings::Running::Next next);
  void refuse(std::vector<config::Problem> problems);

  settings::Running& running_;
  const obs::Services services_;
  std::vector<Prepare> parts_;
  obs::Counter &applied_, &refused_;
};

}  // namespace vf::app
