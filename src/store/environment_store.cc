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

}  // namespace vf::store
