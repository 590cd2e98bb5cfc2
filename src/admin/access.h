// Access: decides by a request's bearer token whether it may read or operate. Keeps digests of the tokens. Immutable,
// thread safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace vf::admin {

enum class Right { read, operate };

class Access {
 public:
  /// `operate_token` may do everything; `read_token` may only read (empty: there is no such token).
  Access(std::string_view operate_token, std::string_view read_token);

  /// Returns nullopt when the request has the right `wanted`, else the response: 401 without a known token, 403 with a
  /// token that may only read.
  std::optional<http::Response> refuse(const http::Request& request, Right wanted) const;

 private:
  std::string operate_;  // SHA-256 of the token; empty: there is no token
  std::string read_;
};

}  // namespace vf::admin
