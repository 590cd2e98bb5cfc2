#include "config/yaml_value.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <sstream>

namespace vf::config {
namespace {

constexpr size_t kBytesMax = 1u << 20;
constexpr int kDepthMax = 64;
constexpr int kValuesMax = 100'000;

class Reader {
 public:
  // Throws YamlError: the recursion is deep and every level can fail.
  YamlValue read(const YAML::Node& node, int line, int depth) {
    if (depth > kDepthMax) throw YamlError{line, "nested deeper than 64 levels"};
    if (++values_ > kValuesMax) throw YamlError{line, "more than 100000 values"};
    YamlValue value;
    value.line = line;
    switch (node.Type()) {
      case YAML::NodeType::Scalar:
        value.kind = YamlValue::Kind::scalar;
        value.text = node.Scalar();
        break;
      case YAML::NodeType::Sequence:
        value.kind = YamlValue::Kind::list;
        for (const YAML::Node& item : node) value.items.push_back(read(item, line_of(item, line), depth + 1));
        break;
      case YAML::NodeType::Map:
        read_map(node, depth, value);
        break;
      case YAML::NodeType::Null:
      case YAML::NodeType::Undefined:
        break;
    }
    return value;
  }

 private:
  // The node of an anchor keeps the line where it was written, because that line has to be corrected.
  static int line_of(const YAML::Node& node, int otherwise) {
    const YAML::Mark mark = node.Mark();
    return mark.is_null() ? otherwise : mark.line + 1;
  }

  void read_map(const YAML::Node& node, int depth, YamlValue& map) {
    map.kind = YamlValue::Kind::map;
    std::vector<YamlMember> merged;
    for (const auto& pair : node) {
      const int line = line_of(pair.first, map.line);
      if (!pair.first.IsScalar()) throw YamlError{line, "a key must be plain text"};
      YamlMember member{pair.first.Scalar(), line, read(pair.second, line, depth + 1)};
      if (member.name == "<<") {
        collect_merged(member.value, merged);
        continue;
      }
      if (holds(map.members, member.name)) throw YamlError{line, "'" + member.name + "' is given twice"};
      map.members.push_back(std::move(member));
    }
    for (YamlMember& member : merged) {
      if (!holds(map.members, member.name)) map.members.push_back(std::move(member));
    }
  }

  // https://yaml.org/type/merge.html: a map, or a list of maps of which earlier ones win.
  static void collect_merged(YamlValue& value, std::vector<YamlMember>& merged) {
    if (value.kind == YamlValue::Kind::list) {
      for (YamlValue& item : value.items) collect_merged(item, merged);
      return;
    }
    if (value.kind != YamlValue::Kind::map) throw YamlError{value.line, "'<<' takes a map or a list of maps"};
    std::ranges::move(value.members, std::back_inserter(merged));
  }

  static bool holds(const std::vector<YamlMember>& members, const std::string& name) {
    return std::ranges::any_of(members, [&](const YamlMember& member) { return member.name == name; });
  }

  int values_ = 0;
};

// yaml-cpp reads empty documents for ever where a token cannot begin one, such as a leading ','.
class Progress : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& at) override {
    if (at.pos == last_) throw YamlError{at.line + 1, "no value can begin here"};
    last_ = at.pos;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

 private:
  int last_ = -1;
};

void check_progress(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  Progress progress;
  while (parser.HandleNextDocument(progress)) {
  }
}

// A second document, after another '---', must not be ignored without a report.
YAML::Node only_document(const std::string& text) {
  check_progress(text);
  const std::vector<YAML::Node> documents = YAML::LoadAll(text);
  for (size_t i = 1; i < documents.size(); ++i) {
    if (documents[i].IsNull()) continue;
    throw YamlError{documents[i].Mark().line + 1, "a second document begins here; only one is read: remove the '---'"};
  }
  return documents.empty() ? YAML::Node() : documents.front();
}

}  // namespace

std::expected<YamlValue, YamlError> parse_yaml(const std::string& text) {
  if (text.size() > kBytesMax) return std::unexpected(YamlError{1, "larger than 1 MiB"});
  try {
    return Reader().read(only_document(text), 1, 0);
  } catch (const YAML::Exception& error) {
    return std::unexpected(YamlError{error.mark.is_null() ? 1 : error.mark.line + 1, error.msg});
  } catch (YamlError& error) {
    return std::unexpected(std::move(error));
  }
}

}  // namespace vf::config
