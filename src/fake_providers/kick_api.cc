#include "fake_providers/kick_api.h"

#include "base/bytes.h"
#include "base/json_text.h"

namespace vf::fake_providers {
namespace {

http::Response answer(int status, std::string_view data, std::string_view message) {
  http::Response response;
  response.status = status;
  response.body.append(R"({"data":)").append(data).append(R"(,"message":)").append(json_string(message)).append("}");
  return response;
}

}  // namespace

http::Handler make_kick_api(std::string public_key_pem) {
  // Kick's own answer has no newline at the key's end.
  const std::string key = R"({"public_key":)" + json_string(trim(public_key_pem)) + "}";
  return [key](const http::Request& request, http::Respond respond) {
    if (request.path() != "/public/v1/public-key") return respond(answer(404, "{}", "Not Found"));
    if (request.method != "GET") return respond(answer(405, "{}", "Method Not Allowed"));
    respond(answer(200, key, "OK"));
  };
}

}  // namespace vf::fake_providers
