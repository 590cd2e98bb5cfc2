#include "store/environment_store.h"

namespace vf::store {

std::string_view to_string(Applied status) {
  switch (status) {
    case Applied::applied:
      return "applied";
    case Applied::duplicate:
      return "duplicate";
    case Applied::ignored:
      return "ignored";
    case Applied::quarantined:
      return "quarantined";
  }
  return "applied";
}

Applied parse_applied(std::string_view name) {
  for (const Applied status : {Applied::ignored, Applied::quarantined}) {
    if (name == to_string(status)) return status;
  }
  return Applied::applied;
}

}  // namespace vf::store
