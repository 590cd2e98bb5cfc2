// What the files of the table of keys share: bounds, sets of roles, and their parts. Internal to src/config; used while
// the table is built.
#pragma once

#include <cstdint>
#include <vector>

#include "config/key.h"

namespace vf::config {

inline constexpr int64_t kSecond = 1'000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;
inline constexpr int64_t kKiB = 1024, kMiB = 1024 * kKiB;
inline constexpr Roles kHub = only(Role::up, Role::ingest);
inline constexpr Roles kLake = kHub | only(Role::migrate_lake);
inline constexpr Roles kReceivers = only(Role::up, Role::api);
inline constexpr Roles kMaintainers = only(Role::up, Role::worker);

/// The keys under "sources".
void add_sources(std::vector<Key>& keys);

}  // namespace vf::config
