// livestream.metadata.updated → channels: title, category and language, replaced together. The body has no time: a late
// copy may overwrite newer values until the next poll of the channel corrects them.
#include "projections/body.h"

namespace vf::projections {

Result<std::vector<store::Row>> livestream_metadata_updated(const Event& event) {
  Body body(event);
  // Kick sends "Category" instead of the documented "category", or both.
  const std::string category = body.is_object("/metadata/category") ? "/metadata/category" : "/metadata/Category";
  if (!body.is_object("/metadata")) body.refuse_value("/metadata", "not an object");
  RowDraft row(TableId::channels, stamp_at(sent_at(event), event));
  row.set("channel_id", body.id("/broadcaster/user_id"));
  row.set("slug", body.text_cell("/broadcaster/channel_slug"));
  row.set("title", body.text_cell("/metadata/title"));
  row.set("category_id", body.integer_cell(category + "/id"));
  row.set("category_name", body.text_cell(category + "/name"));
  row.set("language", body.text_cell("/metadata/language"));
  return body.finish(one_row(std::move(row)));
}

}  // namespace vf::projections
