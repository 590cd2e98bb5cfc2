// Role: what a process is. A role resolves only the keys it needs (see the table of keys). Values.
#pragma once

namespace vf::config {

enum class Role {
  up,      // everything in one process
  ingest,  // the public listener, fan-out, the admin API
  api,     // one environment's listener
  worker,  // one environment's jobs
  client,  // commands that ask a running hub
  probe,   // signs as the providers do
  // Each changes one schema, and asks for nothing but the way to it.
  migrate_dm,
  migrate_env,
  migrate_lake,
};

/// A set of roles.
using Roles = unsigned;
constexpr Roles only(Role role) { return 1u << static_cast<unsigned>(role); }
template <class... Others>
constexpr Roles only(Role first, Others... others) {
  return (only(first) | ... | only(others));
}
constexpr Roles kEveryRole = only(Role::up, Role::ingest, Role::api, Role::worker, Role::client, Role::probe,
                                  Role::migrate_dm, Role::migrate_env, Role::migrate_lake);
constexpr bool holds(Roles roles, Role role) { return (roles & only(role)) != 0; }

}  // namespace vf::config
