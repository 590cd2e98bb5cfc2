// Role: what a process does. A process resolves only the keys that its role needs (see the table of keys). Values.
#pragma once

#include <array>

#include "config/table.h"

namespace vf::settings {

enum class Role {
  up,      // everything in one process
  ingest,  // the public listener, fan-out, the admin API
  api,     // one environment's listener
  worker,  // one environment's maintenance jobs
  client,  // commands that call a running hub
  probe,   // a command that signs requests as the providers do
  // Each of these changes one schema, and needs only the address of its store.
  migrate_dm,
  migrate_env,
  migrate_lake,
};

using config::Roles;
constexpr Roles only(Role role) { return 1u << static_cast<unsigned>(role); }
template <class... Others>
constexpr Roles only(Role first, Others... others) {
  return (only(first) | ... | only(others));
}
constexpr bool holds(Roles roles, Role role) { return (roles & only(role)) != 0; }

inline constexpr std::array<config::RoleName, 9> kRoleNames{{{only(Role::up), "up"},
                                                             {only(Role::ingest), "ingest"},
                                                             {only(Role::api), "api"},
                                                             {only(Role::worker), "worker"},
                                                             {only(Role::client), "client"},
                                                             {only(Role::probe), "probe"},
                                                             {only(Role::migrate_dm), "migrate dm"},
                                                             {only(Role::migrate_env), "migrate env"},
                                                             {only(Role::migrate_lake), "migrate lake"}}};

constexpr Roles every_role() {
  Roles all = 0;
  for (const auto& [role, name] : kRoleNames) all |= role;
  return all;
}
inline constexpr Roles kEveryRole = every_role();
static_assert(kEveryRole == (1u << kRoleNames.size()) - 1, "each role has one name");

}  // namespace vf::settings
