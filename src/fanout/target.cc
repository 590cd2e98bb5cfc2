#include "fanout/target.h"

#include <algorithm>

#include "base/bytes.h"
#include "crypto/digest.h"

namespace vf::fanout {

std::string_view to_string(Mode mode) {
  switch (mode) {
    case Mode::live:
      return "live";
    case Mode::dry_run:
      return "dry-run";
    case Mode::paused:
      return "paused";
    case Mode::detached:
      return "detached";
  }
  return "live";
}

std::optional<Mode> parse_mode(std::string_view text) {
  for (const Mode mode : {Mode::live, Mode::dry_run, Mode::paused, Mode::detached}) {
    if (text == to_string(mode)) return mode;
  }
  return std::nullopt;
}

bool matches(std::string_view pattern, std::string_view text) {
  size_t p = 0;
  size_t t = 0;
  std::optional<size_t> star;  // index after the pattern's last '*'; the rest is tried at ever later places of the text
  size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star) {
      p = *star;
      t = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool wants(const Target& target, const Event& event) {
  if (target.sandbox == Sandbox::exclude && event.sandbox) return false;
  if (target.sandbox == Sandbox::only && !event.sandbox) return false;
  if (!target.sources.empty() && std::ranges::find(target.sources, event.source) == target.sources.end()) return false;
  return target.types.empty() ||
         std::ranges::any_of(target.types, [&event](const auto& pattern) { return matches(pattern, event.type); });
}

bool is_our_receiver(const Target& target) { return target.url.reveal().ends_with("/internal/events"); }

std::string config_version(const Target& target) {
  crypto::Sha256 digest;
  const auto add = [&digest](std::string_view part) { digest.update(part).update(std::string_view("\0", 1)); };
  const auto add_all = [&](const std::vector<std::string>& parts) {
    for (const auto& part : parts) add(part);
    add("");
  };
  add(target.name);
  add(target.url.reveal());
  add_all(target.sources);
  add_all(target.types);
  add(std::to_string(static_cast<int>(target.sandbox)));
  add(std::to_string(static_cast<int>(target.delivery)));
  const auto bytes = digest.finish();
  return to_hex({reinterpret_cast<const char*>(bytes.data()), 8});
}

}  // namespace vf::fanout
