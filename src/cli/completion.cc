// vf completion bash|zsh|fish
#include "cli/completion.h"

#include <fmt/format.h>

#include "cli/families.h"

namespace vf::cli {
namespace {

std::string quoted(std::string text, std::string_view quote) {
  for (size_t at = text.find('\''); at != std::string::npos; at = text.find('\'', at + quote.size())) {
    text.replace(at, 1, quote);
  }
  return "'" + text + "'";
}

std::string patterns(const std::vector<Place>& places) {
  std::string out;
  for (const Place& place : places) {
    if (place.path != "vf") out += (out.empty() ? "\"" : " | \"") + place.path + "\"";
  }
  return out;
}

constexpr std::string_view kInstall = "# {0} completion of vf; install: {1}\n";

}  // namespace

std::string bash_completion(const Command& root) {
  const std::vector<Place> places = root.places();
  std::string out = fmt::format(kInstall, "bash", "vf completion bash > /etc/bash_completion.d/vf");
  out += fmt::format(R"(_vf() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" path="vf" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path ${{COMP_WORDS[i]}}" in
      {}) path="$path ${{COMP_WORDS[i]}}" ;;
    esac
  done
  if [[ "${{COMP_WORDS[COMP_CWORD - 1]}}" == --config ]]; then
    COMPREPLY=($(compgen -f -- "$current"))
    return
  fi
  local words=""
  case "$path" in
)",
                     patterns(places));
  for (const Place& place : places) {
    std::string words;
    for (const auto& list : {place.commands, place.options}) {
      for (const Place::Word& word : list) words += (words.empty() ? "" : " ") + word.text;
    }
    out += fmt::format("    \"{}\") words=\"{}\" ;;\n", place.path, words);
  }
  return out + "  esac\n  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n}\ncomplete -F _vf vf\n";
}

std::string zsh_completion(const Command& root) {
  const std::vector<Place> places = root.places();
  std::string out = "#compdef vf\n";
  out += fmt::format(kInstall, "zsh", "vf completion zsh > \"${fpath[1]}/_vf\"");
  out += fmt::format(R"(_vf() {{
  local place="vf" i
  local -a commands options
  for ((i = 2; i < CURRENT; i++)); do
    case "$place ${{words[i]}}" in
      {}) place="$place ${{words[i]}}" ;;
    esac
  done
  if [[ "${{words[CURRENT - 1]}}" == --config ]]; then
    _files
    return
  fi
  case "$place" in
)",
                     patterns(places));
  const auto list = [](const std::vector<Place::Word>& words) {
    std::string items;
    for (const Place::Word& word : words) items += " " + quoted(word.text + ":" + word.description, "'\\''");
    return items;
  };
  for (const Place& place : places) {
    out += fmt::format("    \"{}\")\n      commands=({} )\n      options=({} )\n      ;;\n", place.path,
                       list(place.commands), list(place.options));
  }
  return out +
         "  esac\n  _describe command commands\n  _describe -o option options\n}\n"
         "if [ \"$funcstack[1]\" = \"_vf\" ]; then _vf \"$@\"; else compdef _vf vf; fi\n";
}

std::string fish_completion(const Command& root) {
  const std::vector<Place> places = root.places();
  std::string out = fmt::format(kInstall, "fish", "vf completion fish > ~/.config/fish/completions/vf.fish");
  std::string paths;
  for (const Place& place : places) {
    if (place.path != "vf") paths += " " + quoted(place.path, "\\'");
  }
  out += fmt::format(R"(function __vf_at
  set -l place vf
  for word in (commandline -opc)[2..]
    if contains -- "$place $word"{}
      set place "$place $word"
    end
  end
  test "$place" = "$argv[1]"
end
complete -c vf -f
complete -c vf -l config -r -F
)",
                     paths);
  for (const Place& place : places) {
    const std::string condition = quoted("__vf_at \"" + place.path + "\"", "\\'");
    for (const Place::Word& word : place.commands) {
      out += fmt::format("complete -c vf -n {} -a {} -d {}\n", condition, word.text, quoted(word.description, "\\'"));
    }
    for (const Place::Word& word : place.options) {
      if (word.text == "--config") continue;
      out += fmt::format("complete -c vf -n {} -l {} -d {}\n", condition, word.text.substr(2),
                         quoted(word.description, "\\'"));
    }
  }
  return out;
}

void add_completion(const Command& root) {
  const Command family = root.add_group("completion", "Scripts that complete commands and options in a shell");
  const auto shell = [&](const std::string& name, std::string (*script)(const Command&)) {
    family.add({name, "For " + name + ": source <(vf completion " + name + ")", [root, script](Session& session) {
                  session.out() << script(root);
                  return kDone;
                }});
  };
  shell("bash", bash_completion);
  shell("zsh", zsh_completion);
  shell("fish", fish_completion);
}

}  // namespace vf::cli
