// The API of the fake Kick, as far as the hub needs it: its public key. Built once, then thread safe.
#pragma once

#include <string>

#include "http/server.h"

namespace vf::fake_providers {

/// GET /public/v1/public-key -> {"data":{"public_key":"-----BEGIN PUBLIC KEY-----…"},"message":"OK"}, without a token;
/// any other path is 404 in Kick's form, {"data":{},"message":"Not Found"}.
http::Handler make_kick_api(std::string public_key_pem);

}  // namespace vf::fake_providers
