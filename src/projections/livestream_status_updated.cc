// livestream.status.updated → livestreams: one row per stream, named by its channel and start (Kick gives no stream
// id). There is no "live" flag: the newest start without an end is live (view current_livestreams).
#include "projections/body.h"

namespace vf::projections {
namespace {

constexpr int64_t kRankOfProvider = 1;  // above an end found by a poll (0, viewers_sampled.cc)

}  // namespace

Result<std::vector<store::Row>> livestream_status_updated(const Event& event) {
  Body body(event);
  const Instant started = body.time("/started_at");
  const auto ended = body.optional_time("/ended_at");
  if (!ended && body.optional_boolean("/is_live") == false) body.refuse_value("/ended_at", "not a time");
  const Instant at = ended.value_or(started);  // the time of this change
  RowDraft row(TableId::livestreams, stamp_at(at, event));
  row.set("channel_id", body.id("/broadcaster/user_id"));
  row.set("started_at", cut_to_seconds(started));
  row.set("title", body.text_cell("/title"));
  // A start event has no information about the end: its null must not erase an end that arrived before it.
  if (ended) row.set("ended_at", at, stamp_at(at, event, kRankOfProvider));
  return body.finish(one_row(std::move(row)));
}

}  // namespace vf::projections
