// Sources: makes what the configuration names. One line a provider.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "app/key_fetcher.h"
#include "base/result.h"
#include "config/config.h"
#include "ingest/intake.h"

namespace vf::app {

using SourceMap = std::map<std::string, ingest::Receiving, std::less<>>;

/// Every source that is not `off`. Errors name the key. `fetcher` outlives the sources.
Result<SourceMap> make_sources(const config::Config& config, KeyFetcher& fetcher);

/// The key that Kick publishes, PEM.
std::string_view kick_public_key();

}  // namespace vf::app
