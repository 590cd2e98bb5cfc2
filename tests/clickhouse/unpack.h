// Unpacking of request bodies by their Content-Encoding: zstd, gzip, none. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vf::clickhouse_test {

/// nullopt: an encoding that is not known, or broken bytes.
std::optional<std::string> unpacked(std::string_view bytes, std::string_view encoding);

}  // namespace vf::clickhouse_test
