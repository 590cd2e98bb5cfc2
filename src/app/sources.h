// Sources: makes what the configuration names. One line a provider.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "sources/key_fetcher.h"
#include "base/result.h"
#include "config/config.h"
#include "intake/intake.h"

namespace vf::app {

using SourceMap = std::map<std::string, intake::Receiving, std::less<>>;

/// Every source that is not `off`. Errors name the key. `fetcher` outlives the sources.
Result<SourceMap> make_sources(const config::Config& config, sources::KeyFetcher& fetcher);

/// Why make_sources() would refuse it, as "key: what" with the key under sources.<name>; nullopt: it would not.
std::optional<std::string> source_problem(const std::string& name, const config::GenericSource& configured);

/// The key that Kick publishes, PEM.
std::string_view kick_public_key();

}  // namespace vf::app
