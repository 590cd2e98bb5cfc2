// Sumsub's applicant events → applicants and applicant_reviews. Events of actions, transactions (KYT), cases and video
// calls have no projector: they say nothing of the applicant's own check. No personal data is read.
//
// Verified is not stored but derived (view verified_applicants): GREEN at the current level, later than every other
// outcome at that level and than everything that clears. Each of these is a plain maximum of times, so two of them at
// one time are a tie whatever their order, and a tie is not verified.
#include "projections/body.h"
#include "projections/kick_times.h"

namespace vf::projections {
namespace {

// createdAtMs, else createdAt. A time in whole seconds may mean any of its milliseconds: it counts as the last.
Instant happened_at(Body& body) {
  const std::string_view pointer = body.has("/createdAtMs") ? "/createdAtMs" : "/createdAt";
  const Instant at = body.time(pointer);
  const bool whole_second = body.text(pointer).find('.') == std::string::npos;
  return whole_second ? at + Millis{999} : at;
}

struct Told {
  Instant at;
  RowDraft applicant;
  RowDraft review;
  bool has_level = false;
};

void set_key(RowDraft& row, bool sandbox, const std::string& applicant) {
  row.set("sandbox", sandbox).set("applicant_id", applicant);
}

// What every applicant event tells: its status and level at that time, and whose it is.
Told read_told(Body& body, const Event& event) {
  const Instant at = happened_at(body);
  const store::Stamp stamp = stamp_at(at, event);
  Told told{at, {TableId::applicants, stamp}, {TableId::applicant_reviews, stamp}};
  const bool sandbox = event.sandbox || body.boolean_cell("/sandboxMode") == Cell{store::Value{true}};
  const std::string applicant = body.text("/applicantId");
  set_key(told.applicant, sandbox, applicant);
  set_key(told.review, sandbox, applicant);
  told.applicant.set("external_user_id", body.text_cell("/externalUserId"));
  told.applicant.set("status", body.text_cell("/reviewStatus"));
  told.has_level = body.has("/levelName");
  if (told.has_level) {
    const std::string level = body.text("/levelName");
    told.applicant.set("level", level);
    told.review.set("level", level).set("told_at", at);
  }
  return told;
}

Result<std::vector<store::Row>> finish(Body& body, Told&& told) {
  std::vector<store::Row> rows;
  if (told.has_level) rows.push_back(std::move(told.review).take());
  rows.push_back(std::move(told.applicant).take());
  return body.finish(std::move(rows));
}

}  // namespace

Result<std::vector<store::Row>> applicant_told(const Event& event) {
  Body body(event);
  return finish(body, read_told(body, event));
}

// The only events whose reviewResult is believed: a reset still carries the old GREEN.
Result<std::vector<store::Row>> applicant_reviewed(const Event& event) {
  Body body(event);
  Told told = read_told(body, event);
  if (!told.has_level) body.refuse("/levelName", "missing");
  const std::string answer = body.text("/reviewResult/reviewAnswer");
  told.review.set("review_answer", answer);
  told.review.set("reject_labels", body.json_cell("/reviewResult/rejectLabels"));
  told.review.set("reject_type", body.text_cell("/reviewResult/reviewRejectType"));
  told.review.set(answer == "GREEN" ? "green_at" : "not_green_at", told.at);
  return finish(body, std::move(told));
}

Result<std::vector<store::Row>> applicant_cleared(const Event& event) {
  Body body(event);
  Told told = read_told(body, event);
  told.applicant.set("cleared_at", told.at);
  return finish(body, std::move(told));
}

Result<std::vector<store::Row>> applicant_deleted(const Event& event) {
  Body body(event);
  Told told = read_told(body, event);
  told.applicant.set("cleared_at", told.at).set("deleted_at", told.at);
  return finish(body, std::move(told));
}

Result<std::vector<store::Row>> applicant_deactivated(const Event& event) {
  Body body(event);
  Told told = read_told(body, event);
  told.applicant.set("cleared_at", told.at).set("active", false);
  return finish(body, std::move(told));
}

Result<std::vector<store::Row>> applicant_activated(const Event& event) {
  Body body(event);
  Told told = read_told(body, event);
  told.applicant.set("active", true);
  return finish(body, std::move(told));
}

}  // namespace vf::projections
