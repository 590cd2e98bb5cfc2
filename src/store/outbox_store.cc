#include "store/outbox_store.h"

#include <algorithm>

namespace vf::store {
namespace {

constexpr Passage kPassages[] = {Passage::sent, Passage::unwanted, Passage::dry_run, Passage::detached};

}  // namespace

std::string_view to_string(Passage passage) {
  switch (passage) {
    case Passage::sent:
      return "sent";
    case Passage::unwanted:
      return "unwanted";
    case Passage::dry_run:
      return "dry-run";
    case Passage::detached:
      return "detached";
  }
  return "sent";
}

Passage parse_passage(std::string_view name) {
  const auto* found = std::ranges::find(kPassages, name, to_string);
  return found == std::end(kPassages) ? Passage::sent : *found;
}

std::string pin_name(const std::string& consumer) { return consumer + ".pin"; }

}  // namespace vf::store
