// Command: a node in the tree of commands, with its options. CommandLine: the whole tree, and what arguments mean in
// it. They hide CLI11, whose header takes seconds to parse: command.cc alone includes it. One thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace vf::cli {

struct Session;

/// An option that was added to a command. A handle; each function returns itself.
class Option {
 public:
  explicit Option(CLI::Option& option) : option_(&option) {}
  Option& required();
  Option& show_default();  // in --help
  Option& between(int least, int most);
  Option& between(double least, double most);
  Option& one_of(std::vector<std::string> words);
  Option& placeholder(const std::string& text);       // in --help, for its value
  Option& from_environment(const std::string& name);  // where the command line leaves it out
  Option& repeatable();                               // each time with one value

 private:
  CLI::Option* option_;
};

struct CommandParams {
  std::string name;
  std::string description;           // one line, no full stop
  std::function<int(Session&)> run;  // returns the exit code
};

/// A node's words, as shells complete them.
struct Place {
  struct Word {
    std::string text, description;
  };
  std::string path;  // "vf config"
  std::vector<Word> commands;
  std::vector<Word> options;  // of the command and of all above it
};

/// A handle, valid as long as its CommandLine.
class Command {
 public:
  using Run = std::function<int(Session&)>;
  Command(CLI::App& app, Run& chosen) : app_(&app), chosen_(&chosen) {}

  /// A command below this one.
  Command add(CommandParams params) const;
  /// A name that only holds commands.
  Command add_group(const std::string& name, const std::string& description) const;

  /// Options, and arguments where `name` has no dashes. What the command line gives is written to `value`, which must
  /// live as long as the command: let its `run` share the ownership.
  Option option(const std::string& name, std::string& value, const std::string& description) const;
  Option option(const std::string& name, std::vector<std::string>& value, const std::string& description) const;
  Option option(const std::string& name, int& value, const std::string& description) const;
  Option option(const std::string& name, uint32_t& value, const std::string& description) const;
  Option option(const std::string& name, uint64_t& value, const std::string& description) const;
  Option option(const std::string& name, double& value, const std::string& description) const;
  void flag(const std::string& name, bool& value, const std::string& description) const;

  /// This node and all below it, parents first.
  std::vector<Place> places() const;

 private:
  CLI::App* app_;
  Run* chosen_;
};

class CommandLine {
 public:
  struct Params {
    std::string name, description, version, footer;
  };
  /// What arguments mean: one field is set.
  struct Meaning {
    Command::Run run = {};     // the command that they name, to be run
    std::string text = {};     // to be printed: help, version
    std::string mistake = {};  // one line that names it
  };

  explicit CommandLine(const Params& params);
  ~CommandLine();

  Command root() const;
  /// Once.
  Meaning parse(const std::vector<std::string>& arguments) const;

 private:
  std::unique_ptr<CLI::App> app_;
  std::unique_ptr<Command::Run> chosen_;
};

}  // namespace vf::cli
