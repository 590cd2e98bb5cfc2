#include "event/envelope.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "event/envelope_reader.h"
#include "event/identity.h"
#include "event/json_fields.h"

namespace vf {
namespace {

using testing::HasSubstr;

Event example() {
  Event e;
  e.id = event_id("kick", "01JVWMSYEHQFCS2YK1GJ5KX7A1", std::nullopt);
  e.source = "kick";
  e.type = "kick.chat.message.sent";
  e.subject = "channel/123";
  e.time = from_unix_millis(1747939293649);
  e.message_id = "01JVWMSYEHQFCS2YK1GJ5KX7A1";
  e.fact_key = "chat/9f";
  e.version = "1";
  e.body = R"({"content": "привет \"мир\"", "n":1.0})";
  e.is_json = true;
  e.received = from_unix_millis(1747939294001);
  e.position = {.era = 0, .tx = 0, .seq = 77};
  return e;
}

std::string write(const Event& event) {
  std::string out;
  append_envelope(out, event);
  return out;
}

std::string refusal(std::string_view text, size_t events_max = 100) {
  const auto events = read_envelopes(text, events_max);
  return events ? "accepted" : events.error().message;
}

// The parts of an event that its envelope carries: all but the headers, which stay in the hub.
void expect_same(const Event& got, const Event& want) {
  EXPECT_EQ(got.id, want.id);
  EXPECT_EQ(got.source, want.source);
  EXPECT_EQ(got.type, want.type);
  EXPECT_EQ(got.subject, want.subject);
  EXPECT_EQ(got.time, want.time);
  EXPECT_EQ(got.message_id, want.message_id);
  EXPECT_EQ(got.fact_key, want.fact_key);
  EXPECT_EQ(got.version, want.version);
  EXPECT_EQ(got.sandbox, want.sandbox);
  EXPECT_EQ(got.is_json, want.is_json);
  EXPECT_EQ(got.body, want.body);
  EXPECT_EQ(got.received, want.received);
  EXPECT_EQ(got.position, want.position);
}

constexpr std::string_view kMinimal =
    R"({"specversion":"1.0","id":"0196f94c-f9d1-4768-aab3-194b9c143836","source":"s","type":"t")";

std::string minimal(std::string_view more = "") { return std::string(kMinimal).append(more).append("}"); }

TEST(EnvelopeText, IsTheContractsLetterForLetter) {
  EXPECT_EQ(
      write(example()),
      R"({"specversion":"1.0","id":"0196f94c-f9d1-8768-aab3-194b9c143836","source":"kick","type":"kick.chat.message.sent",)"
      R"("subject":"channel/123","time":"2025-05-22T18:41:33.649Z","messageid":"01JVWMSYEHQFCS2YK1GJ5KX7A1","factkey":"chat/9f",)"
      R"("dataversion":"1","receivedtime":"2025-05-22T18:41:34.001Z","sequence":"00000000-0000000000000000-000000000000004d",)"
      R"("datacontenttype":"application/json","data":{"content": "привет \"мир\"", "n":1.0}})");
}

TEST(EnvelopeText, AttributeNamesAreLowerCaseLettersAndDigits) {
  auto event = example();
  event.sandbox = true;
  const auto json = nlohmann::json::parse(write(event));
  EXPECT_EQ(json["sandbox"], true);
  for (const auto& [name, value] : json.items()) {
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789"), std::string::npos) << name;
  }
}

TEST(EnvelopeText, AbsentOptionalsAreNotWritten) {
  Event event;
  event.source = "s";
  event.type = "t";
  const auto json = nlohmann::json::parse(write(event));
  for (const auto name : {"subject", "messageid", "factkey", "dataversion", "sandbox", "data"})
    EXPECT_FALSE(json.contains(name)) << name;
  EXPECT_EQ(json["data_base64"], "");
}

TEST(EnvelopeRoundTrip, GivesBackEverythingCarried) {
  auto plain = example();
  auto sandbox = example();
  sandbox.sandbox = true;
  auto bytes = example();
  bytes.body = std::string("\0\xff not json \n", 13);
  bytes.is_json = false;
  const auto events = read_envelopes(write_batch(std::vector{plain, sandbox, bytes}), 3);
  ASSERT_TRUE(events) << events.error().message;
  ASSERT_EQ(events->size(), 3u);
  expect_same((*events)[0], plain);
  expect_same((*events)[1], sandbox);
  expect_same((*events)[2], bytes);
}

// Generates bodies that are JSON, nearly JSON, or any bytes.
rc::Gen<std::string> any_body() {
  const auto json = rc::gen::elementOf(std::vector<std::string>{R"({"a": [1, 2 ,{"b":"\u00e9\ud83d\ude00é"}]})", "{}",
                                                                "null", "\"\"", "1e400", " {}", "{}\n", "[1",
                                                                "\xef\xbb\xbf{}", "[{\"id\":\"x\"},]", "\"\\ud800\""});
  return rc::gen::oneOf(rc::gen::arbitrary<std::string>(), json);
}

rc::Gen<std::string> any_text() {
  const auto piece =
      rc::gen::elementOf(std::vector<std::string>{"a", "\"", "\\", "\n", "\x01", "é", "😀", "/", "\x7f", ":"});
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece), [](const auto& pieces) {
    std::string out;
    for (const auto& p : pieces) out += p;
    return out;
  });
}

Event any_event() {
  Event e;
  e.id = Uuid{*rc::gen::arbitrary<std::array<uint8_t, 16>>()};
  e.source = "s" + *any_text();
  e.type = "t" + *any_text();
  e.subject = *any_text();
  e.message_id = *any_text();
  e.fact_key = *any_text();
  e.version = *any_text();
  e.sandbox = *rc::gen::arbitrary<bool>();
  e.time = from_unix_millis(*rc::gen::inRange<int64_t>(-62167219200000, 253402300800000));
  e.received = from_unix_millis(*rc::gen::inRange<int64_t>(0, 253402300800000));
  e.position = {*rc::gen::arbitrary<uint32_t>(), *rc::gen::arbitrary<uint64_t>(), *rc::gen::arbitrary<uint64_t>()};
  e.body = *any_body();
  e.is_json = is_plain_json(e.body);
  return e;
}

RC_GTEST_PROP(EnvelopeRoundTrip, DataSurvivesByteForByte, ()) {
  std::vector<Event> events(*rc::gen::inRange<size_t>(0, 5));
  for (Event& event : events) event = any_event();
  const auto read = read_envelopes(write_batch(events), events.size());
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->size() == events.size());
  for (size_t i = 0; i < events.size(); ++i) {
    Event want = events[i];
    if (want.is_json) want.body = without_padding(want.body);
    RC_ASSERT((*read)[i].body == want.body);
    expect_same((*read)[i], want);
  }
}

TEST(EnvelopeText, PaddingAroundTheBodyIsNotPartOfTheData) {
  Event event = example();
  for (const auto body : {"{\"a\": 1 }\n", "\xef\xbb\xbf{\"a\": 1 }", " {\"a\": 1 }\r\n"}) {
    event.body = body;
    ASSERT_TRUE(is_plain_json(event.body)) << body;
    EXPECT_THAT(write(event), HasSubstr(R"(,"data":{"a": 1 }})")) << body;
  }
}

RC_GTEST_PROP(EnvelopeSize, IsNeverExceeded, ()) {
  const Event event = any_event();
  RC_ASSERT(write(event).size() <= envelope_size_max(event));
}

TEST(EnvelopeSize, HoldsForTheWorstTexts) {
  auto event = example();
  event.source = event.type = event.subject = event.message_id = event.fact_key = event.version =
      std::string(100, '\x01');
  event.sandbox = true;
  event.is_json = false;
  event.body = "x";
  EXPECT_LE(write(event).size(), envelope_size_max(event));
  EXPECT_EQ(write_batch(std::vector<Event>{}), "[]");
}

TEST(ForeignEnvelopes, WhatJsonStringifyWrites) {
  const auto events = read_envelopes(
      R"([{"data":{"b":1,"a":"\\ \u2028"},"type":"order.created","id":"0196F94C-F9D1-4768-AAB3-194B9C143836","source":"/shop","specversion":"1.0","time":"2026-11-22T17:38:17.042+01:00"}])",
      1);
  ASSERT_TRUE(events) << events.error().message;
  const Event& e = events->front();
  EXPECT_EQ(e.id.to_string(), "0196f94c-f9d1-4768-aab3-194b9c143836") << "any version, either case";
  EXPECT_EQ(e.body, R"({"b":1,"a":"\\ \u2028"})");
  EXPECT_TRUE(e.is_json);
  EXPECT_EQ(to_rfc3339(e.time), "2026-11-22T16:38:17.042Z");
  EXPECT_EQ(e.subject, "");
  EXPECT_FALSE(e.sandbox);
}

TEST(ForeignEnvelopes, WhiteSpaceAndUnknownAttributes) {
  const auto events = read_envelopes(
      " \r\n[ {\t\"specversion\" : \"1.0\" , "
      "\"x\":{\"y\":[1,null]},\n\"id\":\"0196f94c-f9d1-1768-aab3-194b9c143836\",\"traceparent\":\"00-\\u0041\","
      "\"source\":\"s\",\"type\":\"t\",\"subject\":null,\"n\":1e400,\"data\": [ 1 , 2 ] \n } ]\n",
      1);
  ASSERT_TRUE(events) << events.error().message;
  EXPECT_EQ(events->front().body, "[ 1 , 2 ]") << "the exact bytes, without the space around them";
}

TEST(ForeignEnvelopes, OneWithoutABatch) {
  const auto events = read_envelopes(" " + minimal() + " ", 1);
  ASSERT_TRUE(events);
  EXPECT_EQ(events->front().body, "");
  EXPECT_FALSE(events->front().is_json);
  EXPECT_EQ(events->front().time, Instant{});
  EXPECT_TRUE(read_envelopes(" [ ] ", 0)->empty());
}

TEST(ForeignEnvelopes, AnyKindOfData) {
  for (const auto data : {"null", "0", "true", "\"text\"", "[]", "{}"}) {
    const auto events = read_envelopes(minimal(std::string(",\"data\":") + data), 1);
    ASSERT_TRUE(events) << data;
    EXPECT_EQ(events->front().body, data);
    EXPECT_TRUE(events->front().is_json);
  }
  const auto base64 = read_envelopes(minimal(R"(,"data_base64":"eyJhIjoxfQ==")"), 1);
  ASSERT_TRUE(base64);
  EXPECT_EQ(base64->front().body, R"({"a":1})");
  EXPECT_TRUE(base64->front().is_json);
}

TEST(ForeignEnvelopes, DataThatStrictReadersRefuseIsKeptAsBytes) {
  for (const auto data : {"1e400", "[18446744073709551616]", R"("\ud800")"}) {
    const auto events =
        read_envelopes("[" + minimal(std::string(",\"data\":") + data) + "," + minimal(",\"data\":1") + "]", 2);
    ASSERT_TRUE(events) << data;
    EXPECT_EQ((*events)[0].body, data);
    EXPECT_FALSE((*events)[0].is_json);
    EXPECT_TRUE((*events)[1].is_json) << "its neighbour is not touched by it";
  }
}

TEST(ForeignEnvelopes, ExtensionsOfTheSameNameButAnotherForm) {
  const auto events = read_envelopes(minimal(R"(,"sequence":"12","receivedtime":"yesterday","sandbox":"true")"), 1);
  ASSERT_TRUE(events);
  EXPECT_EQ(events->front().position, Position{});
  EXPECT_EQ(events->front().received, Instant{});
  EXPECT_TRUE(events->front().sandbox);
}

TEST(ForeignEnvelopes, AnOptionalAttributeThatCannotBeUsedCountsAsAbsent) {
  for (const auto odd :
       {R"("time":"")", R"("time":"noon")", R"("time":"0001-01-01T00:00:00Z")", R"("time":null)", R"("time":{})",
        R"("time":[1])", R"("subject":"a\u0000")", R"("subject":{"a":1})", R"("sequence":5)", R"("receivedtime":true)",
        R"("sandbox":null)", R"("sandbox":"")", R"("data_base64":null)"}) {
    const auto events = read_envelopes("[" + minimal(std::string(",") + odd) + "," + minimal() + "]", 2);
    ASSERT_TRUE(events) << odd << ": " << events.error().message;
    expect_same((*events)[0], (*events)[1]);
  }
  EXPECT_EQ(read_envelopes(minimal(R"(,"dataversion":2,"subject":true)"), 1)->front().version, "2");
}

TEST(ForeignEnvelopes, OfRepeatedAttributesTheLastOneCounts) {
  const auto read = [](std::string_view more) { return read_envelopes(minimal(more), 1)->front(); };
  EXPECT_EQ(read(R"(,"subject":"a","subject":"b")").subject, "b");
  EXPECT_EQ(read(R"(,"subject":"a","subject":null)").subject, "");
  EXPECT_FALSE(read(R"(,"sandbox":true,"sandbox":null)").sandbox);
  EXPECT_EQ(read(R"(,"time":"2026-11-22T16:38:17Z","time":"")").time, Instant{});
  EXPECT_EQ(read(R"(,"data":1,"data":2)").body, "2");
}

TEST(RefusedEnvelopes, NameTheIndexAndTheAttribute) {
  EXPECT_EQ(refusal("[" + minimal() + R"(,{"specversion":"1.0","source":"s","type":"t"}])"), "event 1: id: missing");
  EXPECT_EQ(refusal(R"({"id":"0196f94c-f9d1-4768-aab3-194b9c143836","source":"s","type":"t"})"),
            "event 0: specversion: missing");
  EXPECT_EQ(refusal(R"({"specversion":"1.0","id":"0196f94c-f9d1-4768-aab3-194b9c143836","type":"t"})"),
            "event 0: source: missing");
  EXPECT_EQ(refusal(R"({"specversion":"1.0","id":"0196f94c-f9d1-4768-aab3-194b9c143836","source":"s"})"),
            "event 0: type: missing");
  EXPECT_EQ(refusal(R"({})"), "event 0: specversion: missing");
  EXPECT_EQ(refusal(minimal(R"(,"id":"1")")), "event 0: id: not a UUID");
  EXPECT_EQ(refusal(minimal(R"(,"specversion":"0.3")")), "event 0: specversion: only 1.0 is understood");
  EXPECT_EQ(refusal(minimal(R"(,"source":"")")), "event 0: source: empty");
  EXPECT_EQ(refusal(minimal(R"(,"type":7)")), "event 0: type: not a string");
  EXPECT_EQ(refusal(minimal(R"(,"type":"a\u0000")")), "event 0: type: holds a NUL");
  EXPECT_EQ(refusal(minimal(R"(,"type":null)")), "event 0: type: missing") << "the last one counts";
  EXPECT_EQ(refusal(minimal(R"(,"sandbox":1)")), "event 0: sandbox: neither true nor false");
  EXPECT_EQ(refusal(minimal(R"(,"sandbox":{})")), "event 0: sandbox: neither true nor false");
  EXPECT_EQ(refusal(minimal(R"(,"data_base64":"!")")), "event 0: data_base64: not base64");
  EXPECT_EQ(refusal(minimal(R"(,"data":1,"data_base64":"")")), "event 0: data: there is data_base64, too");
}

TEST(RefusedEnvelopes, WhatIsNotJsonOrNotAnEnvelope) {
  for (const std::string& text : {std::string(),
                                  std::string(" "),
                                  std::string("1"),
                                  std::string("[1]"),
                                  std::string("null"),
                                  std::string("[[]]"),
                                  std::string("["),
                                  std::string("[,]"),
                                  "[" + minimal(),
                                  "[" + minimal() + ",]",
                                  minimal() + "," + minimal(),
                                  minimal() + "x",
                                  std::string(kMinimal),
                                  minimal(","),
                                  minimal(R"(,"data")"),
                                  minimal(R"(,"data":)"),
                                  minimal(R"(,"data":tru)"),
                                  minimal(R"(,"x":[tru])"),
                                  minimal(R"(,"x":"\q")"),
                                  minimal(R"(,x:1)"),
                                  "[" + minimal() + "]]",
                                  std::string("\xef\xbb\xbf") + minimal()}) {
    EXPECT_NE(refusal(text), "accepted") << text;
  }
  EXPECT_EQ(refusal(minimal(",\"x\":\"\xff\"")), "not UTF-8");
}

TEST(ForeignEnvelopes, DepthHidesNothing) {
  const auto nested = [](size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
  const auto events = read_envelopes("[" + minimal(",\"data\":" + nested(64)) + "," +
                                         minimal(",\"x\":" + nested(100'000) + ",\"data\":" + nested(65)) + "]",
                                     2);
  ASSERT_TRUE(events) << events.error().message;
  EXPECT_TRUE((*events)[0].is_json);
  EXPECT_EQ((*events)[1].body, nested(65));
  EXPECT_FALSE((*events)[1].is_json) << "it travels on as bytes";
}

TEST(UnusableEnvelopes, AreReportedAndCostTheirNeighboursNothing) {
  const std::string odd[] = {minimal(R"(,"sandbox":"perhaps")"), minimal(R"(,"data_base64":"!")"),
                             minimal(R"(,"data":1,"data_base64":"")")};
  const std::string good = minimal(R"(,"data":1)");
  const std::string text = "[" + good + "," + odd[0] + ", " + odd[1] + " ," + odd[2] + "," + good + "]";
  std::vector<UnusableEnvelope> unusable;
  const auto events = read_envelopes(text, 5, &unusable);
  ASSERT_TRUE(events) << events.error().message;
  ASSERT_EQ(events->size(), 5u);
  EXPECT_EQ((*events)[4].body, "1");
  ASSERT_EQ(unusable.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(unusable[i].index, i + 1);
    EXPECT_EQ(unusable[i].text, odd[i]);
  }
  EXPECT_EQ(unusable[0].reason, "sandbox: neither true nor false");
  EXPECT_EQ(unusable[1].reason, "data_base64: not base64");
  EXPECT_EQ(unusable[2].reason, "data: there is data_base64, too");
}

TEST(UnusableEnvelopes, OfRepeatedAttributesTheLastOneCounts) {
  std::vector<UnusableEnvelope> unusable;
  const auto events = read_envelopes(
      minimal(R"(,"id":"no UUID","sandbox":1,"data_base64":"!","type":7,)"
              R"("id":"0196f94c-f9d1-4768-aab3-194b9c143837","sandbox":true,"data_base64":"e30=","type":"u")"),
      1, &unusable);
  ASSERT_TRUE(events) << events.error().message;
  EXPECT_TRUE(unusable.empty());
  EXPECT_EQ(events->front().id.to_string(), "0196f94c-f9d1-4768-aab3-194b9c143837");
  EXPECT_EQ(events->front().type, "u");
  EXPECT_EQ(events->front().body, "{}");
  EXPECT_TRUE(events->front().sandbox);
  EXPECT_EQ(refusal(minimal(R"(,"data_base64":"e30=","data_base64":null,"data":1)")), "accepted");
  EXPECT_EQ(refusal(minimal(R"(,"type":null)")), "event 0: type: missing");
}

TEST(RefusedEnvelopes, BombsOfDepthAndSize) {
  const std::string deep(100'000, '[');
  EXPECT_EQ(refusal(minimal(",\"data\":" + deep)), "event 0: data: not JSON");
  EXPECT_EQ(refusal(minimal(",\"x\":" + deep)), "event 0: attribute: not JSON");
  EXPECT_NE(refusal(deep), "accepted");
  const std::string two = "[" + minimal() + "," + minimal() + "]";
  EXPECT_EQ(refusal(two, 2), "accepted");
  EXPECT_EQ(read_envelopes(two, 1)->size(), 1u) << "the rest is not read";
  EXPECT_EQ(read_envelopes(minimal(), 0)->size(), 0u);
  EXPECT_EQ(read_envelopes("[" + minimal() + ",garbage", 1)->size(), 1u);
  EXPECT_NE(refusal("[" + minimal() + ",garbage", 2), "accepted");
  EXPECT_EQ(refusal("[" + minimal(), 1), "the batch has no end");
}

// Reading a batch that is cut or has one byte changed never crashes, and never returns more events than were written.
RC_GTEST_PROP(RefusedEnvelopes, DamagedText, ()) {
  std::string text = write_batch(std::vector{example(), example()});
  const size_t at = *rc::gen::inRange<size_t>(0, text.size());
  if (*rc::gen::arbitrary<bool>()) {
    text.resize(at);
    RC_ASSERT(!read_envelopes(text, 2).has_value());
  } else {
    text[at] = *rc::gen::arbitrary<char>();
    const auto events = read_envelopes(text, 2);
    RC_ASSERT(!events || events->size() == 2u);
  }
}

}  // namespace
}  // namespace vf
