#include "fake_providers/fake_sumsub.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/json_text.h"
#include "fake_providers/made_ids.h"
#include "fake_providers/oddity.h"

namespace vf::fake_providers {
namespace {

using Stage = Applicant::Stage;

constexpr std::string_view kGreen = R"({"reviewAnswer":"GREEN"})";
constexpr std::string_view kRetry =
    R"({"moderationComment":"Please upload a clearer photo.","clientComment":"Blurred.","reviewAnswer":"RED",)"
    R"("rejectLabels":["UNSATISFACTORY_PHOTOS","SCREENSHOTS"],"reviewRejectType":"RETRY"})";
constexpr std::string_view kFinal =
    R"({"moderationComment":"We could not verify your profile.","clientComment":" Suspected fraudulent account.",)"
    R"("reviewAnswer":"RED","rejectLabels":["GRAPHIC_EDITOR","FORGERY"],"reviewRejectType":"FINAL","buttonIds":[]})";
constexpr std::array<std::string_view, 3> kLevels{"basic-kyc-level", "id-and-liveness", "creator-payout-level"};

/// What an event is about besides the applicant: determines which further keys the body has.
enum class About { applicant, level, action, transaction, kyt_case, video };

/// One transition: from a stage to the next.
struct Step {
  Stage from;
  uint64_t weight;  // relative to the others from the same stage
  const char* type;
  const char* review_status;
  std::string_view result;  // reviewResult; may be empty
  Stage to;
  About about = About::applicant;
};

constexpr Step kSteps[] = {
    {Stage::fresh, 1, "applicantCreated", "init", "", Stage::created},
    {Stage::created, 8, "applicantPending", "pending", "", Stage::pending},
    {Stage::created, 1, "applicantPersonalInfoChanged", "init", "", Stage::created},
    {Stage::created, 1, "applicantDeleted", "init", "", Stage::deleted},
    {Stage::pending, 2, "applicantPrechecked", "queued", "", Stage::pending},
    {Stage::pending, 5, "applicantReviewed", "completed", kGreen, Stage::approved},
    {Stage::pending, 3, "applicantReviewed", "completed", kRetry, Stage::retry},
    {Stage::pending, 1, "applicantReviewed", "completed", kFinal, Stage::rejected},
    {Stage::pending, 1, "applicantOnHold", "onHold", "", Stage::held},
    {Stage::pending, 1, "videoIdentStatusChanged", "pending", "", Stage::pending, About::video},
    {Stage::held, 2, "applicantReviewed", "completed", kGreen, Stage::approved},
    {Stage::held, 1, "applicantReviewed", "completed", kFinal, Stage::rejected},
    {Stage::retry, 4, "applicantPending", "pending", "", Stage::pending},
    {Stage::retry, 1, "applicantReset", "init", "", Stage::created},
    {Stage::rejected, 1, "applicantReset", "init", "", Stage::created},
    {Stage::rejected, 2, "applicantDeactivated", "completed", "", Stage::inactive},
    {Stage::approved, 2, "applicantWorkflowCompleted", "completed", kGreen, Stage::approved},
    {Stage::approved, 2, "applicantTagsChanged", "completed", "", Stage::approved},
    {Stage::approved, 2, "applicantPersonalInfoChanged", "completed", "", Stage::approved},
    {Stage::approved, 2, "applicantLevelChanged", "init", "", Stage::created, About::level},
    {Stage::approved, 1, "applicantReset", "init", "", Stage::created},
    {Stage::approved, 2, "applicantDeactivated", "completed", "", Stage::inactive},
    {Stage::approved, 2, "applicantActionPending", "completed", "", Stage::approved, About::action},
    {Stage::approved, 2, "applicantActionReviewed", "completed", kFinal, Stage::approved, About::action},
    {Stage::approved, 2, "applicantKytTxnApproved", "completed", kGreen, Stage::approved, About::transaction},
    {Stage::approved, 1, "applicantKytTxnRejected", "completed", kFinal, Stage::approved, About::transaction},
    {Stage::approved, 1, "kytCaseCreated", "init", "", Stage::approved, About::kyt_case},
    {Stage::inactive, 1, "applicantActivated", "completed", "", Stage::approved},
    {Stage::inactive, 2, "applicantDeleted", "completed", "", Stage::deleted},
    {Stage::deleted, 1, "applicantPersonalDataDeleted", "completed", "", Stage::gone}};

const Step& draw_step(Stage stage, Random& random) {
  uint64_t total = 0;
  for (const Step& step : kSteps) total += step.from == stage ? step.weight : 0;
  uint64_t drawn = random.below(total);
  const Step* chosen = kSteps;
  for (; chosen->from != stage || drawn >= chosen->weight; ++chosen)
    drawn -= chosen->from == stage ? chosen->weight : 0;
  return *chosen;
}

/// "2024-04-24 11:15:09.446"
std::string millis_text(Instant at) {
  std::string text = to_rfc3339(at).substr(0, 23);
  text[10] = ' ';
  return text;
}

class JsonObject {
 public:
  void text(std::string_view key, std::string_view value) { raw(key, json_string(value)); }
  void raw(std::string_view key, std::string_view json) {
    fields_ += fmt::format(R"({}"{}":{})", fields_.empty() ? "" : ",", key, json);
  }
  std::string str() const { return "{" + fields_ + "}"; }

 private:
  std::string fields_;
};

void add_about(JsonObject& json, const Step& step, Instant now, Random& random) {
  switch (step.about) {
    case About::action:
      json.text("applicantActionId", make_object_id(now, random));
      json.text("externalApplicantActionId", "action-" + make_hex(8, random));
      break;
    case About::transaction:
      json.text("kytTxnId", make_object_id(now, random));
      json.text("kytDataTxnId", make_hex(22, random));
      json.text("kytTxnType", "finance");
      break;
    case About::kyt_case:
      json.text("kytCaseId", make_object_id(now, random));
      break;
    case About::video:
      json.text("videoIdentReviewStatus", step.review_status);
      break;
    case About::applicant:
    case About::level:
      break;
  }
}

void add_sandbox_mode(JsonObject& json, const Applicant& applicant, Oddity& odd) {
  const std::string_view value = applicant.sandbox ? "true" : "false";
  if (odd.strikes()) {
    json.text("sandboxMode", value);  // older samples have it as text
  } else {
    json.raw("sandboxMode", value);
  }
}

void add_times(JsonObject& json, Instant now, Oddity& odd) {
  const std::string millis = millis_text(now);
  const bool only_seconds = odd.strikes();
  if (only_seconds || !odd.strikes()) json.text("createdAt", millis.substr(0, 19) + "+0000");
  if (!only_seconds) json.text("createdAtMs", millis);
}

struct Moment {
  Instant now;
  Random& random;
  Oddity odd;
};

std::string body_of(const Applicant& applicant, const Step& step, Moment moment) {
  auto& [now, random, odd] = moment;
  const bool about_person = step.about != About::transaction && step.about != About::kyt_case;
  JsonObject json;
  json.text("applicantId", applicant.applicant_id);
  if (about_person) json.text("inspectionId", applicant.inspection_id);
  if (!odd.strikes()) json.text("applicantType", "individual");
  json.text("correlationId", odd.strikes() ? make_hex(32, random) : "req-" + make_uuid(random));
  if (about_person) json.text("levelName", applicant.level);
  if (step.about == About::level) json.text("previousLevelName", applicant.previous_level);
  add_sandbox_mode(json, applicant, odd);
  if (step.about != About::kyt_case) json.text("externalUserId", applicant.external_user_id);
  json.text("type", step.type);
  // A reset still carries the answer that it has just revoked.
  const bool is_reset = std::string_view(step.type) == "applicantReset";
  const std::string_view result = is_reset ? std::string_view(applicant.last_result) : step.result;
  if (!result.empty()) json.raw("reviewResult", result);
  json.text("reviewStatus", step.review_status);
  add_times(json, now, odd);
  if (step.about != About::kyt_case && !odd.strikes()) json.text("clientId", "verifluence.io");
  add_about(json, step, now, random);
  return json.str();
}

}  // namespace

Payload FakeSumsub::next(Instant now, Random& random) {
  Applicant& applicant = choose(now, random);
  const Step& step = draw_step(applicant.stage, random);
  if (step.about == About::level) {
    applicant.previous_level = applicant.level;
    applicant.level = kLevels[random.below(kLevels.size())];
  }
  Payload payload;
  payload.provider = Provider::sumsub;
  payload.type = step.type;
  payload.body = body_of(applicant, step, {now, random, Oddity(random, params_.odd_percent)});
  if (payload.type == "applicantReviewed") applicant.last_result = step.result;
  applicant.stage = step.to;
  if (applicant.stage == Stage::gone) {
    std::swap(applicant, applicants_.back());
    applicants_.pop_back();
  }
  return payload;
}

Applicant& FakeSumsub::choose(Instant now, Random& random) {
  const bool room = applicants_.size() < std::max<size_t>(1, params_.applicants);
  if (!applicants_.empty() && !(room && random.below(4) == 0)) return applicants_[random.below(applicants_.size())];
  Applicant fresh;
  fresh.applicant_id = make_object_id(now, random);
  fresh.inspection_id = make_object_id(now, random);
  fresh.external_user_id = fmt::format("creator-{}", ++users_);
  fresh.level = kLevels[0];
  fresh.sandbox = random.unit() * 100 < params_.sandbox_percent;
  return applicants_.emplace_back(std::move(fresh));
}

}  // namespace vf::fake_providers
