#include "api/tokens.h"

#include <memory>

#include "base/bytes.h"
#include "crypto/digest.h"

namespace vf::api {
namespace {

/// Returns the token of the Authorization header; empty when there is none.
std::string_view bearer_of(const http::Request& request) {
  constexpr std::string_view kScheme = "bearer ";
  const auto header = request.headers.unique("Authorization").value_or("");
  if (header.size() <= kScheme.size() || !equals_ignoring_case(header.substr(0, kScheme.size()), kScheme)) return {};
  return trim(header.substr(kScheme.size()));
}

}  // namespace

void Tokens::replace(const std::vector<Token>& tokens) {
  auto set = std::make_shared<Set>();
  for (const auto& token : tokens) {
    if (token.secret.empty()) continue;
    set->push_back({.digest = crypto::sha256(token.secret), .caller = {.token = token.name, .may = token.may}});
  }
  set_.replace(std::move(set));
}

std::optional<Caller> Tokens::caller_of(const http::Request& request) const {
  const auto bearer = bearer_of(request);
  if (bearer.empty()) return std::nullopt;
  const std::string digest = crypto::sha256(bearer);
  const auto known = set_.get();
  const Caller* found = nullptr;
  for (const auto& one : *known) {  // all of them: the time must not say which token was nearly right
    if (crypto::equal_in_constant_time(digest, one.digest)) found = &one.caller;
  }
  return found == nullptr ? std::nullopt : std::optional(*found);
}

}  // namespace vf::api
