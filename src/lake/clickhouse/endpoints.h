// Endpoints: the addresses of a ClickHouse server over HTTP, parsed from ingest.lake:
// http(s)://user@h1:8123,h2:8123/vf. A value.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace vf::lake::clickhouse {

struct Endpoints {
  std::string user = "default";
  std::vector<std::string> urls;  // "http://h1:8123/", in the order given; the first one that answers is used
};

/// Error `invalid`: the URL has another form, names a database other than vf, or contains a password. The message never
/// quotes the URL.
Result<Endpoints> parse_endpoints(std::string_view url);

}  // namespace vf::lake::clickhouse
