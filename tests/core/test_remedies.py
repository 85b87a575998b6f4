"""What mends a failure is a button beside it: every sentence of the add-on, and the remedy that goes with it."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from trellis_blender.core import errors
from trellis_blender.core.errors import Remedy, TrellisError

PACKAGE = Path(errors.__file__).parents[1]
KINDS = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, TrellisError)}

# What a sentence names, and the buttons that do it.
NAMED: tuple[tuple[str, tuple[Remedy, ...]], ...] = (
    (r"Preferences > File Paths", (Remedy.LIBRARIES,)),
    (r"Preferences > System", (Remedy.ONLINE_ACCESS,)),
    (r"glTF importer is off", (Remedy.IMPORTER,)),
    (r"the (add-on's )?preferences", (Remedy.PREFERENCES,)),
    (r"the API key\b|Enter (it|key|another key|the key)\b", (Remedy.KEY,)),
    (r"[Bb]uy credits", (Remedy.CREDITS,)),
    (r"Change the settings", (Remedy.SETTINGS,)),
    (r"Send it without", (Remedy.OPAQUE,)),
    (r"Choose (a|an|another|one)\b(?! (kind|folder)\b)|Scale it down|another picture", (Remedy.PICTURE,)),
    (r"Render an image", (Remedy.RENDER,)),
    (r"disk|check the folder|Its files are kept|Its file is kept", (Remedy.FOLDER,)),
    (r"Look at it on app\.scenario\.com|Copy (it|the right ID) from Scenario", (Remedy.SCENARIO,)),
    (r"\b[Uu]pdate\b", (Remedy.UPDATE,)),
    (r"Press Retry|Retry brings", (Remedy.RETRY,)),
    (r"Use triangles", (Remedy.TRIANGLES,)),
)
# What no button can do, or nobody has to do: the sentence says which.
WITHOUT = (
    # tried again
    r"^(Scenario|Something else answers|The (upload|download|picture could not be stored|connection|search))",
    r"^The (file of certificates|network's proxy) ",
    r"Choose (a|another) (folder|kind)\.",
    r"^No connection",
    r"Wait until|Close it|Cancel it first|Look at it again",
    r"Launch Blender without",
    r"Generate again|Press Generate|Try it again from the list|so Wait would never return",
    r"Remove it and try again|must (lie between|be)",  # values that only a script can give
    r"Import it again to|Rename this one|Look for its file",
    r"Add one, then|Turn (it|the view) to|Make it larger|Open one, then|Close other programs|Mend that|Switch to",
    r"^(No|There is no|Select a model|\?\.$)|could not be shown",
    r"^Choose a folder to export to first|^Save the file first, or choose a folder|Cut off less|Try another format",
    r"No material of|have no nodes of Material Sanity|could not be baked|no exporter for 3MF",
    r"Ask for fewer, or for|Choose more faces\.|Run Make Solid first\.|Use a Blender that has it\.|without any area\.$",
    r"would be lost\. (Apply or remove|Remove) them|^“\?” has no faces\.$|Add a camera, then",
    r"is gone, and its picture with it\. Move the model by hand\.$|^stopped before it began$|end that process first",
    r"Choose Project the Picture once more\.$|Cut it out, then generate again\.$|Remove one first\.$",
    r"has a base color to mix the picture over\.$|bake the projected picture into\.|Hide the block-out by hand\.$",
    r"Find it with File > External Data",
    r"^The second Blender ",  # whoever asked it says what that means, and has the button
    r"^\?$",  # a job's own sentence, told again to a script that waits
)


@dataclass(frozen=True)
class Said:
    """A sentence with `?` for what is filled in, where it stands, and its remedy."""

    text: str
    remedy: Remedy
    place: str


def _text(node: ast.expr | None, known: dict[str, ast.expr], depth: int = 0) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "Text":
        values = {word.arg: word.value for word in node.keywords}
        template = _text(node.args[0], known, depth)
        return re.sub(r"\{(\w+)\}", lambda field: _text(values.get(field[1]), known, depth), template)
    if isinstance(node, ast.BinOp):
        return _text(node.left, known, depth) + _text(node.right, known, depth)
    if isinstance(node, ast.Name) and node.id in known and depth < 3:
        return _text(known[node.id], known, depth + 1)
    return "?"


def _known(scope: ast.AST) -> dict[str, ast.expr]:
    """What plain names stand for."""
    return {
        target.id: node.value
        for node in ast.walk(scope)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _remedy(call: ast.Call, name: str) -> Remedy:
    given = next((word.value for word in call.keywords if word.arg == "remedy"), None)
    if name == "Failed":
        given = call.args[1]
    if isinstance(given, ast.Attribute) and given.attr in Remedy.__members__:  # else another error's is handed on
        return Remedy[given.attr]
    return Remedy.RETRY if name == "Failed" else KINDS[name].remedy


def said(source: str, place: str) -> list[Said]:
    """All sentences of errors and failures in the source."""
    tree = ast.parse(source)
    constants = {name: value for name, value in _known(tree).items() if isinstance(value, ast.Constant)}
    found = []
    for scope in [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))]:
        inner = constants | (_known(scope) if scope is not tree else {})
        for node in ast.walk(scope):
            name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            if isinstance(node, ast.Call) and (name in KINDS or name == "Failed") and node.args:
                found.append((node, Said(_text(node.args[0], inner), _remedy(node, name), f"{place}:{node.lineno}")))
    return list({id(node): each for node, each in found}.values())  # the innermost scope knows best


# A terminal has no buttons.
SHOWN = [path for path in sorted(PACKAGE.rglob("*.py")) if PACKAGE / "command" not in path.parents]
SAID = [each for path in SHOWN for each in said(path.read_text(encoding="utf-8"), path.name)]


def without_button(sentences: list[Said]) -> list[Said]:
    """Those that name a remedy and have another one, or none."""
    return [
        each
        for each in sentences
        for words, remedies in NAMED
        if re.search(words, each.text) and each.remedy not in remedies and not _is_settled(each, words)
    ]


def _is_settled(each: Said, words: str) -> bool:
    """Whether a phrase that stands before it in the table already names the remedy that the sentence has."""
    before = NAMED[: [phrase for phrase, _ in NAMED].index(words)]
    return any(re.search(phrase, each.text) and each.remedy in remedies for phrase, remedies in before)


def test_no_sentence_that_names_a_remedy_is_without_its_button() -> None:
    assert len(SAID) > 50
    assert without_button(SAID) == []


def test_a_sentence_without_a_button_is_one_that_needs_none() -> None:
    bare = [each for each in SAID if each.remedy is Remedy.NONE]
    assert [each for each in bare if not any(re.search(words, each.text) for words in WITHOUT)] == []


def test_every_remedy_is_named_by_a_sentence_or_known_to_be_old() -> None:
    offered = {each.remedy for each in SAID}
    # what was never sent is submitted again from `core.job`, which has no error for it
    assert set(Remedy) - offered == {Remedy.SUBMIT_AGAIN}


@pytest.mark.parametrize(
    ("line", "is_told"),
    [
        ('PassingError("Buy credits at the shop.")', True),
        ('CreditsError("Buy credits at the shop.")', False),
        ('text = "Update the add-on."\nraise_it(ModelFileError(text))', True),
        ('text = "Update the add-on."\nraise_it(ModelFileError(text, remedy=Remedy.UPDATE))', False),
        ('Failed("Try another picture.", Remedy.RETRY)', True),
        ('Failed("Try another picture.", Remedy.PICTURE)', False),
    ],
)
def test_a_sentence_with_the_wrong_button_is_found(line: str, is_told: bool) -> None:
    source = "def act():\n    " + line.replace("\n", "\n    ")
    assert bool(without_button(said(source, "test"))) is is_told
