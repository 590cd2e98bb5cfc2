// The status page: HTML that reads the admin API in the browser. Pure function.
#pragma once

#include "http/message.h"

namespace vf::admin {

/// Returns the response to GET /. The page asks its user for the token with which it reads the API.
http::Response status_page();

}  // namespace vf::admin
