"""What the shop can do, what it is made of, what goes wrong in it, how it is used: each with the rule and the evidence."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import brains
import pytest

from brain.index import Text
from brain.mistakes import documented, errors, fixes, pattern, telling
from brain.snippets import doctest_source, fences
from brain.text import first_sentence, sentences
from brain.view import View, is_test
from config.console import Console
from config.settings import ExtractSettings
from extractor.extract import run as extract
from extractor.graph import Graph
from extractor.schema import Edge, Node

S = brains.S


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    path = brains.shop(tmp_path_factory.mktemp("ontology"))
    brains.build(path)
    return Graph(path)


def ontology(graph: Graph, kind: str) -> dict[str, Node]:
    return {node.id: node for node in graph.nodes((kind,), origin="brain")}


def links(graph: Graph, node_id: str, role: str) -> list[str]:
    edges = [e for e in graph.edges(("depends_on",), src=node_id) if e.meta.get("role") == role]
    return [e.dst for e in sorted(edges, key=lambda e: e.meta.get("order", 0))]


def test_public_classes_and_functions_are_capabilities(graph: Graph) -> None:
    found = ontology(graph, "capability")
    assert {"capability:cart", "capability:catalog", "capability:checkout"} <= set(found)
    assert found["capability:cart"].meta["title"] == "Lines in the order they were added"
    assert f"{S}/cart.py#Cart.add" in links(graph, "capability:cart", "serves")
    assert not any("test" in name for name in found)


def test_bases_and_passed_types_are_concepts(graph: Graph) -> None:
    found = ontology(graph, "concept")
    assert found["concept:gateway"].meta["rule"] == "base class"
    assert links(graph, "concept:gateway", "producer") == [f"{S}/gateway.py#open_gateway"]
    assert found["concept:product"].meta["rule"] == "dataclass"
    assert f"{S}/cart.py#Cart.add" in links(graph, "concept:product", "consumer")


def test_errors_know_their_message_guard_raisers_and_handlers(graph: Graph) -> None:
    found = ontology(graph, "error")
    assert set(found) == {
        "error:shoperror", "error:outofstock", "error:paymentdeclined", "error:unknownproduct",
        "error:paymentdeclined-cardgateway.charge", "error:unknownproduct-catalog.find", "error:valueerror-cart.add",
    }  # fmt: skip
    declined = found["error:paymentdeclined-cardgateway.charge"]
    assert declined.meta["message"] == "{amount} is above the limit of {LIMIT}"
    assert declined.meta["guard"] == "amount > LIMIT"
    assert declined.meta["evidence"] == ["src/shop/gateway.py:26-26"]
    assert links(graph, declined.id, "handler") == [f"{S}/checkout.py#try_checkout"]
    assert links(graph, declined.id, "reaches") == [f"{S}/checkout.py#checkout"]


def test_a_readme_fence_becomes_a_recipe_in_the_order_of_its_calls(graph: Graph) -> None:
    recipe = ontology(graph, "recipe")["recipe:catalog.load-cart-catalog.find"]
    assert recipe.meta["title"] == "Use"
    assert recipe.meta["rule"] == "calls in documentation"
    assert links(graph, recipe.id, "step") == [
        f"{S}/catalog.py#Catalog.load",
        f"{S}/cart.py#Cart",
        f"{S}/catalog.py#Catalog.find",
        f"{S}/cart.py#Cart.add",
        f"{S}/checkout.py#checkout",
    ]
    steps = {e.dst: e.meta for e in graph.edges(("depends_on",), src=recipe.id)}
    assert steps[f"{S}/cart.py#Cart.add"]["arguments"] == "quantity"
    assert steps[f"{S}/catalog.py#Catalog.find"]["after"] == 1
    lines = (brains.SHOP / recipe.path).read_text().splitlines()
    assert lines[recipe.lines[0] - 1].startswith("from shop import")
    assert lines[recipe.lines[1] - 1].startswith("receipt =")


def test_code_in_a_document_of_what_changed_is_no_recipe(tmp_path: Path) -> None:
    path = brains.shop(tmp_path)
    readme = tmp_path / "shop" / "README.md"
    readme.rename(readme.with_name("UPGRADING.md"))
    brains.graph_of(tmp_path / "shop", path, brains.EDGES)
    brains.build(path)
    with Graph(path) as graph:
        assert "calls in documentation" not in {n.meta["rule"] for n in graph.nodes(("recipe",))}


def test_every_ontology_node_has_a_rule_evidence_and_only_known_edges(graph: Graph) -> None:
    for node in graph.nodes(origin="brain"):
        assert all((node.meta["rule"], node.meta["evidence"], node.path)), node
        edges = list(graph.edges(src=node.id))
        assert {e.kind for e in edges} <= {"depends_on", "defined_in"}
        assert edges
        assert all(graph.node(e.dst) is not None for e in edges)


def test_only_wanted_types_are_derived(tmp_path: Path) -> None:
    path = brains.shop(tmp_path)
    brains.build(path, node_types=["error"])
    assert set(Graph(path).count("nodes", "type")) & {"capability", "concept", "error", "recipe"} == {"error"}


def test_the_report_counts_drift_of_the_documentation(tmp_path: Path) -> None:
    path = brains.shop(tmp_path)
    readme = tmp_path / "shop" / "README.md"
    readme.write_text(readme.read_text().replace("import Cart, Catalog", "import Basket, Catalog"))
    brains.graph_of(tmp_path / "shop", path, brains.EDGES)
    report = brains.build(path)
    assert report.ontology["refused: documentation snippet that names shop.Basket, which is not in the graph"] == 1
    assert not any("catalog.load" in node.id for node in Graph(path).nodes(("recipe",)))


def test_the_same_graph_gives_the_same_ontology(tmp_path: Path) -> None:
    dumps = []
    for name in ("one", "two"):
        path = brains.shop(tmp_path / name)
        brains.build(path)
        dumps.append(list(Graph(path).dump("brain")))
    assert dumps[0] == dumps[1]
    assert len(dumps[0]) > 20


@pytest.mark.parametrize(
    ("message", "printed"),
    [
        ("{amount} is above the limit of {LIMIT}", "5 is above the limit of 3"),
        ("no product called {name!r}", "no product called 'tea'"),
        ("[{}] (really?)", "[x] (really?)"),
        ("what {x} is too long to be…", "what 1 is too long to be kept"),
    ],
)
def test_a_template_matches_what_it_prints(message: str, printed: str) -> None:
    import re

    assert re.fullmatch(pattern(message), printed)
    assert not re.fullmatch(pattern(message), "something else")


def test_a_template_must_say_something() -> None:
    assert telling("quantity must be at least 1")
    assert telling("{x} not found")
    assert not telling("")
    assert not telling("{error}")
    assert not telling("{}: {}")


def test_a_class_that_writes_its_own_message_gives_a_template_and_documents_give_fixes(graph: Graph) -> None:
    out_of_stock = ontology(graph, "error")["error:outofstock"]
    assert out_of_stock.meta["message"] == "only {left} of {name} left"
    declined = ontology(graph, "error")["error:paymentdeclined"]
    assert declined.meta["fixes"] == []  # somebody catches it and goes on: that mends nothing


def test_a_guard_over_a_parameter_gives_its_opposite_and_advice_in_documents_is_quoted(graph: Graph) -> None:
    site = ontology(graph, "error")["error:valueerror-cart.add"]
    assert [fix["text"] for fix in site.meta["fixes"]] == ["quantity must be at least 1", "Ensure that quantity >= 1."]
    text = "# Errors\n\n`Overdrawn` is raised late. To avoid `Overdrawn`, call `Account.check` first.\n"
    (fix,) = documented("Overdrawn", {"docs/a.md": Text("", text)})
    assert fix == {"text": "To avoid Overdrawn, call Account.check first.", "evidence": "docs/a.md:3-4"}


def test_a_handler_far_from_the_raise_site_is_no_handler_of_it(tmp_path: Path) -> None:
    """Two functions raise ValueError; the one handler of ValueError calls only one of them."""
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "a.py").write_text("def near(): ...\ndef far(): ...\ndef safe():\n    near()\n")
    message = {"how": "direct", "message": "this went badly wrong"}
    edges = [
        Edge("py:a.py#near", "ext:builtins#ValueError", "throws", 1, 0.95, "raise", message),
        Edge("py:a.py#far", "ext:builtins#ValueError", "throws", 2, 0.95, "raise", message),
        Edge("py:a.py#safe", "py:a.py#near", "calls", 4, 0.95, "scope"),
    ]
    path = brains.graph_of(tmp_path / "r", tmp_path / "graph.sqlite", edges)
    view = View.load(Graph(path))
    view.nodes["py:a.py#safe"].meta["catches"] = [{"errors": ["ext:builtins#ValueError"], "action": "return"}]
    drafts = {d.slug: d for d in errors(view, {}, Counter())}
    handlers = {slug: [link[1] for link in d.links if link[0] == "handler"] for slug, d in drafts.items()}
    assert handlers == {"valueerror-near": ["py:a.py#safe"], "valueerror-far": []}


def test_what_comes_out_of_a_function_its_own_handlers_have_not_caught(tmp_path: Path) -> None:
    """`read` raises anew from its handler, `middle` lets that through beside a handler of its own, `top` catches it."""
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "a.py").write_text("def read(): ...\ndef middle():\n    read()\ndef top():\n    middle()\n")
    error = "ext:builtins#ValueError"
    through = {"how": "propagated", "callee": "py:a.py#read"}
    edges = [
        Edge("py:a.py#read", error, "throws", 1, 0.95, "raise", {"how": "direct", "message": "this went badly wrong"}),
        Edge("py:a.py#middle", "py:a.py#read", "calls", 3, 0.95, "scope"),
        Edge("py:a.py#middle", error, "throws", 3, 0.9, "propagated", through),
        Edge("py:a.py#top", "py:a.py#middle", "calls", 5, 0.95, "scope"),
    ]
    view = View.load(Graph(brains.graph_of(tmp_path / "r", tmp_path / "graph.sqlite", edges)))
    for name in ("read", "middle", "top"):
        view.nodes[f"py:a.py#{name}"].meta["catches"] = [{"errors": [error], "action": "return"}]
    (site,) = [d for d in errors(view, {}, Counter()) if d.slug == "valueerror-read"]
    assert [link[1] for link in site.links if link[0] == "handler"] == ["py:a.py#top"]


@pytest.mark.parametrize(
    ("code", "advised"),
    [
        ("def f(kind):\n    if kind is int:\n        raise ValueError('no good value')\n", True),
        (
            "def f(kind):\n    if kind is int:\n        try:\n            return int(g())\n        except ValueError:\n"
            "            raise ValueError('no good value') from None\n",
            False,
        ),
    ],
)
def test_the_opposite_of_a_condition_mends_only_what_it_decides(tmp_path: Path, code: str, advised: bool) -> None:
    (tmp_path / "a.py").write_text(code)
    path = tmp_path / "out" / "graph.sqlite"
    extract(ExtractSettings(out_graph=path, workers=1), Console(quiet=True), tmp_path)
    (site,) = errors(View.load(Graph(path), "extractor"), {"a.py": Text("", code)}, Counter())
    said = [fix["text"] for key, value in site.more if key == "fixes" for fix in value]
    assert said == (["Ensure that kind is not int."] if advised else [])


def test_a_fix_is_what_the_message_tells_the_reader_to_do() -> None:
    assert [f["text"] for f in fixes("No such command. Use --help instead.", "a.py:1-1")] == ["Use --help instead."]
    for silent in ("it broke", "cannot use the same flag for true/false", "Attempted to use an uninstantiated type"):
        assert fixes(silent, "a.py:1-1") == []


def test_fences_and_doctests_give_code_and_the_line_it_stands_on() -> None:
    rst = "Title\n=====\n\n.. code-block:: python\n\n    import shop\n    shop.checkout(1)\n\nText::\n\n    $ ls\n"
    (snippet,) = fences("docs/a.rst", rst)
    assert (snippet.start, snippet.title, snippet.text) == (6, "Title", "import shop\nshop.checkout(1)")
    (markdown,) = fences("a.md", "# T\n\n```python\nf(1)\n```\n\n```sh\nls\n```\n")
    assert (markdown.start, markdown.text) == (4, "f(1)")
    assert doctest_source("Text\n>>> a = 1\n>>> f(a,\n...   2)\n3\n") == "a = 1\nf(a,\n  2)"


@pytest.mark.parametrize(
    "path", ["tests/a.py", "pkg/test_a.py", "a_test.go", "src/test/java/A.java", "web/cart.spec.ts", "conftest.py"]
)
def test_test_files_are_known_by_whole_names(path: str) -> None:
    assert is_test(path)


@pytest.mark.parametrize("path", ["click/testing.py", "latest/a.py", "contest.py", "attestation.ts", "protest/b.py"])
def test_a_name_that_only_contains_test_is_no_test(path: str) -> None:
    assert not is_test(path)


def test_a_view_can_be_loaded_for_one_origin(graph: Graph) -> None:
    assert not list(View.load(graph, "extractor").of_type("capability"))
    assert list(View.load(graph).of_type("capability"))


def test_recipes_come_from_tests_and_examples_in_other_languages(tmp_path: Path) -> None:
    """A test's calls in source order, what it only checks left out; titled by what the test is called."""
    repo, sources = tmp_path / "r", {
        "src/cart.ts": "export class Cart {\n  add(name: string): void {}\n  total(): number { return 1; }\n}\n"
        "export function checkout(cart: Cart): string { return 'ok'; }\n",
        "test/cart.test.ts": "import { Cart, checkout } from '../src/cart';\ndescribe('cart', () => {\n"
        "  it('pays for what is in it', () => {\n    const cart = new Cart();\n    cart.add('tea');\n"
        "    checkout(cart);\n    expect(cart.total()).toBe(1);\n  });\n  it('can be made', () => {\n"
        "    new Cart();\n  });\n});\n",
        "docs/shop.ts": "import { Cart, checkout } from '../src/cart';\nexport function part(): void {\n"
        "  const cart = new Cart();\n  checkout(cart);\n}\nexport function whole(): void {\n  part();\n}\n",
        "src/main/java/acme/Depot.java": "package acme;\npublic class Depot {\n  public void put(String name) {}\n"
        "  public void put(int number) {}\n}\n",
        "src/test/java/acme/DepotTest.java": "package acme;\npublic class DepotTest {\n  @Test public void keepsWhatWasPutTest() {\n"
        "    Depot depot = new Depot();\n    depot.put(\"tea\");\n    depot.put(3);\n  }\n"
        "  @Test public void putsTest() {\n    depot.put(\"tea\");\n    depot.put(3);\n  }\n"
        "  Depot helper() {\n    Depot d = new Depot();\n"
        "    d.put(\"no\");\n    d.put(\"test\");\n    return d;\n  }\n}\n",
    }  # fmt: skip
    for path, text in sources.items():
        (repo / path).parent.mkdir(parents=True, exist_ok=True)
        (repo / path).write_text(text)
    place = tmp_path / "graph.sqlite"
    extract(ExtractSettings(out_graph=place, workers=1), Console(quiet=True), repo)
    brains.build(place)
    with Graph(place) as graph:
        found = {n.meta["title"]: n for n in graph.nodes(("recipe",))}
        steps = {title: [e.dst for e in ordered_steps(graph, n)] for title, n in found.items()}
    assert steps == {
        "pays for what is in it": ["ts:src/cart.ts#Cart", "ts:src/cart.ts#Cart.add", "ts:src/cart.ts#checkout"],
        "keeps what was put": [
            "java:src/main/java/acme/Depot.java#Depot",
            "java:src/main/java/acme/Depot.java#Depot.put",
        ],
    }
    assert found["pays for what is in it"].lines == (3, 8)


def ordered_steps(graph: Graph, node: Node) -> list[Edge]:
    edges = [e for e in graph.edges(("depends_on",), src=node.id) if e.meta.get("role") == "step"]
    return sorted(edges, key=lambda e: int(e.meta["order"]))


def test_a_sentence_does_not_end_at_etc_in_its_middle() -> None:
    assert sentences("Use tabs etc. or set it. Then try.") == ["Use tabs etc. or set it.", "Then try."]
    assert sentences("Pass tabs, etc. Nothing else helps.") == ["Pass tabs, etc.", "Nothing else helps."]


def test_a_leading_parenthesis_is_no_purpose() -> None:
    assert first_sentence("(Experimental) Reads the file again.") == "Reads the file again."
    assert first_sentence("Reads (again) the file.") == "Reads (again) the file."
