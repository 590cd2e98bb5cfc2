// The quarantines of the admin API: of the environments of this process and, at a hub, of others through their
// listeners (?environment=E). Every role serves it for its own environments.
#pragma once

#include <map>
#include <string>

#include "admin/forward.h"
#include "admin/quarantine_place.h"
#include "api/route.h"

namespace vf::admin {

struct Quarantines {
  std::map<std::string, Quarantine> environments = {};  // of this process
  std::string own = {};  // the environment that is meant when none is named; empty: one must be named
  Forward forward = {};
};

/// GET /admin/v1/quarantine, …/{id}, POST …/{id}/retry, DELETE …/{id}.
api::Routes quarantine_routes(const Quarantines& quarantines);

}  // namespace vf::admin
