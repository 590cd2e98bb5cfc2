// Sumsub's applicant events → applicants and applicant_reviews. Events of actions, transactions (KYT), cases and video
// calls have no projector: they are not about the applicant's own check. No personal data is read.
//
// "Verified" is not stored but derived (view verified_applicants): GREEN at the current level, later than every other
// outcome at that level and than every event that clears. Each of these is a maximum of times, so two of them at the
// same time are a tie in any order, and a tie is not verified.
#include "projections/body.h"

namespace vf::projections {
namespace {

// Returns createdAtMs (a text such as "2026-11-22 11:00:00.042", or the milliseconds since 1970 as a number), or
// createdAt if createdAtMs is no time. A text without fraction digits may mean any millisecond of its second; it is
// taken as the last one.
Instant happened_at(Body& body) {
  const bool use_millis = body.optional_time("/createdAtMs") || (body.has("/createdAtMs") && !body.has("/createdAt"));
  const std::string_view pointer = use_millis ? "/createdAtMs" : "/createdAt";
  const Instant at = body.time(pointer);
  const std::string text = body.optional_text(pointer).value_or("");
  const bool whole_second = text.find(':') != std::string::npos && text.find('.') == std::string::npos;
  return whole_second ? at + Millis{999} : at;
}

// A mark that is neither true nor false is a problem, because it is part of the key: an unread mark must not turn a
// test into a verified person.
bool is_sandbox(Body& body, const Event& event) {
  const auto mark = body.optional_boolean("/sandboxMode");
  if (!mark && body.has("/sandboxMode")) body.refuse("/sandboxMode", "neither true nor false");
  return event.sandbox || mark.value_or(false);
}

struct ApplicantRows {
  Instant at;
  RowDraft applicant;
  RowDraft review;
  bool has_level = false;
};

void set_key(RowDraft& row, bool sandbox, const std::string& applicant) {
  row.set("sandbox", sandbox).set("applicant_id", applicant);
}

// Reads what every applicant event contains: the status and level at that time, and the external user id.
ApplicantRows read_common(Body& body, const Event& event) {
  const Instant at = happened_at(body);
  const store::Stamp stamp = stamp_at(at, event);
  ApplicantRows rows{at, {TableId::applicants, stamp}, {TableId::applicant_reviews, stamp}};
  const bool sandbox = is_sandbox(body, event);
  const std::string applicant = body.text("/applicantId");
  set_key(rows.applicant, sandbox, applicant);
  set_key(rows.review, sandbox, applicant);
  rows.applicant.set("external_user_id", body.indexed_text_cell("/externalUserId"));
  rows.applicant.set("status", body.text_cell("/reviewStatus"));
  if (const auto level = body.optional_text("/levelName")) {
    rows.has_level = true;
    rows.applicant.set("level", *level);
    rows.review.set("level", *level).set("told_at", at);
  }
  return rows;
}

Result<std::vector<store::Row>> finish(Body& body, ApplicantRows&& drafts) {
  std::vector<store::Row> rows;
  if (drafts.has_level) rows.push_back(std::move(drafts.review).take());
  rows.push_back(std::move(drafts.applicant).take());
  return body.finish(std::move(rows));
}

}  // namespace

Result<std::vector<store::Row>> applicant_updated(const Event& event) {
  Body body(event);
  return finish(body, read_common(body, event));
}

// Only these events' reviewResult is read, because a reset event still contains the old GREEN.
Result<std::vector<store::Row>> applicant_reviewed(const Event& event) {
  Body body(event);
  ApplicantRows rows = read_common(body, event);
  if (!rows.has_level) (void)body.text("/levelName");
  const std::string answer = body.text("/reviewResult/reviewAnswer");
  rows.review.set("review_answer", answer);
  rows.review.set("reject_labels", body.json_cell("/reviewResult/rejectLabels"));
  rows.review.set("reject_type", body.text_cell("/reviewResult/reviewRejectType"));
  rows.review.set(answer == "GREEN" ? "green_at" : "not_green_at", rows.at);
  return finish(body, std::move(rows));
}

Result<std::vector<store::Row>> applicant_cleared(const Event& event) {
  Body body(event);
  ApplicantRows rows = read_common(body, event);
  rows.applicant.set("cleared_at", rows.at);
  return finish(body, std::move(rows));
}

Result<std::vector<store::Row>> applicant_deleted(const Event& event) {
  Body body(event);
  ApplicantRows rows = read_common(body, event);
  rows.applicant.set("cleared_at", rows.at).set("deleted_at", rows.at);
  return finish(body, std::move(rows));
}

Result<std::vector<store::Row>> applicant_deactivated(const Event& event) {
  Body body(event);
  ApplicantRows rows = read_common(body, event);
  rows.applicant.set("cleared_at", rows.at).set("active", false);
  return finish(body, std::move(rows));
}

Result<std::vector<store::Row>> applicant_activated(const Event& event) {
  Body body(event);
  ApplicantRows rows = read_common(body, event);
  rows.applicant.set("active", true);
  return finish(body, std::move(rows));
}

}  // namespace vf::projections
