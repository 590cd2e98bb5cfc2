// Sources: makes the sources that the configuration names. One line a provider.
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

/// Every source that is not `off`. Errors name the key. `fetcher` outlives the sources.
Result<intake::SourceMap> make_sources(const settings::Settings& config, sources::KeyFetcher& fetcher);

/// Why make_sources() would refuse it, as "key: what" with the key under sources.<name>; nullopt: it would not.
std::optional<std::string> source_problem(const std::string& name, const settings::GenericSource& configured);

/// The key that Kick publishes, PEM.
std::string_view kick_public_key();

}  // namespace vf::app
