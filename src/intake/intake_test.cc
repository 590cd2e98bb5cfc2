// Tests how intake answers each kind of request to the public listener, and what it has written by then.
#include "intake/intake.h"

#include <gmock/gmock.h>

#include <future>
#include <latch>

#include "base/eventually_test.h"
#include "event/identity.h"
#include "http/client.h"
#include "obs/services_test.h"
#include "outbox/recording_store_test.h"

namespace vf::intake {
namespace {

const Instant kNow = from_unix_millis(1'700'000'000'000);

// A source that accepts every request with the header "sig: good"; the body is the message id.
class TrustingSource final : public sources::Source {
 public:
  const std::string& name() const override { return name_; }
  sources::Verification verify(const http::Request& request, Instant now) const override {
    const auto signature = request.headers.unique("sig");
    if (!signature) return sources::Refusal{"missing header"};
    if (*signature == "hello")
      return sources::Handshake{{.status = 200, .content_type = "text/plain", .body = "hi", .headers = {}}};
    if (*signature != good_) return sources::Refusal{"bad signature", can_refresh};
    sources::Delivery delivery;
    delivery.event.id = event_id(name_, request.body, std::nullopt);
    delivery.event.source = name_;
    delivery.event.type = type;
    delivery.event.message_id = request.body;
    delivery.event.time = now;
    return delivery;
  }
  void refresh_keys(Instant, std::function<void(sources::KeyRefresh)> done) override {
    using enum sources::KeyRefresh;
    ++refreshes;
    if (refresh_gives.empty()) return done(failed);
    const bool is_new = good_ != refresh_gives;
    good_ = refresh_gives;
    done(is_new ? changed : unchanged);
  }

  std::string type = "kick.chat.message.sent";
  bool can_refresh = false;
  std::string refresh_gives;
  int refreshes = 0;

 private:
  std::string name_ = "kick";
  std::string good_ = "good";
};

struct IntakeTest : testing::Test {
  outbox::RecordingStore store;
  obs::TestServices around{kNow};
  ManualClock& clock = around.clock;
  outbox::Committer committer{{.store = store, .services = around.services}};
  std::shared_ptr<TrustingSource> source = std::make_shared<TrustingSource>();
  bool fan_out = true;

  http::Response send(http::Request request) {
    Intake intake({.sources = {{"kick", {source, fan_out}}}, .committer = committer, .services = around.services});
    std::promise<http::Response> promise;
    auto answer = promise.get_future();
    intake.handle(std::move(request), [&promise](http::Response response) { promise.set_value(std::move(response)); });
    return answer.get();
  }
  /// Returns how many requests of the source ended with this outcome.
  uint64_t count(Outcome outcome) { return SourceMetrics("kick", around.services).count(outcome); }
  http::Response post_to(const std::string& target) {
    http::Request request{.method = "POST", .target = target, .headers = {}, .body = "m1", .peer = {}};
    request.headers.add("Sig", "good");
    return send(std::move(request));
  }
  http::Response post(const std::string& signature, const std::string& body = "m1") {
    http::Request request{.method = "POST", .target = "/webhooks/kick", .headers = {}, .body = body, .peer = {}};
    if (!signature.empty()) request.headers.add("Sig", signature);
    return send(std::move(request));
  }
};

TEST_F(IntakeTest, NewEventIsCommittedBeforeItIsAccepted) {
  const auto response = post("good");
  EXPECT_EQ(response.status, 200);
  const auto id = event_id("kick", "m1", std::nullopt).to_string();
  EXPECT_EQ(response.body, R"({"status":"accepted","event_id":")" + id + "\"}");
  ASSERT_EQ(store.transactions.size(), 1u);
  EXPECT_TRUE(std::get<store::AddEvent>(store.transactions[0][0]).fan_out);
}

TEST_F(IntakeTest, EventsOfNoRecognisedTypeAreCountedOnce) {
  const auto unrecognised = [&] {
    return around.metrics.counter("vf_intake_unrecognised_total", "", {{"source", "kick"}}).value();
  };
  post("good");
  EXPECT_EQ(unrecognised(), 0u);
  source->type = "kick.unrecognised";
  EXPECT_EQ(post("good", "m2").status, 200);
  EXPECT_EQ(post("good", "m2").status, 200) << "a duplicate";
  EXPECT_EQ(unrecognised(), 1u);
}

TEST_F(IntakeTest, RepeatIsADuplicateWithTheSameId) {
  const auto first = post("good");
  const auto second = post("good");
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(second.body.substr(second.body.find("event_id")), first.body.substr(first.body.find("event_id")));
  EXPECT_NE(second.body.find("duplicate"), std::string::npos);
}

TEST_F(IntakeTest, UnverifiedIsRefusedAndWritesNothing) {
  EXPECT_EQ(post("").status, 401);
  EXPECT_EQ(post("bad").status, 401);
  EXPECT_EQ(store.calls, 0);
  EXPECT_EQ(count(Outcome::refused), 2u);
}

TEST_F(IntakeTest, HandshakeIsAnsweredAndWritesNothing) {
  EXPECT_EQ(post("hello").body, "hi");
  EXPECT_EQ(store.calls, 0);
}

TEST_F(IntakeTest, UnknownKeyIsFetchedOnceAndTriedAgain) {
  source->can_refresh = true;
  source->refresh_gives = "new";
  EXPECT_EQ(post("new").status, 200);
  EXPECT_EQ(source->refreshes, 1);
}

TEST_F(IntakeTest, FetchedKeyThatDoesNotFitIsRefused) {
  source->can_refresh = true;
  source->refresh_gives = "new";
  EXPECT_EQ(post("forged").status, 401);
  EXPECT_EQ(post("forged").status, 401);
  EXPECT_EQ(source->refreshes, 2);
  EXPECT_EQ(store.calls, 0);
}

TEST_F(IntakeTest, AKeyThatCannotBeFetchedRefusesNothingForGood) {
  source->can_refresh = true;
  const auto response = post("signed by the new key");
  EXPECT_EQ(response.status, 503);
  ASSERT_EQ(response.headers.size(), 1u);
  EXPECT_EQ(response.headers.front(), std::pair(std::string("Retry-After"), std::string("1")));
  source->refresh_gives = "signed by the new key";
  EXPECT_EQ(post("signed by the new key").status, 200) << "the provider sends it again";
}

TEST_F(IntakeTest, SourcesAreReplacedWhileRequestsAreUnderWay) {
  std::latch go_on{1};
  store.before_write = [&go_on] { go_on.wait(); };
  Intake intake({.sources = {{"kick", {source, true}}}, .committer = committer, .services = around.services});
  const auto post_to = [&intake](const std::string& target, const std::string& body) {
    auto promise = std::make_shared<std::promise<http::Response>>();
    http::Request request{.method = "POST", .target = target, .headers = {}, .body = body, .peer = {}};
    request.headers.add("Sig", "good");
    intake.handle(std::move(request), [promise](http::Response answer) { promise->set_value(std::move(answer)); });
    return promise->get_future();
  };
  auto begun = post_to("/webhooks/kick", "m1");
  const std::weak_ptr<TrustingSource> replaced = std::exchange(source, nullptr);
  intake.replace_sources({{"other", {std::make_shared<TrustingSource>(), false}}});
  EXPECT_FALSE(replaced.expired()) << "the request that has begun keeps it";
  EXPECT_EQ(post_to("/webhooks/kick", "m2").get().status, 404);
  auto other = post_to("/webhooks/other", "m3");
  go_on.count_down();
  EXPECT_EQ(begun.get().status, 200);
  EXPECT_EQ(other.get().status, 200);
  EXPECT_EQ(count(Outcome::accepted), 1u);
  EXPECT_TRUE(eventually([&] { return replaced.expired(); }));
  intake.replace_sources({{"kick", {std::make_shared<TrustingSource>(), true}}});
  EXPECT_EQ(intake.counts().at(0).accepted, 1u) << "it counts on";
}

TEST_F(IntakeTest, StoreAwayIs503WithRetryAfter) {
  store.away = true;
  const auto response = post("good");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(http::header(response, "retry-after"), "1");
}

TEST_F(IntakeTest, OverdueRequestIsAnsweredAndCountedOnce) {
  std::latch go_on{1};
  store.before_write = [&go_on] { go_on.wait(); };
  Intake intake({.sources = {{"kick", {source, true}}}, .committer = committer, .services = around.services});
  std::vector<http::Response> answers;
  http::Request request{.method = "POST", .target = "/webhooks/kick", .headers = {}, .body = "m1", .peer = {}};
  request.headers.add("Sig", "good");
  intake.handle(std::move(request), [&answers](http::Response response) { answers.push_back(std::move(response)); });
  clock.advance(Millis{3'999});
  intake.answer_overdue();
  EXPECT_EQ(answers.size(), 0u);
  clock.advance(Millis{1});
  intake.answer_overdue();
  intake.answer_overdue();
  EXPECT_EQ(count(Outcome::unavailable), 1u);
  go_on.count_down();
  committer.drain();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].status, 503);
  EXPECT_EQ(http::header(answers[0], "Retry-After"), "1");
  EXPECT_EQ(count(Outcome::unavailable), 1u);
  EXPECT_EQ(count(Outcome::accepted), 0u) << "a commit that finishes afterwards is not counted";
}

TEST_F(IntakeTest, RequestsAreAnsweredSoonerWhileTheProcessStops) {
  std::latch go_on{1};
  store.before_write = [&go_on] { go_on.wait(); };
  Intake intake({.sources = {{"kick", {source, true}}}, .committer = committer, .services = around.services});
  std::vector<int> answers;
  http::Request request{.method = "POST", .target = "/webhooks/kick", .headers = {}, .body = "m1", .peer = {}};
  request.headers.add("Sig", "good");
  intake.handle(std::move(request), [&answers](const http::Response& response) { answers.push_back(response.status); });
  intake.answer_within(Millis{10'000});  // later than the answer timeout
  intake.answer_within(Millis{1'600});
  clock.advance(Millis{1'599});
  intake.answer_overdue();
  EXPECT_EQ(answers, std::vector<int>{});
  clock.advance(Millis{1});
  intake.answer_overdue();
  EXPECT_EQ(answers, std::vector<int>{503});
  go_on.count_down();
  committer.drain();
}

TEST_F(IntakeTest, FullQueueIs503WithRetryAfter) {
  committer.drain();  // refuses as a full queue does
  const auto response = post("good");
  EXPECT_EQ(response.status, 503);
  EXPECT_TRUE(http::header(response, "Retry-After").has_value());
  EXPECT_EQ(count(Outcome::overloaded), 1u);
}

TEST_F(IntakeTest, DryRunSourceIsKeptButNotFannedOut) {
  fan_out = false;
  EXPECT_EQ(post("good").status, 200);
  EXPECT_FALSE(std::get<store::AddEvent>(store.transactions.at(0)[0]).fan_out);
}

TEST_F(IntakeTest, UnknownSourceIs404AndOtherMethods405) {
  for (const auto* target : {"/webhooks/unknown", "/webhooks/", "/webhooks", "/", "/webhooks/kick/more"}) {
    EXPECT_EQ(send({.method = "POST", .target = target, .headers = {}, .body = {}, .peer = {}}).status, 404) << target;
  }
  for (const auto* method : {"GET", "PUT", "DELETE", "HEAD"}) {
    const auto response =
        send({.method = method, .target = "/webhooks/kick?x=1", .headers = {}, .body = {}, .peer = {}});
    EXPECT_EQ(response.status, 405) << method;
    EXPECT_EQ(http::header(response, "Allow"), "POST");
  }
}

TEST_F(IntakeTest, SlashesThatAProxyAddsMeanNothing) {
  for (const char* target : {"/webhooks/kick", "/webhooks/kick/", "//webhooks//kick", "/webhooks/kick//?a=b"})
    EXPECT_EQ(post_to(target).status, 200) << target;
  for (const char* target :
       {"/", "/webhooks", "/webhooks/", "/webhooks/kick/x", "/x/webhooks/kick", "/webhooks/kic", "*"})
    EXPECT_EQ(post_to(target).status, 404) << target;
}

// What is verified, digested and stored is the decoded body; a body that cannot be decoded leaves no trace.
TEST_F(IntakeTest, ContentCodingIsTakenOffBeforeTheSignatureIsVerified) {
  const std::string gzip_of_m1(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x35\x04\x00\x2f\x07\x54\xc0\x02\x00\x00\x00", 22);
  const auto send_as = [&](const std::string& coding, const std::string& body) {
    http::Request request{.method = "POST", .target = "/webhooks/kick", .headers = {}, .body = body, .peer = {}};
    request.headers.add("Sig", "good");
    request.headers.add("Content-Encoding", coding);
    return send(std::move(request));
  };
  const auto accepted = send_as("gzip", gzip_of_m1);
  ASSERT_EQ(accepted.status, 200) << accepted.body;
  EXPECT_THAT(accepted.body, testing::HasSubstr(event_id("kick", "m1", std::nullopt).to_string()));
  EXPECT_EQ(post("good", "m1").body,
            std::string(accepted.body).replace(accepted.body.find("accepted"), 8, "duplicate"));
  EXPECT_EQ(send_as("gzip", "m1").status, 400);
  EXPECT_EQ(send_as("br", "m1").status, 415);
  EXPECT_EQ(count(Outcome::refused), 2U);
}

}  // namespace
}  // namespace vf::intake
