// Stores: opens what a configured URL names. With sources.cc the only place that knows drivers.
#pragma once

#include <memory>

#include "watch/clock_watch.h"
#include "watch/horizon_watch.h"
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
/// Whether other processes may work on the same store at the same time.
bool is_shared(const config::StoreUrl& url);
/// Asks a shared store for its horizon, on a connection of its own that is opened when it is first asked; empty for a
/// store that holds nothing back. Thread safe.
watch::AskHorizon ask_horizon(const config::StoreUrl& url);
/// Asks the server of a store for its time, on a new connection each time; empty for an embedded store.
watch::AskTime ask_time(const config::StoreUrl& url);
/// nullptr for `none`. A chDB lake is migrated by it, one on a server is not: `vf migrate lake`.
Result<std::unique_ptr<lake::RawLog>> open_lake(const config::Ingest& ingest, const Clock& clock);
/// What migrate_lake() would do, by name ("0001_raw_events", "retention"); nothing for `none`. Changes nothing.
Result<std::vector<std::string>> pending_lake(const config::Ingest& ingest);
/// Names of the lake's migrations that a newer vf has applied.
Result<std::vector<std::string>> newer_lake(const config::Ingest& ingest);
/// Applies what is pending; what it did, by name.
Result<std::vector<std::string>> migrate_lake(const config::Ingest& ingest, const Clock& clock);
/// Is there a database, and does its schema fit this program? What was found, or what mends it. Changes nothing.
Result<std::string> check_outbox(const config::StoreUrl& url);
/// What the settings of its server put at risk, a sentence each; nothing for an embedded store.
Result<std::vector<std::string>> outbox_risks(const config::StoreUrl& url);
Result<std::string> check_environment(const config::StoreUrl& url, const std::string& name);

/// Can the lake be used from here? What was found, or what is missing and how to get it. Changes nothing.
Result<std::string> check_lake(const config::Ingest& ingest);
lake::Retention raw_retention(const config::Ingest& ingest);

}  // namespace vf::app
