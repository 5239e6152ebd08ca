"""What Python runs of native classes without naming it: properties, operators, subscripts, iteration, `with`, `len(x)`.

What Python's files use in, `calls` edges to the binding nodes of the methods and accessors that the native class registers out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Final

from extractor.bindings_flow import PythonFile, Use
from extractor.bindings_names import Names
from extractor.bindings_python import CONFIDENCE, Found
from extractor.bindings_results import Results
from extractor.schema import Edge, Node

if TYPE_CHECKING:
    from extractor.bindings import NativeModule

_ACCESSORS: Final = {"get": ("property", "getter"), "set": ("property", "setter")}
Reach = Callable[[str], "tuple[NativeModule, str] | None"]


def implied(names: Names, reach: Reach, results: Results, members: Collection[str]) -> list[Found]:
    """The edges of every use that a native class answers; `members` are the names that any of them registers."""
    found = []
    for file in names.files.values():
        for use in file.uses:
            for held, name in use.sides:
                if name not in members:
                    continue
                nodes = list(_answering(names, file, use, held, name, reach, results))
                found += [
                    Found(
                        Edge(file.owner(use.scope), node.id, "calls", use.line, CONFIDENCE, f"binding:{kind}"), (name,)
                    )
                    for node, kind in nodes
                ]
                if nodes:
                    break
    return found


def _answering(
    names: Names, file: PythonFile, use: Use, held: object, name: str, reach: Reach, results: Results
) -> Iterator[tuple[Node, str]]:
    for path in names.paths(file, use.scope, held):
        native = reach(f"{path}.{name}")
        if native is None:
            continue
        exposed = results.within(native[1], native[0].exposed)
        for node in native[0].exposed.get(exposed, ()) if "." in exposed else ():
            accessor = node.meta.get("accessor", "")
            if accessor in _ACCESSORS[use.how] if use.how in _ACCESSORS else not accessor:
                yield node, native[0].kind
