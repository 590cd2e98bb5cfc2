#include "cli/command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "config/suggest.h"

namespace vf::cli {
namespace {

std::vector<const CLI::App*> children(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

// The innermost command that the arguments name, and its full path ("vf config print").
struct Reached {
  const CLI::App* app;
  std::string path;
};
Reached reached(const CLI::App& root) {
  Reached out{&root, root.get_name()};
  for (auto inner = root.get_subcommands(); !inner.empty(); inner = out.app->get_subcommands()) {
    out.app = inner.front();
    out.path += " " + out.app->get_name();
  }
  return out;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* child : children(app)) names.push_back(child->get_name());
  return names;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* at = &app; at; at = at->get_parent()) {
    for (const CLI::Option* option : at->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

// Returns the line about wrong arguments. CLI11 says "a subcommand is required" for a mistyped command too; this line
// names the unknown word.
std::string usage_error(const CLI::App& root, const CLI::ParseError& error) {
  const Reached at = reached(root);
  const std::vector<std::string> names = command_names(*at.app);
  const std::vector<std::string> left = root.remaining(true);
  std::string what = error.what();
  if (!left.empty()) {
    const bool option = left.front().starts_with('-');
    const std::string meant = config::nearest(left.front(), option ? option_names(*at.app) : names);
    what = (option ? "unknown option " : names.empty() ? "unexpected argument " : "unknown command ") + left.front();
    if (!meant.empty()) what += "; did you mean " + meant + "?";
  } else if (!names.empty() && dynamic_cast<const CLI::RequiredError*>(&error)) {
    what = "a command is missing";
  }
  std::ranges::replace(what, '\n', ' ');
  return what + "; see " + at.path + " --help";
}

std::string help(const CLI::App& root) {
  const Reached at = reached(root);
  const size_t name = at.path.rfind(' ');
  return at.app->help(name == std::string::npos ? "" : at.path.substr(0, name));
}

void collect(const CLI::App& app, const std::string& path, std::vector<Place>& places) {
  Place place{path, {}, {}};
  for (const CLI::App* child : children(app)) place.commands.push_back({child->get_name(), child->get_description()});
  for (const CLI::App* at = &app; at; at = at->get_parent()) {
    for (const CLI::Option* option : at->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        const bool own_alone = name == "help" || name == "version";
        if (at == &app || !own_alone) place.options.push_back({"--" + name, option->get_description()});
      }
    }
  }
  places.push_back(std::move(place));
  for (const CLI::App* child : children(app)) collect(*child, path + " " + child->get_name(), places);
}

// An empty value mostly comes of a variable that is not set, as in --env "$ENVIRONMENT"; taken for no value at all, the
// command would do something else than was meant.
CLI::Validator not_empty() {
  return {[](const std::string& value) { return std::string(value.empty() ? "the value is empty" : ""); }, ""};
}

}  // namespace

Option& Option::required() {
  option_->required();
  return *this;
}
Option& Option::show_default() {
  option_->capture_default_str();
  return *this;
}
Option& Option::between(int least, int most) {
  option_->check(CLI::Range(least, most));
  return *this;
}
Option& Option::between(double least, double most) {
  const auto check = [least, most](const std::string& input) {
    double value = 0;
    const bool inside = CLI::detail::lexical_cast(input, value) && value >= least && value <= most;
    return inside ? std::string() : fmt::format("Value {} not in range {} to {}", input, least, most);
  };
  option_->check(CLI::Validator(check, fmt::format("{} to {}", least, most)));
  return *this;
}
Option& Option::one_of(std::vector<std::string> words) {
  option_->check(CLI::IsMember(std::move(words)));
  return *this;
}
Option& Option::placeholder(const std::string& text) {
  option_->type_name(text);
  return *this;
}
Option& Option::from_environment(const std::string& name) {
  option_->envname(name);
  return *this;
}
Option& Option::repeatable() {
  option_->type_size(1)->allow_extra_args(false);
  return *this;
}

Command Command::add(CommandParams params) const {
  CLI::App* command = app_->add_subcommand(params.name, params.description);
  command->callback([chosen = chosen_, run = std::move(params.run)] { *chosen = run; });
  return {*command, *chosen_};
}

Command Command::add_group(const std::string& name, const std::string& description) const {
  CLI::App* group = app_->add_subcommand(name, description);
  group->require_subcommand(1);
  return {*group, *chosen_};
}

Option Command::option(const std::string& name, std::string& value, const std::string& description) const {
  return Option(*app_->add_option(name, value, description)->check(not_empty()));
}
Option Command::option(const std::string& name, std::vector<std::string>& value, const std::string& description) const {
  return Option(*app_->add_option(name, value, description)->check(not_empty()));
}
Option Command::option(const std::string& name, int& value, const std::string& description) const {
  return Option(*app_->add_option(name, value, description));
}
Option Command::option(const std::string& name, uint32_t& value, const std::string& description) const {
  return Option(*app_->add_option(name, value, description));
}
Option Command::option(const std::string& name, uint64_t& value, const std::string& description) const {
  return Option(*app_->add_option(name, value, description));
}
Option Command::option(const std::string& name, double& value, const std::string& description) const {
  return Option(*app_->add_option(name, value, description));
}
void Command::flag(const std::string& name, bool& value, const std::string& description) const {
  app_->add_flag(name, value, description);
}

std::vector<Place> Command::places() const {
  std::vector<Place> places;
  collect(*app_, app_->get_name(), places);
  return places;
}

CommandLine::CommandLine(const Params& params)
    : app_(std::make_unique<CLI::App>(params.description, params.name)), chosen_(std::make_unique<Command::Run>()) {
  app_->require_subcommand(1);
  app_->fallthrough();  // global flags may follow the command
  app_->footer(params.footer);
  app_->set_version_flag("--version", params.version, "Print the version");
}

CommandLine::~CommandLine() = default;

Command CommandLine::root() const { return {*app_, *chosen_}; }

CommandLine::Meaning CommandLine::parse(const std::vector<std::string>& arguments) const {
  try {
    app_->parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    return {.text = help(*app_)};
  } catch (const CLI::CallForVersion& version) {
    return {.text = std::string(version.what()) + "\n"};
  } catch (const CLI::ParseError& error) {
    return {.mistake = usage_error(*app_, error)};
  }
  return {.run = *chosen_};
}

}  // namespace vf::cli
