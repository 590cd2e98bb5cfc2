// Compression of the rows sent to the server, and its name in Content-Encoding. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace vf::lake::clickhouse {

enum class Compression { zstd, gzip, none };

/// Returns "zstd" or "gzip"; empty for Compression::none.
std::string_view content_encoding(Compression compression);

std::string compressed(std::string_view bytes, Compression compression);

}  // namespace vf::lake::clickhouse
