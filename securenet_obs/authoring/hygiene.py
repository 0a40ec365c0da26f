"""Rules for what a notebook must not hold: shell escapes, absolute paths, secrets."""

import ast
import re
from collections.abc import Iterator

from securenet_obs.authoring.finding import Finding
from securenet_obs.authoring.page import Cell, Page
from securenet_obs.redaction import redact_text

_ABSOLUTE = re.compile(
    r"(?<![\w:/.<-])/(?:home|Users|root|tmp|var|etc|opt|srv|mnt|media|usr|private|Volumes|work)"
    r"/[\w.-]+|(?<!\w)[A-Za-z]:\\\w|(?<![\w/])~/\w"
)
_SHELL = ("system", "getoutput")
_REFERENCE = "secret:"


def find_shell_escapes(page: Page) -> Iterator[Finding]:
    """A notebook has no bare `!`: a command that fails there passes in papermill."""
    for cell in page.code:
        if any(_is_shell(node) for node in cell.nodes):
            problem = "a shell escape (`!`) passes when its command fails; use `probes.run_command`"
            yield page.find("shell escape", f"{problem}, or subprocess.run(..., check=True)", cell)


def _is_shell(node: ast.AST) -> bool:
    match node:
        case ast.Call(
            func=ast.Attribute(value=ast.Call(func=ast.Name(id="get_ipython")), attr=method)
        ):
            return method in _SHELL
    return False


def find_absolute_paths(page: Page) -> Iterator[Finding]:
    """No path of one machine is in code, prose or outputs."""
    for cell in page.cells:
        texts = _texts_of(cell) if cell.kind == "code" else [cell.source]
        for text in (*texts, *cell.output_texts()):
            if found := _ABSOLUTE.search(text):
                problem = f"{found[0]} is a path of one machine; use a parameter or a relative path"
                yield page.find("absolute path", problem, cell)
                break


def find_secrets(page: Page) -> Iterator[Finding]:
    """No secret is in code, prose or outputs; secrets are references."""
    for cell in page.cells:
        texts = _assignments(cell) if cell.kind == "code" else [cell.source]
        for text in (*texts, *cell.output_texts()):
            if redact_text(text) != text:
                problem = 'a text looks like a secret; refer to it: `Secret("secret:NAME")`'
                yield page.find("secret", f"{problem}, or tag the cell `secret-output`", cell)
                break


def _texts_of(cell: Cell) -> Iterator[str]:
    for node in cell.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _assignments(cell: Cell) -> Iterator[str]:
    """Yield each text of the code, and each text with the name that it is given."""
    yield from _texts_of(cell)
    for node in cell.nodes:
        for name, value in _named_values(node):
            match value:
                case ast.Constant(value=str(text)) if text and not text.startswith(_REFERENCE):
                    yield f'{name} = "{text}"'


def _named_values(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            yield name, value
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value
        case ast.keyword(arg=str(name), value=value):
            yield name, value
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant):
                    yield str(key.value), value
