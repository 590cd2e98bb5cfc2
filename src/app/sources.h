// Sources: makes the sources that the configuration names.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "intake/intake.h"
#include "settings/settings.h"
#include "sources/key_fetcher.h"

namespace vf::app {

/// Returns every source whose mode is not `off`. An error's message names the configuration key. `fetcher` must outlive
/// the sources.
Result<intake::SourceMap> make_sources(const settings::Settings& config, sources::KeyFetcher& fetcher);

/// Returns why make_sources() would refuse this source, as "key: problem" with the key below sources.<name>; nullopt
/// when it would accept it.
std::optional<std::string> source_problem(const std::string& name, const settings::GenericSource& configured);

/// Returns the public key that Kick publishes, as PEM.
std::string_view kick_public_key();

}  // namespace vf::app
