// Decompression of request bodies by their Content-Encoding: zstd, gzip, none. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vf::clickhouse_test {

/// Returns nullopt when the encoding is unknown or the bytes are broken.
std::optional<std::string> decompressed(std::string_view bytes, std::string_view encoding);

}  // namespace vf::clickhouse_test
