// Tests this folder with a table of keys for a bakery: documents, names, renamed keys, filling, and documentation.
// Oracle: the texts written here.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "config/docs.h"
#include "config/fill.h"
#include "config/print.h"
#include "config/section.h"

namespace vf::config {

enum class Crust { soft, dark };
template <>
inline constexpr auto kWords<Crust> = std::to_array<Word<Crust>>({{"dark", Crust::dark}, {"soft", Crust::soft}});

namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Oven {
  Millis heat_for{90'000};
  size_t loaves_max = 12;
  Crust crust = Crust::dark;
  Address supplier;
  std::vector<std::string> keys;
};
struct Guest {
  std::string bread;
};
struct Bakery : Root {
  std::string name;
  std::map<std::string, Oven> ovens;
  std::map<std::string, Guest> guests;
};

constexpr Roles kBaker = 1, kCleaner = 2;

std::vector<Key> keys() {
  std::vector<Key> out;
  Section<Bakery, Bakery> top(out, "", kBaker | kCleaner, [](Bakery& b, const std::string&) -> Bakery& { return b; });
  top.key("name", &Bakery::name, {.fallback = "corner", .doc = "On the sign."});
  Section<Bakery, Oven> s(out, "ovens.*", kBaker,
                          [](Bakery& b, const std::string& name) -> Oven& { return b.ovens[name]; });
  s.key_with_own_default("heat_for", &Oven::heat_for, {.min = 1'000, .doc = "Before the first loaf."});
  s.key_with_own_default("loaves", &Oven::loaves_max, {.min = 1, .max = 99, .reload = true, .doc = "At once."});
  s.key_with_own_default("crust", &Oven::crust, {.doc = "Of every loaf."});
  s.key("supplier", &Oven::supplier, {.required = true, .doc = "Of flour.", .example = "http://mill"});
  s.key<Secret>("key", &Oven::keys, {.roles = kBaker, .reload = true, .doc = "Opens it.", .example = "file:oven.key"});
  Section<Bakery, Guest> g(out, "shop.guests.*", kBaker,
                           [](Bakery& b, const std::string& name) -> Guest& { return b.guests[name]; });
  g.takes_effect_at_reload();
  g.key("bread", &Guest::bread, {.required = true, .doc = "What the guest takes.", .example = "rye"});
  return out;
}

const Table& bakery() {
  static const Table table({.keys = keys(),
                            .named = {{.parent = "ovens", .count_max = 2, .reserved = {{"sink", "it is no oven"}}},
                                      {.parent = "shop.guests", .count_max = 2, .reload = true}},
                            .renamed = {{.from = "ovens.*.bread", .to = "ovens.*.loaves"}},
                            .roles = {{kBaker, "baker"}, {kCleaner, "cleaner"}},
                            .hints = {.unknown_key = "ask the baker",
                                      .set_example = "name=x",
                                      .generated_file = "",
                                      .too_many = "build another bakery"}});
  return table;
}

Document lay(std::vector<std::string> sets) {
  return read_document(bakery(), {.file = {}, .without_file = "", .sets = std::move(sets)});
}

std::string lines(const std::vector<Problem>& problems) {
  std::string out;
  for (const Problem& problem : problems) out += problem.text() + "\n";
  return out;
}

Filled filled_as(Roles role, Bakery& into, const Document& document) {
  return fill(into, document,
              {.base = testing::TempDir(),
               .lookup = [](const std::string& name) { return std::optional(name + "!"); },
               .is_needed = [role](const std::string&, const Key& key) { return (key.roles & role) != 0; },
               .is_off = [](const std::string&) { return false; }});
}

Findings fill_as(Roles role, Bakery& into, const Document& document) {
  return filled_as(role, into, document).findings;
}

Effective effective(std::vector<std::string> sets, Roles role = kBaker) {
  Document document = lay(std::move(sets));
  Bakery unused;
  Filled filled = filled_as(role, unused, document);
  EXPECT_EQ(lines(filled.findings.problems), "");
  return {std::move(document), std::move(filled.values)};
}

Bakery built(const Effective& of) {
  Bakery bakery;
  store(bakery, of);
  return bakery;
}

const std::string kOven = "ovens.old={supplier: 'http://mill', ";

TEST(Engine, FillsMembersAndTheirOwnDefaults) {
  Bakery into;
  const auto found =
      fill_as(kBaker, into, lay({"name=${SIGN}", "ovens.old={supplier: 'http://mill/', crust: soft, key: [a, b]}"}));
  EXPECT_EQ(lines(found.problems), "");
  EXPECT_EQ(into.name, "SIGN!");
  const Oven& oven = into.ovens.at("old");
  EXPECT_EQ(oven.supplier.reveal(), "http://mill");
  EXPECT_EQ(oven.crust, Crust::soft);
  EXPECT_EQ(oven.heat_for, Millis{90'000});
  EXPECT_EQ(oven.loaves_max, 12u);
  EXPECT_THAT(oven.keys, ElementsAre("a", "b"));
}

TEST(Engine, RoleThatDoesNotNeedAKeyChecksOnlyItsText) {
  Bakery into;
  const auto found = fill_as(kCleaner, into, lay({"ovens.old={key: 'file:absent', loaves: 100, heat_for: '${X}'}"}));
  EXPECT_EQ(lines(found.problems), "--set: ovens.old.loaves: must be from 1 to 99\n");
  EXPECT_TRUE(into.ovens.empty());
}

TEST(Engine, RequiredKeysOfASectionAreReported) {
  Bakery into;
  EXPECT_EQ(lines(fill_as(kBaker, into, lay({"ovens.old.crust=dark"})).problems),
            "--set: ovens.old.supplier: is required; set it, for example to http://mill\n");
  EXPECT_EQ(lines(fill_as(kBaker, into, lay({"shop.guests={anna: }"})).problems),
            "--set: shop.guests.anna.bread: is required; set it, for example to rye\n");
}

TEST(Engine, RenamedKeyNamesItsNewName) {
  EXPECT_EQ(lines(lay({"ovens.old.bread=3"}).problems),
            "--set: ovens.old.bread: was renamed; write ovens.old.loaves\n");
}

TEST(Engine, NamesAreBoundedAndReserved) {
  EXPECT_EQ(lines(lay({"ovens={a: {}, b: {}, c: {}}"}).problems),
            "--set: ovens: there are 3, at most 2 are allowed; build another bakery\n");
  EXPECT_EQ(lines(lay({"ovens={sink: {}}"}).problems),
            "--set: ovens.sink: 'sink' is reserved: it is no oven; choose another name\n");
  EXPECT_EQ(lines(lay({"shop.guests={a: {bread: x}, b: {bread: x}, c: {bread: x}}"}).problems),
            "--set: shop.guests: there are 3, at most 2 are allowed; build another bakery\n");
  EXPECT_EQ(lines(lay({"shop.guests={Ann: {bread: x}}"}).problems),
            "--set: shop.guests.Ann: a name is up to 63 of a-z, 0-9, '-' and '_'\n");
}

// Lays a file with this text; its problems begin with "bakery.yaml".
Document lay_file(const std::string& text) {
  const std::filesystem::path path = testing::TempDir() + "bakery.yaml";
  std::ofstream(path, std::ios::binary) << text;
  Document document = read_document(bakery(), {.file = path, .without_file = "", .sets = {}});
  std::filesystem::remove(path);
  for (Problem& problem : document.problems) problem.origin.erase(0, testing::TempDir().size());
  return document;
}

TEST(Engine, OwnKeysHoldAnchors) {
  const Document document = lay_file("x-oven: &oven {crust: soft, loaves: 3}\novens: {old: {<<: *oven, loaves: 4}}\n");
  EXPECT_EQ(lines(document.problems), "");
  EXPECT_EQ(document.find("ovens.old.crust")->items.front(), "soft");
  EXPECT_EQ(document.find("ovens.old.loaves")->items.front(), "4");
  EXPECT_EQ(lines(lay_file("ovens: {old: {x-loaves: 1}}\n").problems),
            "bakery.yaml:1: ovens.old.x-loaves: unknown key; did you mean ovens.old.loaves?\n");
  EXPECT_EQ(lines(lay({"x-oven=1"}).problems), "--set: x-oven: unknown key; ask the baker\n");
}

TEST(Engine, FileWithoutKeysSaysWhatToWrite) {
  EXPECT_EQ(lines(lay_file("- name\n").problems), "bakery.yaml:1: is a list; write key: value\n");
  EXPECT_EQ(lines(lay_file("\nname\n").problems),
            "bakery.yaml:2: not YAML: a word stands alone where keys are expected; write key: value\n");
}

TEST(Engine, NamesOfKeysArePrintedSafely) {
  EXPECT_EQ(lines(lay_file("\"na\\e[2Jme\": x\n").problems),
            "bakery.yaml:1: na\\u001b[2Jme: unknown key; ask the baker\n");
}

TEST(Engine, SetWithoutValueDoesNotRepeatAText) {
  EXPECT_EQ(lines(lay({"name"}).problems), "--set: name: write key=value, such as name=x\n");
  EXPECT_EQ(lines(lay({"hunter2"}).problems), "--set: write key=value, such as name=x\n");
}

// In time that is not linear, this takes minutes.
TEST(Engine, ManyWrongKeysAreCountedNotListed) {
  std::string unknown;
  std::string sections = "ovens:\n";
  for (int i = 0; i < 90'000; ++i) {
    unknown += "k" + std::to_string(i) + ": 1\n";
    sections += "  o" + std::to_string(i) + ": \n";
  }
  const auto problems = lay_file(unknown).problems;
  ASSERT_EQ(problems.size(), 101U);
  EXPECT_EQ(problems.back().text(), "bakery.yaml: 89900 further problems are not shown");
  const Document document = lay_file(sections);
  EXPECT_THAT(lines(document.problems), HasSubstr("ovens: there are 90000, at most 2 are allowed"));
  EXPECT_EQ(document.sections.size(), 2U);
}

TEST(Engine, UnknownKeyGetsASuggestionOrTheTablesHint) {
  EXPECT_EQ(lines(lay({"nmae=x", "colour=x"}).problems),
            "--set: nmae: unknown key; did you mean name?\n"
            "--set: colour: unknown key; ask the baker\n");
}

TEST(TakeOver, TakesReloadableKeysAndLeavesTheOthersAsTheyAre) {
  const auto taken =
      take_over(effective({kOven + "loaves: 5, heat_for: 1s}"}), effective({kOven + "loaves: 6, heat_for: 2s}"}));
  EXPECT_THAT(taken.changed, ElementsAre("ovens.old.loaves"));
  EXPECT_THAT(taken.pending, ElementsAre("ovens.old.heat_for"));
  const Bakery bakery = built(taken.effective);
  EXPECT_EQ(bakery.ovens.at("old").loaves_max, 6u);
  EXPECT_EQ(bakery.ovens.at("old").heat_for, Millis{1'000});
  EXPECT_EQ(bakery.ovens.at("old").supplier, "http://mill");
  EXPECT_THAT(print_yaml(taken.effective.document, {}), AllOf(HasSubstr("loaves: 6"), HasSubstr("heat_for: 1s")));
}

TEST(TakeOver, KeyThatIsRemovedGetsItsDefaultOrNoValue) {
  const auto taken = take_over(effective({kOven + "loaves: 5, key: [a, b]}"}), effective({kOven + "crust: dark}"}));
  EXPECT_THAT(taken.changed, ElementsAre("ovens.old.key", "ovens.old.loaves"));
  const Bakery bakery = built(taken.effective);
  EXPECT_EQ(bakery.ovens.at("old").loaves_max, 12u);
  EXPECT_THAT(bakery.ovens.at("old").keys, ElementsAre());
}

TEST(TakeOver, KeyThatIsAddedIsTaken) {
  const auto taken = take_over(effective({kOven + "loaves: 5}"}), effective({kOven + "loaves: 5, key: a}"}));
  EXPECT_THAT(taken.changed, ElementsAre("ovens.old.key"));
  EXPECT_THAT(built(taken.effective).ovens.at("old").keys, ElementsAre("a"));
}

TEST(TakeOver, SectionsThatAreAddedOrRemovedWait) {
  const auto taken =
      take_over(effective({kOven + "loaves: 5}"}), effective({"ovens.new={supplier: 'http://mill', loaves: 5}"}));
  EXPECT_THAT(taken.changed, ElementsAre());
  EXPECT_THAT(taken.pending, ElementsAre("ovens.new", "ovens.old"));
  const Bakery bakery = built(taken.effective);
  EXPECT_TRUE(bakery.ovens.contains("old"));
  EXPECT_FALSE(bakery.ovens.contains("new"));
}

TEST(TakeOver, SectionsThatMayComeAndGoDoSo) {
  const auto taken = take_over(effective({"shop.guests={anna: {bread: rye}, otto: {bread: rye}}"}),
                               effective({"shop.guests={otto: {bread: spelt}, zoe: {bread: rye}}"}));
  EXPECT_THAT(taken.changed, ElementsAre("shop.guests.anna.bread", "shop.guests.otto.bread", "shop.guests.zoe.bread"));
  EXPECT_THAT(taken.pending, ElementsAre());
  const Bakery bakery = built(taken.effective);
  EXPECT_EQ(bakery.guests.size(), 2u);
  EXPECT_EQ(bakery.guests.at("otto").bread, "spelt");
  EXPECT_EQ(bakery.guests.at("zoe").bread, "rye");
  EXPECT_TRUE(taken.effective.document.sections.contains("shop.guests.zoe"));
  EXPECT_FALSE(taken.effective.document.sections.contains("shop.guests.anna"));
}

TEST(TakeOver, SameValueWrittenOtherwiseIsNoChange) {
  const auto taken = take_over(effective({"name=SIGN!"}), effective({"name=${SIGN}"}));
  EXPECT_THAT(taken.changed, ElementsAre());
  EXPECT_THAT(taken.pending, ElementsAre());
  EXPECT_EQ(taken.effective.document.find("name")->items.front(), "${SIGN}");
}

TEST(TakeOver, KeysThatTheRoleDoesNotNeedDoNotCount) {
  const auto taken = take_over(effective({kOven + "heat_for: 1s}", "name=a"}, kCleaner),
                               effective({kOven + "heat_for: 2s}", "name=b"}, kCleaner));
  EXPECT_THAT(taken.changed, ElementsAre());
  EXPECT_THAT(taken.pending, ElementsAre("name"));
}

TEST(Engine, PrintHidesSecrets) {
  const std::string text = print_yaml(lay({"ovens.old={key: hunter2, supplier: 'http://u:hunter3@mill'}"}), {});
  EXPECT_THAT(text, testing::Not(HasSubstr("hunter")));
  EXPECT_THAT(text, HasSubstr("http://***@mill"));
}

TEST(Engine, DocsShowTypesBoundsDefaultsAndRoles) {
  const std::string page = keys_markdown(bakery(), {.introduction = "# Bakery\n", .top_heading = "All"});
  EXPECT_THAT(page, HasSubstr("# Bakery\n\n## All\n"));
  EXPECT_THAT(page, HasSubstr("| `name` | text | `corner` | On the sign. | restart | every |\n"));
  EXPECT_THAT(
      page,
      HasSubstr("| `ovens.*.heat_for` | duration, at least 1s | `90s` | Before the first loaf. | restart | baker |\n"));
  EXPECT_THAT(page, HasSubstr("| `ovens.*.crust` | `dark` `soft` | `dark` | Of every loaf. | restart | baker |\n"));
  EXPECT_THAT(
      page, HasSubstr("| `ovens.*.key` | list of secret |  | Opens it. Example: `file:oven.key` | reload | baker |\n"));
  EXPECT_EQ(nlohmann::json::parse(keys_json(bakery())).size(), bakery().keys().size());
}

}  // namespace
}  // namespace vf::config
