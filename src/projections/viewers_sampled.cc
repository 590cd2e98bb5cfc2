// viewers.sampled (our minute poll) → viewer_samples. A live sample also adds what lost webhooks would
// have written: the channel's title and category, a stream's start, and that the stream was still live.
#include "projections/body.h"

namespace vf::projections {
namespace {

constexpr int64_t kRankOfPoll = 0;  // below an end that the provider sent (livestream_status_updated.cc)

store::Row sample_row(Body& body, int64_t channel, Instant sampled, const Event& event) {
  RowDraft row(TableId::viewer_samples, stamp_at(sampled, event));
  row.set("channel_id", channel).set("minute", cut_to_minutes(sampled));
  row.set("viewer_count", body.integer_cell("/viewer_count"));
  row.set("live", body.boolean_cell("/live"));
  row.set("stream_started_at", body.time_cell("/stream_started_at"));
  row.set("category_id", body.integer_cell("/category/id"));
  row.set("category_name", body.text_cell("/category/name"));
  row.set("language", body.text_cell("/language"));
  return std::move(row).take();
}

store::Row channel_row(Body& body, int64_t channel, Instant sampled, const Event& event) {
  RowDraft row(TableId::channels, stamp_at(sampled, event));
  row.set("channel_id", channel);
  row.set("slug", body.text_cell("/slug"));
  row.set("title", body.text_cell("/title"));
  row.set("category_id", body.integer_cell("/category/id"));
  row.set("category_name", body.text_cell("/category/name"));
  row.set("language", body.text_cell("/language"));
  return std::move(row).take();
}

struct Stream {
  bool live;
  Instant started;
};

store::Row stream_row(const Stream& stream, int64_t channel, Instant sampled, const Event& event) {
  RowDraft row(TableId::livestreams, stamp_at(sampled, event));
  row.set("channel_id", channel);
  row.set("started_at", cut_to_seconds(stream.started));
  if (stream.live) {
    row.set("seen_live_at", sampled);
  } else {
    row.set("ended_at", sampled, stamp_at(sampled, event, kRankOfPoll));
  }
  return std::move(row).take();
}

}  // namespace

Result<std::vector<store::Row>> viewers_sampled(const Event& event) {
  Body body(event);
  const int64_t channel = body.id("/broadcaster_user_id");
  const Instant sampled = body.time("/sampled_at");
  std::vector<store::Row> rows;
  rows.push_back(sample_row(body, channel, sampled, event));
  // The sample of an offline channel has empty strings for title and category, which must not replace the last ones.
  const auto live = body.optional_boolean("/live");
  if (live == true) rows.push_back(channel_row(body, channel, sampled, event));
  const auto started = body.optional_time("/stream_started_at");
  if (live && started) rows.push_back(stream_row({*live, *started}, channel, sampled, event));
  return body.finish(std::move(rows));
}

}  // namespace vf::projections
