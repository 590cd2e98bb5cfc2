// Body: reads the JSON of an operator's request. Pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "api/route.h"
#include "base/result.h"

namespace vf::api {

/// Returns the JSON object that is the request's body; an empty body is the empty object. Error `invalid`: the body is
/// not a JSON object, or a key stands twice in one of its objects: the message names the key.
Result<nlohmann::json> object_of(const Call& call);

}  // namespace vf::api
