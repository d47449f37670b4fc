"""Completion scripts for bash, zsh and fish, made from the tree of commands."""

import re
from collections.abc import Iterator
from typing import Any

from leaktap.cli._tree import FOLDERS, Words, choices, commands, is_path

_BASH = """\
# bash completion of leaktap. Where nothing is known, files are completed.
_leaktap() {
    local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" path="" index words=""
    for ((index = 1; index < COMP_CWORD; index++)); do
        case "$path ${COMP_WORDS[index]}" in
            %(groups)s) path="${path:+$path }${COMP_WORDS[index]}" ;;
        esac
    done
    COMPREPLY=()
    case "$path|$previous" in
%(values)s
    esac
    case "$path" in
%(options)s
    esac
    if [[ $current != -* ]]; then
        case "$path" in
%(arguments)s
            *) return ;;
        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o bashdefault -o default -F _leaktap leaktap
"""

_ZSH = """\
#compdef leaktap
# zsh completion of leaktap.
%(functions)s
if [[ $funcstack[1] == _leaktap ]]; then
    _leaktap "$@"
else
    compdef _leaktap leaktap
fi
"""


def bash(root: Any) -> str:
    """Returns the script for bash, 3.2 and later."""
    groups, values, options, arguments = [], [], [], []
    for words, command in commands(root):
        path = " ".join(words)
        groups += [f'"{path} {name}"' for name in getattr(command, "commands", {})]
        named = _options(command)
        options.append(f'        "{path}") words="{" ".join(name for names, _ in named for name in names)}" ;;')
        for names, param in named:
            if _takes(param):
                cases = "|".join(f'"{path}|{name}"' for name in names)
                few = choices(command, param)
                does = f'COMPREPLY=($(compgen -W "{" ".join(few)}" -- "$current")); ' if few else ""
                values.append(f"        {cases}) {does}return ;;")
        if offered := _offered(command):
            arguments.append(f'            "{path}") words="{" ".join(offered)}" ;;')
    return _BASH % {
        "groups": "|".join(groups),
        "values": "\n".join(values),
        "options": "\n".join(options),
        "arguments": "\n".join(arguments),
    }


def zsh(root: Any) -> str:
    """Returns the script for zsh; it may be sourced, or lie as `_leaktap` in a folder of $fpath."""
    return _ZSH % {"functions": "\n".join(_zsh_function(words, command) for words, command in commands(root))}


def fish(root: Any) -> str:
    """Returns the script for fish."""
    lines = ["# fish completion of leaktap."]
    for words, command in commands(root):
        where = f"-n '{_fish_condition(words, command)}'"
        for name, below in sorted(getattr(command, "commands", {}).items()):
            lines.append(f"complete -c leaktap -f {where} -a {name} -d {_quoted(below.get_short_help_str(70))}")
        for names, param in _options(command):
            flags = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in names)
            few = choices(command, param) if _takes(param) else []
            takes = "" if not _takes(param) else f" -x -a {_quoted(' '.join(few))}" if few else " -r"
            takes += " -F" if takes == " -r" and is_path(command, param) else ""
            lines.append(f"complete -c leaktap {where} {flags}{takes} -d {_quoted(_about(param))}")
        if not hasattr(command, "commands"):
            offered = _offered(command)
            files = " -F" if any(is_path(command, each) for each in _arguments(command)) else " -f"
            lines.append(
                f"complete -c leaktap {where}{files}" + (f" -a {_quoted(' '.join(offered))}" if offered else "")
            )
    return "\n".join(lines) + "\n"


def _zsh_function(words: Words, command: Any) -> str:
    name = "_".join(("_leaktap", *words)).replace("-", "_")
    specs = []
    for names, param in _options(command):
        many = "*" if param and param.multiple else "(" + " ".join(names) + ")"
        flags = "{" + ",".join(names) + "}" if len(names) > 1 else names[0]
        action = f":{_zsh_words(param.metavar or param.name)}:{_zsh_action(command, param)}" if _takes(param) else ""
        about = _quoted(f"[{_zsh_words(_about(param))}]{action}")
        specs.append(f"{_quoted(many)}{flags}{about}")
    below = getattr(command, "commands", {})
    if not below:
        for index, param in enumerate(_arguments(command), 1):
            place = "*" if param.nargs == -1 else str(index)
            label = _zsh_words((param.metavar or param.name).strip("[]"))
            specs.append(_quoted(f"{place}:{label}:{_zsh_action(command, param)}"))
        return f"{name}() {{\n    _arguments -s {_joined(specs)}\n}}\n"
    listed = " ".join(_quoted(f"{each}:{one.get_short_help_str(70)}") for each, one in sorted(below.items()))
    cases = "\n".join(f"        {each}) {name}_{each.replace('-', '_')} ;;" for each in sorted(below))
    specs += [_quoted("1:command:->command"), _quoted("*::argument:->argument")]
    return (
        f"{name}() {{\n    local context state line commands\n    commands=({listed})\n"
        f"    _arguments -s -C {_joined(specs)}\n"
        f"    case $state in\n    command) _describe command commands ;;\n    argument) case $line[1] in\n{cases}\n"
        "    esac ;;\n    esac\n}\n"
    )


def _zsh_action(command: Any, param: Any) -> str:
    if few := choices(command, param):
        return f"({' '.join(few)})"
    if not is_path(command, param):
        return " "
    return "_files -/" if param.metavar in FOLDERS else "_files"


def _fish_condition(words: Words, command: Any) -> str:
    below = " ".join(sorted(getattr(command, "commands", {})))
    seen = "; and ".join(f"__fish_seen_subcommand_from {word}" for word in words)
    none = f"not __fish_seen_subcommand_from {below}" if below else ""
    return "; and ".join(filter(None, (seen, none)))


def _options(command: Any) -> list[tuple[list[str], Any]]:
    found = [([*param.opts, *param.secondary_opts], param) for param in command.params if hasattr(param, "is_flag")]
    return [*found, (["-h", "--help"], None)]


def _arguments(command: Any) -> Iterator[Any]:
    return (param for param in command.params if param.param_type_name == "argument")


def _offered(command: Any) -> list[str]:
    """Returns the words that may stand where no option does; none where files may."""
    below = getattr(command, "commands", {})
    if below:
        return sorted(below)
    return [word for param in _arguments(command) for word in choices(command, param)]


def _takes(param: Any) -> bool:
    return param is not None and not param.is_flag


def _about(item: Any) -> str:
    return "Show the help of it." if item is None else str(item.help or "").split("\n")[0]


def _zsh_words(text: str) -> str:
    return re.sub(r"([\[\]:\\])", r"\\\1", text)


def _quoted(text: str) -> str:
    """Quotes a text for bash, zsh and fish alike."""
    return "'" + text.replace("'", "'\\''") + "'"


def _joined(parts: list[str]) -> str:
    return " \\\n        ".join(parts)
