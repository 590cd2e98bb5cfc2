#include "config/units.h"

#include <array>
#include <charconv>
#include <optional>
#include <span>

namespace vf::config {
namespace {

struct Unit {
  std::string_view name;
  int64_t factor;
};

// The units, largest first: a value is written in the first unit that divides it.
constexpr std::array kDurationUnits{Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1'000},
                                    Unit{"ms", 1}};
constexpr std::array kSizeUnits{Unit{"GiB", 1ll << 30}, Unit{"MiB", 1ll << 20}, Unit{"KiB", 1ll << 10}, Unit{"B", 1}};
constexpr int64_t kDurationMillisMax = 36'500ll * 86'400'000;
constexpr int64_t kSizeBytesMax = 1ll << 50;

std::optional<int64_t> parse(std::string_view text, std::span<const Unit> units, int64_t most) {
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view name(stop, static_cast<size_t>(end - stop));
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    if (number > static_cast<uint64_t>(most / unit.factor)) return std::nullopt;
    return static_cast<int64_t>(number) * unit.factor;
  }
  return std::nullopt;
}

std::string format(int64_t value, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0) return std::to_string(value / unit.factor).append(unit.name);
  }
  return "0" + std::string(units.back().name);
}

}  // namespace

Result<Millis> parse_duration(std::string_view text) {
  const auto millis = parse(text, kDurationUnits, kDurationMillisMax);
  if (!millis) return invalid("must be a duration such as 250ms, 30s, 5m, 1h or 7d (at most 36500d)");
  return Millis{*millis};
}

std::string format_duration(Millis duration) { return format(duration.count(), kDurationUnits); }

Result<int64_t> parse_size(std::string_view text) {
  const auto bytes = parse(text, kSizeUnits, kSizeBytesMax);
  if (!bytes) return invalid("must be a size such as 512B, 64KiB, 1MiB or 2GiB");
  return *bytes;
}

std::string format_size(int64_t bytes) { return format(bytes, kSizeUnits); }

}  // namespace vf::config
