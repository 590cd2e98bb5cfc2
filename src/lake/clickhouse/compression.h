// Compression of what is sent to the server, by the names that Content-Encoding has for it. Pure.
#pragma once

#include <string>
#include <string_view>

namespace vf::lake::clickhouse {

enum class Compression { zstd, gzip, none };

/// "zstd", "gzip"; empty for none.
std::string_view content_encoding(Compression compression);

std::string compressed(std::string_view bytes, Compression compression);

}  // namespace vf::lake::clickhouse
