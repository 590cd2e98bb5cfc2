// Kick API: the part of the fake Kick's API that the hub uses, the public key. Thread safe.
#pragma once

#include <string>

#include "http/server.h"

namespace vf::fake_providers {

/// Returns the handler. It answers GET /public/v1/public-key, without a token, with
/// {"data":{"public_key":"-----BEGIN PUBLIC KEY-----…"},"message":"OK"}, and any other path with 404 in Kick's form,
/// {"data":{},"message":"Not Found"}.
http::Handler make_kick_api(std::string public_key_pem);

}  // namespace vf::fake_providers
