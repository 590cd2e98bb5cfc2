#include "settings/settings.h"

#include <string_view>
#include <utility>

namespace vf::settings {

Address admin_url(const Admin& admin) {
  if (!admin.url.empty()) return admin.url;
  std::string address = admin.listen.address;
  for (const auto& [everywhere, loopback] : {std::pair{"0.0.0.0:", "127.0.0.1:"}, {"[::]:", "[::1]:"}}) {
    if (address.starts_with(everywhere)) address.replace(0, std::string_view(everywhere).size(), loopback);
  }
  return "http://" + address;
}

}  // namespace vf::settings
