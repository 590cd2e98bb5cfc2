#include "platform/real_path.h"

#include <filesystem>

namespace vf::platform {
namespace {

namespace fs = std::filesystem;

constexpr int kLinksMax = 40;  // as the kernel

}  // namespace

// weakly_canonical() follows the links of the part that exists: in the rest only the first name can be a link.
std::string real_path(const std::string& path) {
  std::error_code failed;
  fs::path at = fs::weakly_canonical(fs::absolute(path, failed), failed);
  for (int links = 0; !failed; ++links) {
    fs::path known;
    auto rest = at.begin();
    for (; rest != at.end() && fs::exists(known / *rest, failed); ++rest) known /= *rest;
    if (rest == at.end() || !fs::is_symlink(fs::symlink_status(known / *rest, failed))) return at.string();
    if (links == kLinksMax) return path;
    fs::path next = known / fs::read_symlink(known / *rest, failed);
    while (++rest != at.end()) next /= *rest;
    at = fs::weakly_canonical(next, failed);
  }
  return path;
}

}  // namespace vf::platform
