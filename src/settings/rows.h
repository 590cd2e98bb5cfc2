// The files of the table of keys share this: names for a section and its rows, units for bounds, and sets of roles.
// Used while the table is built.
#pragma once

#include <cstdint>

#include "config/section.h"
#include "settings/role.h"
#include "settings/settings.h"
#include "settings/words.h"

namespace vf::settings {

using Keys = std::vector<config::Key>;
using config::Row;
template <class Struct>
using Section = config::Section<Settings, Struct>;

inline constexpr int64_t kSecond = 1'000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;
inline constexpr int64_t kKiB = 1024, kMiB = 1024 * kKiB;
inline constexpr Roles kHub = only(Role::up, Role::ingest);
inline constexpr Roles kLake = kHub | only(Role::migrate_lake);
/// The roles that have an admin listener.
inline constexpr Roles kListeners = kHub | only(Role::api, Role::worker);
inline constexpr Roles kReceivers = only(Role::up, Role::api);
inline constexpr Roles kMaintainers = only(Role::up, Role::worker);

}  // namespace vf::settings
