// Forward: what the resources of the admin API share that hand a call over to the environment that it names
// (?environment=E), when that runs in another process. Thread safe.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "admin/environment_answer.h"
#include "admin/operations.h"
#include "api/route.h"

namespace vf::admin {

/// Operations::call_environment(). Empty: this process is no hub.
using Forward = std::function<void(EnvironmentCall, OnAnswer)>;

/// Makes the call and completes with its answer, once that is checked. Error `not_found`: this process is no hub.
void forward_call(const Forward& forward, EnvironmentCall call, IsExpected is_expected, const api::Done& done);

/// Returns the query with those of the call's parameters that have these names: "?job=a&limit=2", or an empty text.
std::string query_of(const api::Call& call, std::span<const std::string_view> names);

}  // namespace vf::admin
