"""A graph of the shop with its edges written by hand, so that what the brain derives can be read off this page.

Nodes come from the real parser; every edge between symbols stands below. `shop(folder)` writes graph.sqlite with its manifest.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from brain.build import BrainReport, run
from config.console import Console
from config.manifest import Manifest, digest, write_manifest
from config.settings import BrainSettings
from extractor.graph import write_graph
from extractor.languages import spec_for
from extractor.nodes import containment, nodes_of, packages
from extractor.parse import parse_file
from extractor.schema import Edge, FileRow, Node

SHOP = Path(__file__).parent / "fixtures" / "shop"
S = "py:src/shop"
T = "py:tests/test_cart.py"
EDGES = [
    Edge(f"{S}/cart.py#Cart.add", f"{S}/cart.py#Line.__init__", "calls", 38, 0.95, "scope"),
    Edge(f"{S}/cart.py#Cart.total", f"{S}/cart.py#Line.total", "calls", 49, 0.9, "type"),
    Edge(f"{S}/cart.py#Line.total", f"{S}/pricing.py#price_of", "calls", 23, 0.95, "import"),
    Edge(f"{S}/pricing.py#price_of", f"{S}/pricing.py#bulk_discount", "calls", 15, 0.95, "scope"),
    Edge(f"{S}/pricing.py#apply", f"{S}/pricing.py#bulk_discount", "calls", 31, 0.8, "flow:many"),
    Edge(f"{S}/pricing.py#apply", f"{S}/pricing.py#no_discount", "calls", 31, 0.8, "flow:many"),
    Edge(f"{S}/checkout.py#checkout", f"{S}/pricing.py#apply", "calls", 26, 0.95, "import"),
    Edge(f"{S}/checkout.py#checkout", f"{S}/cart.py#Cart.total", "calls", 26, 0.9, "type"),
    Edge(f"{S}/checkout.py#checkout", f"{S}/gateway.py#open_gateway", "calls", 27, 0.95, "import"),
    Edge(f"{S}/checkout.py#checkout", f"{S}/gateway.py#Gateway.charge", "calls", 27, 0.9, "type"),
    Edge(f"{S}/checkout.py#checkout", f"{S}/gateway.py#CardGateway.charge", "calls", 27, 0.7, "override"),
    Edge(f"{S}/checkout.py#try_checkout", f"{S}/checkout.py#checkout", "calls", 34, 0.95, "scope"),
    Edge(f"{S}/catalog.py#Catalog.take", f"{S}/catalog.py#Catalog.find", "calls", 56, 0.9, "self"),
    Edge(f"{S}/catalog.py#Catalog.restock", f"{S}/catalog.py#Catalog.find", "calls", 64, 0.9, "self"),
    Edge(f"{S}/__main__.py#main", f"{S}/checkout.py#checkout", "calls", 12, 0.95, "import"),
    Edge(f"{S}/__main__.py#main", f"{S}/catalog.py#Catalog.load", "calls", 9, 0.95, "import"),
    Edge(f"{T}#test_add_returns_the_line", f"{S}/cart.py#Cart.add", "calls", 13, 0.9, "type"),
    Edge(f"{T}#test_cannot_take_more_than_there_is", f"{S}/catalog.py#Catalog.take", "calls", 24, 0.9, "type"),
    Edge(f"{S}/gateway.py#CardGateway", f"{S}/gateway.py#Gateway", "extends", 22, 0.95, "syntax"),
    Edge(f"{S}/gateway.py#InvoiceGateway", f"{S}/gateway.py#Gateway", "extends", 33, 0.95, "syntax"),
    Edge(f"{S}/gateway.py#Gateway", "ext:abc#ABC", "extends", 14, 0.95, "syntax"),
    Edge(f"{S}/errors.py#ShopError", "ext:builtins#Exception", "extends", 4, 0.95, "syntax"),
    Edge(f"{S}/errors.py#UnknownProduct", f"{S}/errors.py#ShopError", "extends", 8, 0.95, "syntax"),
    Edge(f"{S}/errors.py#OutOfStock", f"{S}/errors.py#ShopError", "extends", 12, 0.95, "syntax"),
    Edge(f"{S}/errors.py#PaymentDeclined", f"{S}/errors.py#ShopError", "extends", 20, 0.95, "syntax"),
    Edge(f"{S}/__init__.py", f"{S}/cart.py#Cart", "imports", 3, 0.95, "import"),
    Edge(f"{S}/__init__.py", f"{S}/catalog.py#Catalog", "imports", 4, 0.95, "import"),
    Edge(f"{S}/__init__.py", f"{S}/checkout.py#checkout", "imports", 5, 0.95, "import"),
    Edge(f"{S}/__init__.py", f"{S}/errors.py#OutOfStock", "imports", 6, 0.95, "import"),
    Edge(f"{S}/checkout.py", f"{S}/cart.py", "imports", 8, 0.95, "import"),
    Edge(f"{S}/cart.py", f"{S}/pricing.py", "imports", 8, 0.95, "import"),
    Edge(f"{S}/gateway.py", "ext:requests", "depends_on", 7, 0.95, "import"),
    Edge(
        f"{S}/cart.py#Cart.add", "ext:builtins#ValueError", "throws", 33, 0.95, "raise",
        {"how": "direct", "depth": 0, "message": "quantity must be at least 1", "guard": "quantity < 1"},
    ),
    Edge(
        f"{S}/gateway.py#CardGateway.charge", f"{S}/errors.py#PaymentDeclined", "throws", 26, 0.95, "raise",
        {"how": "direct", "depth": 0, "message": "{amount} is above the limit of {LIMIT}", "guard": "amount > LIMIT"},
    ),
    Edge(
        f"{S}/checkout.py#checkout", f"{S}/errors.py#PaymentDeclined", "throws", 27, 0.7, "propagated",
        {"how": "via", "callee": f"{S}/gateway.py#CardGateway.charge", "depth": 1},
    ),
    Edge(
        f"{S}/catalog.py#Catalog.find", f"{S}/errors.py#UnknownProduct", "throws", 52, 0.95, "raise",
        {"how": "direct", "depth": 0, "message": "no product called {name!r}", "cause": "KeyError"},
    ),
    Edge(f"{S}/catalog.py#Catalog.take", f"{S}/errors.py#OutOfStock", "throws", 58, 0.95, "raise", {"how": "direct", "depth": 0}),
    Edge(
        f"{S}/catalog.py#Catalog.take", f"{S}/errors.py#UnknownProduct", "throws", 56, 0.9, "propagated",
        {"how": "via", "callee": f"{S}/catalog.py#Catalog.find", "depth": 1},
    ),
]  # fmt: skip
CATCHES = {
    f"{S}/checkout.py#try_checkout": [
        {"errors": [f"{S}/errors.py#PaymentDeclined"], "names": ["PaymentDeclined"], "action": "return", "line": 35}
    ]
}


def graph_of(repo: Path, out: Path, edges: list[Edge]) -> Path:
    """A graph of every Python and Rust file under `repo` with these edges; documents are listed as the walk lists them."""
    facts, files = [], []
    for place in sorted(p for p in repo.rglob("*") if p.is_file()):
        path, data = place.relative_to(repo).as_posix(), place.read_bytes()
        sha256, spec = hashlib.sha256(data).hexdigest(), spec_for(path, data[:512])
        if spec is not None and spec.entry in ("python", "rust"):
            parsed = parse_file(path, data, spec)
            facts.append(parsed)
            files.append(FileRow(path, parsed.lang, sha256, "1", parsed.status, parsed.reason, parsed.loc))
        elif path.endswith((".md", ".rst")):
            files.append(FileRow(path, "text", sha256, "", "skipped", "document"))
    nodes = [node for parsed in facts for node in nodes_of(parsed)]
    for node in nodes:
        if node.id in CATCHES:
            node.meta["catches"] = CATCHES[node.id]
    package_nodes, nesting = packages(facts)
    every = [*nesting, *(e for parsed in facts for e in containment(parsed)), *edges]
    outside = sorted({e.dst for e in edges if e.dst.startswith("ext:")})
    nodes += [*package_nodes, *(Node(i, "external", i.rpartition("#")[2], "", "python") for i in outside)]
    write_graph(out, nodes, every, files, [])
    write_manifest(out, Manifest("extract", digest(f.sha256 for f in files), root=str(repo), project=repo.name))
    return out


def shop(folder: Path) -> Path:
    """The shop copied below `folder`, its graph beside it; returns the graph's path."""
    shutil.copytree(SHOP, folder / "shop", dirs_exist_ok=True)
    return graph_of(folder / "shop", folder / "brain" / "graph.sqlite", EDGES)


def settings_for(graph: Path, **changes: object) -> BrainSettings:
    return BrainSettings.model_validate({"graph": graph, "out_dir": graph.parent / "nodes", **changes})


def build(graph: Path, **changes: object) -> BrainReport:
    return run(settings_for(graph, **changes), Console(quiet=True))
