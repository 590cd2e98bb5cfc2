#include "admin/access.h"

#include "base/bytes.h"
#include "crypto/digest.h"

namespace vf::admin {
namespace {

std::string digest_of(std::string_view token) { return token.empty() ? std::string{} : crypto::sha256(token); }

}  // namespace

Access::Access(std::string_view operate_token, std::string_view read_token)
    : operate_(digest_of(operate_token)), read_(digest_of(read_token)) {}

std::optional<http::Response> Access::refuse(const http::Request& request, Right wanted) const {
  constexpr std::string_view kScheme = "bearer ";
  const auto header = request.headers.unique("Authorization").value_or("");
  const bool bearer = header.size() > kScheme.size() && equals_ignoring_case(header.substr(0, kScheme.size()), kScheme);
  const std::string given = digest_of(bearer ? trim(header.substr(kScheme.size())) : "");
  const bool operates = !given.empty() && crypto::equal_in_constant_time(given, operate_);
  const bool reads = operates || (!given.empty() && crypto::equal_in_constant_time(given, read_));
  if (operates || (reads && wanted == Right::read)) return std::nullopt;
  if (reads) return http::problem(403, "this token may read, not operate");
  auto response = http::problem(401, "needs Authorization: Bearer <admin token>");
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

}  // namespace vf::admin
