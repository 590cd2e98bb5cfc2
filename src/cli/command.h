// Command: a node in the tree of commands, with its options. CommandLine: the whole tree, and the parser of the
// arguments. They hide CLI11, whose header takes seconds to compile: only command.cc includes it. One thread.
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

/// A handle to an option of a command, valid as long as the CommandLine lives. Each function changes the option and
/// returns the handle.
class Option {
 public:
  explicit Option(CLI::Option& option) : option_(&option) {}
  Option& required();
  Option& show_default();  // shows the default value in --help
  Option& between(int least, int most);
  Option& between(double least, double most);
  Option& one_of(std::vector<std::string> words);
  Option& placeholder(const std::string& text);       // the name of the value in --help
  Option& from_environment(const std::string& name);  // used when the command line does not give the option
  Option& repeatable();                               // may be given several times, each time with one value

 private:
  CLI::Option* option_;
};

struct CommandParams {
  std::string name;
  std::string description;           // one line, no full stop
  std::function<int(Session&)> run;  // returns the exit code
};

/// The words that a shell may complete after one command.
struct Place {
  struct Word {
    std::string text, description;
  };
  std::string path;  // "vf config"
  std::vector<Word> commands;
  std::vector<Word> options;  // of the command and of all commands above it
};

/// A handle to a command in the tree of a CommandLine, valid as long as that CommandLine lives.
class Command {
 public:
  using Run = std::function<int(Session&)>;
  Command(CLI::App& app, Run& chosen) : app_(&app), chosen_(&chosen) {}

  /// Adds a command below this one and returns its handle.
  Command add(CommandParams params) const;
  /// Adds a command that does nothing itself and only has commands below it.
  Command add_group(const std::string& name, const std::string& description) const;

  /// Adds an option, or a positional argument when `name` has no dashes. A text must not be empty. parse() writes the
  /// given value to `value`, which must live until the command has run: share its ownership with the command's `run`.
  Option option(const std::string& name, std::string& value, const std::string& description) const;
  Option option(const std::string& name, std::vector<std::string>& value, const std::string& description) const;
  Option option(const std::string& name, int& value, const std::string& description) const;
  Option option(const std::string& name, uint32_t& value, const std::string& description) const;
  Option option(const std::string& name, uint64_t& value, const std::string& description) const;
  Option option(const std::string& name, double& value, const std::string& description) const;
  void flag(const std::string& name, bool& value, const std::string& description) const;

  /// Returns the words after this command and after each command below it, parents first.
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
  /// The result of parsing; exactly one member is set.
  struct Meaning {
    Command::Run run = {};     // runs the command that the arguments name
    std::string text = {};     // help or version, to be printed
    std::string mistake = {};  // one line that says what is wrong with the arguments
  };

  explicit CommandLine(const Params& params);
  ~CommandLine();

  Command root() const;
  /// Call it at most once.
  Meaning parse(const std::vector<std::string>& arguments) const;

 private:
  std::unique_ptr<CLI::App> app_;
  std::unique_ptr<Command::Run> chosen_;
};

}  // namespace vf::cli
