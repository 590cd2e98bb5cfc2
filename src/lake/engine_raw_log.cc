#include "lake/engine_raw_log.h"

#include <algorithm>

#include "lake/engine_error.h"
#include "lake/raw_events.h"

namespace vf::lake {
namespace {

// A result with text of events may end in an exception that was not recognised; then it cannot be decoded.
template <class T>
Result<T> or_late_exception(Result<T> decoded, std::string_view answer) {
  if (decoded) return decoded;
  const auto late = late_exception(answer, "", false);
  return late ? engine_error(*late) : decoded;
}

}  // namespace

Result<std::vector<Uuid>> EngineRawLog::ids_present(std::span<const Uuid> ids, Instant from, Instant to) {
  std::vector<Uuid> present;
  for (; !ids.empty(); ids = ids.subspan(std::min(ids.size(), kIdsPerStatement))) {
    VF_ASSIGN(const auto answer,
              select(select_ids_present(ids.first(std::min(ids.size(), kIdsPerStatement)), from, to), false));
    VF_ASSIGN(const auto found, read_ids(answer));
    present.insert(present.end(), found.begin(), found.end());
  }
  return present;
}

Result<std::optional<Event>> EngineRawLog::find(Uuid id) {
  VF_ASSIGN(const auto answer, select(select_event(id), true));
  VF_ASSIGN(auto found, or_late_exception(read_events(answer), answer));
  if (found.empty()) return std::optional<Event>{};
  return std::optional<Event>{std::move(found.front())};
}

Result<std::vector<HourTally>> EngineRawLog::tally(Instant from, Instant to) {
  VF_ASSIGN(const auto answer, select(select_tallies(from, to), false));
  return read_tallies(answer);
}

}  // namespace vf::lake
