// Queries: the parameters in the query of a URL, read and written. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace vf::http {

struct Parameter {
  std::string name;
  std::string_view value;  // as sent
};

/// Returns the parameters of a query, in order.
std::vector<Parameter> parameters(std::string_view query);

/// Returns a response 400 that names the first parameter of the request that is repeated or has no value, so that no
/// request means something else than it seems to; nullopt when there is none.
std::optional<Response> refuse_unclear_parameters(const Request& request);

/// Returns a name or value of a query as it is meant: '+' is a blank.
std::string query_decoded(std::string_view text);
/// Encodes `text` so that it can stand in a URL's query or path segment.
std::string percent_encoded(std::string_view text);

}  // namespace vf::http
