// Stores: opens what a configured URL names. With sources.cc the only place that knows drivers.
#pragma once

#include <memory>

#include "base/result.h"
#include "config/config.h"
#include "lake/raw_log.h"
#include "lake/retention.h"
#include "store/environment_store.h"
#include "store/outbox_store.h"

namespace vf::app {

Result<std::unique_ptr<store::OutboxStore>> open_outbox(const config::StoreUrl& url, Instant now);
Result<std::unique_ptr<store::EnvironmentStore>> open_environment(const config::StoreUrl& url, const std::string& name,
                                                                  Instant now);
/// nullptr for `none`.
Result<std::unique_ptr<lake::RawLog>> open_lake(const config::StoreUrl& url, const lake::Retention& retention,
                                                const Clock& clock);
/// Is there a database, and does its schema fit this program? What was found, or what mends it. Changes nothing.
Result<std::string> check_outbox(const config::StoreUrl& url);
Result<std::string> check_environment(const config::StoreUrl& url, const std::string& name);

/// Can the lake's driver be used here? What was found, or what is missing and how to get it. Opens nothing.
Result<std::string> check_lake_driver(const config::StoreUrl& url);
lake::Retention raw_retention(const config::Ingest& ingest);

}  // namespace vf::app
