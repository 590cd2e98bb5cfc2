#include "admin/status_page.h"

namespace vf::admin {
namespace {

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions"
constexpr char kPage[] = {
#embed "../../web/status.html"
};
#pragma clang diagnostic pop

}  // namespace

http::Response status_page() {
  http::Response response;
  response.content_type = "text/html; charset=utf-8";
  response.body.assign(kPage, sizeof kPage);
  response.headers.emplace_back(
      "Content-Security-Policy",
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  return response;
}

}  // namespace vf::admin
