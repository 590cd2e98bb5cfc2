// livestream.status.updated → livestreams: one row per stream, named by its channel and start (Kick gives no stream
// id). No flag says "live": it is the newest start without an end (view current_livestreams).
#include "projections/body.h"
#include "projections/kick_times.h"

namespace vf::projections {
namespace {

constexpr int64_t kToldByProvider = 1;  // over an end that was recovered from polls (0, viewers_sampled.cc)

}  // namespace

Result<std::vector<store::Row>> livestream_status_updated(const Event& event) {
  Body body(event);
  const Instant started = body.time("/started_at");
  const bool ended = body.has("/ended_at");
  if (!ended && body.boolean_cell("/is_live") == Cell{store::Value{false}}) body.refuse("/ended_at", "missing");
  const Instant at = ended ? body.time("/ended_at") : started;  // of this very change
  RowDraft row(TableId::livestreams, stamp_at(at, event));
  row.set("channel_id", body.id("/broadcaster/user_id"));
  row.set("started_at", cut_to_seconds(started));
  row.set("title", body.text_cell("/title"));
  // A start says nothing of the end: its null must not take back an end that came before it.
  if (ended) row.set("ended_at", at, stamp_at(at, event, kToldByProvider));
  return body.finish(one_row(std::move(row)));
}

}  // namespace vf::projections
