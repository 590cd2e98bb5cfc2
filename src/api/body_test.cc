// Bodies of operators' requests. Oracle: the comment of body.h.
#include "api/body.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace vf::api {
namespace {

Result<nlohmann::json> read(std::string body) {
  Call call;
  call.request.body = std::move(body);
  return object_of(call);
}

TEST(Body, IsAJsonObject) {
  EXPECT_EQ(read("").value().dump(), "{}");
  EXPECT_EQ(read(R"( {"a": {"b": [{"a": 1}, {"a": 2}]}, "b": {"a": 1}} )").value().dump(),
            R"({"a":{"b":[{"a":1},{"a":2}]},"b":{"a":1}})");
  for (const char* other : {"[]", "1", "null", "{", "{}x", "\"a\"", "{\"a\":\"\xFF\"}", " "}) {
    const auto body = read(other);
    ASSERT_FALSE(body) << other;
    EXPECT_EQ(body.error().message, "the body must be a JSON object, such as {}") << other;
  }
}

TEST(Body, RepeatedKeyIsNamed) {
  for (const char* body : {R"({"mode":"live","mode":"paused"})", R"({"a":[{"mode":1,"b":2,"m\u006fde":1}]})",
                           R"({"mode":{},"mode":{}})", R"({"a":{"x":1},"mode":1,"b":{"mode":1},"mode":null})"}) {
    const auto read_body = read(body);
    ASSERT_FALSE(read_body) << body;
    EXPECT_EQ(read_body.error().code, Code::invalid);
    EXPECT_EQ(read_body.error().message, R"(the body has the key "mode" more than once: give it once)") << body;
  }
}

}  // namespace
}  // namespace vf::api
