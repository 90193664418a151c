"""How Sphinx makes the site of these pages: `nox -s docs`."""

from __future__ import annotations

import os
import re
from importlib import import_module
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.logging import getLogger

DOCS = Path(__file__).parent
ROOT = DOCS.parent
LOGGER = getLogger(__name__)
PUBLIC = (ROOT / "tests/repository/public_names.txt").read_text("utf-8").split()

project = "vgen"
author = "The vgen authors"
highlight_language = "text"  # of blocks that name none
html_title = "vgen"
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 3

default_role = "py:obj"  # a name in a docstring's backticks is a link where the reference has it
nitpick_ignore_regex = [
    ("py:obj", r".*"),  # and nothing but the name where it has not
    ("py:.*", r"(?!vgen).*"),  # what other libraries define is not looked up
    ("py:class", r"vgen\..*\.([A-Z]|\w+T)"),  # type variables
]
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints_format = "short"
autodoc_type_aliases = {
    **{name: f"vgen.{name}" for name in ("Event", "Observer")},
    **{name: f"vgen.abc.{name}" for name in ("Entry", "Finding", "Render")},
    "Behaviour": "vgen.testing.Behaviour",
}
napoleon_use_ivar = True
toc_object_entries_show_parents = "hide"
python_maximum_signature_line_length = 88

LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)(?P<path>[^)#\s]+)(?P<anchor>#[^)\s]*)?(?=\))")
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    **{
        f"backends/{path.parent.name}/README.md": f"{path.parent.name.removeprefix('vgen-')}.md"
        for path in ROOT.glob("backends/*/README.md")
    },
}
"""The pages that are written elsewhere in the repository, and their names on the site."""


def on_the_site(text: str, folder: Path) -> str:
    """Turn the links of a page that stands in `folder` into links from the site's root."""

    def turned(found: re.Match[str]) -> str:
        path = os.path.relpath((folder / found["path"]).resolve(), ROOT)
        page = PAGES.get(path, os.path.relpath(ROOT / path, DOCS))
        return f"/{page}{found['anchor'] or ''}"

    return LINK.sub(turned, text)


def read(app: Sphinx, docname: str, source: list[str]) -> None:
    """Turn the links of a page."""
    source[0] = on_the_site(source[0], Path(app.srcdir, docname).parent)


def include(app: Sphinx, path: Path, _parent: str, source: list[str]) -> None:
    """Turn the links of a page that another includes."""
    source[0] = on_the_site(source[0], Path(app.srcdir, path).parent)


def homes() -> dict[str, str]:
    """Give the public name of each public thing by the name that its own module has for it."""
    found: dict[str, str] = {}
    for public in PUBLIC:
        module, _, name = public.rpartition(".")
        thing = getattr(import_module(module), name)
        home = f"{getattr(thing, '__module__', '')}.{getattr(thing, '__qualname__', '')}"
        # An alias has the home of what it is made of, such as `collections.abc.Callable`.
        for known in (home, name) if home.startswith("vgen.") else (name,):
            found.setdefault(known, public)
    return found


def resolve(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contents: nodes.Element
) -> nodes.Element | None:
    """Find in the reference what a signature names by its private home."""
    public = HOMES.get(node.get("reftarget", ""))
    if public is None or node.get("refdomain") != "py":
        return None
    python = env.domains.python_domain
    return python.resolve_xref(env, node["refdoc"], app.builder, "obj", public, node, contents)


def complete(_app: Sphinx, env: BuildEnvironment) -> None:
    """Warn of each public name that the reference leaves out."""
    for name in PUBLIC:
        if name not in env.domains.python_domain.objects:
            LOGGER.warning("%s stands nowhere in the reference", name)


def unfenced(
    _app: Sphinx, _what: str, _name: str, _thing: object, _options: object, lines: list[str]
) -> None:
    """Turn a docstring's fenced code into what Sphinx takes for code."""
    inside = False
    for number, line in enumerate(lines):
        if line.startswith("```"):
            lines[number] = "" if inside else f".. code-block:: {line.strip('`')}"
            inside = not inside
        elif inside:
            lines[number] = f"   {line}"
    for number in reversed([n for n, line in enumerate(lines) if line.startswith(".. code")]):
        lines.insert(number + 1, "")


def signature(
    _app: Sphinx,
    _what: str,
    name: str,
    _thing: object,
    _options: object,
    took: str | None,
    gave: str,
) -> tuple[str, str] | None:
    """Show what users see: of what they do not make, no arguments; of openers, the context."""
    if name in HANDED_OVER:
        return "", ""
    if took is None:
        return None
    for shown, name_of in NAMED:
        took = shown.sub(name_of, took)
    return took, CONTEXTS.get(name, gave)


NAMED = (
    (re.compile(r"TypeAliasForwardRef\('([\w.]+)'\)"), r"~\1"),
    (re.compile(r"<function [\w.]*<lambda>>"), "..."),
    (re.compile(r"= Capabilities\(.*?run_limit=[\d.]+\)"), "= CAPABILITIES"),
    (re.compile(r"<function (\w+)>"), r"\1"),
)
"""How Python shows what a signature speaks of, and its name."""

DOORS = {"vgen": "Async", "vgen.aio": "Async", "vgen.blocking": ""}
HANDED_OVER = {
    "vgen.Inspector",
    *(f"{door}.{name}" for door in DOORS for name in ("Runner", "StartedJob", "EventStream")),
}
CONTEXTS = {
    f"{door}.{opener}": f"~contextlib.Abstract{kind}ContextManager[~{door}.{opened}]"
    for door, kind in DOORS.items()
    for opener, opened in (("open_runner", "Runner"), ("Runner.start", "StartedJob"))
}
HOMES = homes()


def setup(app: Sphinx) -> None:
    """Hook into Sphinx."""
    app.connect("source-read", read)
    app.connect("include-read", include)
    app.connect("env-check-consistency", complete)
    app.connect("autodoc-process-docstring", unfenced)
    app.connect("autodoc-process-signature", signature)
    app.connect("missing-reference", resolve)
