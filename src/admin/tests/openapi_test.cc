// The description of the admin API as tools read it. Oracle: the recommended rules of Redocly CLI, which programs that
// generate clients rely on too.
#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

namespace vf::admin {
namespace {

using nlohmann::json;

json description() { return json::parse(std::ifstream(std::string(VF_ROOT) + "/src/admin/openapi.json")); }

bool has_response(const json& operation, const std::string& pattern) {
  const auto& responses = operation["responses"];
  return std::ranges::any_of(
      responses.items(), [&](const auto& response) { return std::regex_match(response.key(), std::regex(pattern)); });
}

TEST(OpenApi, DocumentHasALicenseAndAServer) {
  const json document = description();
  EXPECT_EQ(document["info"]["license"]["identifier"], "Apache-2.0");
  ASSERT_FALSE(document["servers"].empty());
  EXPECT_EQ(document["servers"][0]["url"], "/");
}

TEST(OpenApi, EveryOperationHasANameOfItsOwnAndSaysHowItFails) {
  std::set<std::string> names;
  const json document = description();
  for (const auto& [path, methods] : document["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) {
      const std::string name = operation.value("operationId", "");
      EXPECT_TRUE(std::regex_match(name, std::regex("[a-z][A-Za-z]+"))) << method << " " << path;
      EXPECT_TRUE(names.insert(name).second) << name << " names two operations";
      EXPECT_NE(operation.value("summary", ""), "") << name;
      EXPECT_TRUE(operation.contains("security")) << name;
      EXPECT_TRUE(has_response(operation, "2..")) << name;
      EXPECT_TRUE(has_response(operation, "4XX")) << name;
      std::set<std::string> declared;
      for (const json& parameter : operation.value("parameters", json::array())) {
        if (parameter["in"] == "path") declared.insert(parameter["name"]);
      }
      std::set<std::string> in_path;
      const std::regex variable(R"(\{([^}]+)\})");
      for (std::sregex_iterator at(path.begin(), path.end(), variable), end; at != end; ++at) in_path.insert((*at)[1]);
      EXPECT_EQ(declared, in_path) << name;
    }
  }
}

// A reader must not have to guess the words of a state.
TEST(OpenApi, StatesAreEnumerations) {
  const json schemas = description()["components"]["schemas"];
  for (const char* at : {"/Source/properties/mode", "/Target/properties/mode", "/Target/properties/state",
                         "/TargetMode/properties/mode", "/DeadLetter/properties/state", "/Run/properties/state",
                         "/Reconciliation/properties/state", "/Lake/properties/driver", "/Lake/properties/state",
                         "/EventHistory/properties/environments/items/properties/status"}) {
    EXPECT_TRUE(schemas.at(json::json_pointer(at)).contains("enum")) << at;
  }
}

}  // namespace
}  // namespace vf::admin
