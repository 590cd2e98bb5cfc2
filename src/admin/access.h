// Access: the rights to read and to operate, by bearer token. Tokens are kept as digests. Immutable, thread safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace vf::admin {

enum class Right { read, operate };

class Access {
 public:
  /// `operate_token` may do everything; `read_token` may only read (empty: there is none).
  Access(std::string_view operate_token, std::string_view read_token);

  /// nullopt: allowed. Else the answer: 401 without a known token, 403 with a token that may only read.
  std::optional<http::Response> refuse(const http::Request& request, Right wanted) const;

 private:
  std::string operate_;  // SHA-256; empty: no token
  std::string read_;
};

}  // namespace vf::admin
