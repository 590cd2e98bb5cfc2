#include "api/rights.h"

namespace vf::api {

std::string_view to_string(Right right) {
  switch (right) {
    case Right::read:
      return "read";
    case Right::operate:
      return "operate";
    case Right::reveal:
      return "reveal";
    case Right::erase:
      return "erase";
  }
  return "read";
}

std::string Rights::text() const {
  std::string text;
  for (const Right right : kRights) {
    if (have(right)) text.append(text.empty() ? "" : ", ").append(to_string(right));
  }
  return text.empty() ? "nothing" : text;
}

}  // namespace vf::api
