"""Facts of the shop, read off its hand-written edges, and checked against the graph again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import brains
import pytest

from brain.derive import FactTable, check_fact, derive_facts
from brain.facts import RELATIONS, Fact
from config.console import Console
from config.settings import ExtractSettings
from extractor.extract import run as extract
from extractor.graph import Graph

S = brains.S


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    path = brains.shop(tmp_path_factory.mktemp("facts"))
    brains.build(path)
    return Graph(path)


@pytest.fixture(scope="module")
def facts(graph: Graph) -> FactTable:
    return FactTable(derive_facts(graph))


def objects(facts: FactTable, subject: str, relation: str) -> list[str]:
    return [fact.object for fact in facts.about(subject, relation)]


def test_a_function_states_its_declaration_its_flow_and_its_errors(facts: FactTable) -> None:
    add = f"{S}/cart.py#Cart.add"
    assert objects(facts, add, "path") == ["src/shop/cart.py"]
    assert objects(facts, add, "container") == [f"{S}/cart.py#Cart"]
    assert objects(facts, add, "parameter") == ["product", "quantity"]
    assert facts.about(add, "parameter")[1].qualifier("default") == "1"
    assert objects(facts, add, "returns") == ["Line"]
    assert objects(facts, add, "purpose") == ["Put a product into the cart."]
    assert objects(facts, add, "calls") == [f"{S}/cart.py#Line.__init__"]
    assert objects(facts, add, "raises") == ["ext:builtins#ValueError"]
    assert facts.about(add, "raises")[0].qualifier("guard") == "quantity < 1"


def test_tests_are_tests_and_not_callers(facts: FactTable) -> None:
    take = f"{S}/catalog.py#Catalog.take"
    assert objects(facts, take, "called_by") == []
    assert objects(facts, take, "tested_by") == [f"{brains.T}#test_cannot_take_more_than_there_is"]


def test_propagated_errors_may_be_raised_and_direct_ones_are(facts: FactTable) -> None:
    take = f"{S}/catalog.py#Catalog.take"
    assert objects(facts, take, "raises") == [f"{S}/errors.py#OutOfStock"]
    assert objects(facts, take, "may_raise") == [f"{S}/errors.py#UnknownProduct"]
    assert facts.about(take, "may_raise")[0].qualifier("callee") == f"{S}/catalog.py#Catalog.find"


def test_inheritance_is_stated_from_both_ends(facts: FactTable) -> None:
    assert objects(facts, f"{S}/gateway.py#CardGateway", "extends") == [f"{S}/gateway.py#Gateway"]
    heirs = [f"{S}/gateway.py#CardGateway", f"{S}/gateway.py#InvoiceGateway"]
    assert objects(facts, f"{S}/gateway.py#Gateway", "subclass") == heirs
    assert objects(facts, f"{S}/gateway.py#CardGateway.charge", "overrides") == [f"{S}/gateway.py#Gateway.charge"]


def test_handlers_are_stated_from_both_ends(facts: FactTable) -> None:
    handler, error = f"{S}/checkout.py#try_checkout", f"{S}/errors.py#PaymentDeclined"
    assert objects(facts, handler, "catches") == [error]
    assert objects(facts, error, "caught_by") == [handler]
    assert facts.about(error, "caught_by")[0].qualifier("action") == "return"


def test_ontology_nodes_state_facts_of_their_own(facts: FactTable) -> None:
    assert objects(facts, "error:paymentdeclined", "raised_by") == [f"{S}/gateway.py#CardGateway.charge"]
    assert objects(facts, "concept:gateway", "produced_by") == [f"{S}/gateway.py#open_gateway"]
    served = objects(facts, "capability:catalog", "serves")
    assert f"{S}/catalog.py#Catalog.restock" in served
    assert objects(facts, served[0], "capability") == ["capability:catalog"]


def test_every_fact_holds_and_a_changed_one_does_not(graph: Graph) -> None:
    facts = derive_facts(graph)
    assert len(facts) > 400
    assert all(check_fact(graph, fact) for fact in facts)
    for fact in facts[::7]:
        assert not check_fact(graph, replace(fact, object=fact.object + "x")), fact
        assert not check_fact(graph, replace(fact, subject="py:nowhere.py")), fact
    callee = Fact(f"{S}/cart.py#Cart.add", "calls", f"{S}/pricing.py#apply")
    assert not check_fact(graph, callee)


def test_every_object_that_should_be_a_node_is_one(graph: Graph) -> None:
    for fact in derive_facts(graph):
        assert fact.relation in RELATIONS
        if fact.object_is_node:
            assert graph.node(fact.object) is not None, fact


def test_facts_are_sorted_by_subject_unique_and_the_same_every_time(graph: Graph) -> None:
    facts = derive_facts(graph)
    assert facts == derive_facts(graph)
    subjects = [fact.subject for fact in facts]
    assert subjects == sorted(subjects)
    assert len({fact.id for fact in facts}) == len(facts)


def test_the_table_finds_by_subject_and_relation(facts: FactTable) -> None:
    assert facts.about(f"{S}/cart.py#Cart.total", "calls")
    assert facts.about("no such node") == ()
    assert f"{S}/cart.py#Cart" in facts.subjects
    assert len(facts) > 400


def test_an_empty_graph_states_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    path = brains.graph_of(tmp_path / "empty", tmp_path / "graph.sqlite", [])
    assert derive_facts(Graph(path)) == []


def test_documentation_that_the_code_does_not_keep_is_a_fact_of_its_own(tmp_path: Path) -> None:
    source = (
        "class Late(LookupError):\n    pass\n\n\ndef wait(n):\n    '''Wait.\n\n    Raises:\n        ValueError: never\n"
        "        KeyError: nor this\n        LookupError: as Late is one\n    '''\n    if n > 3:\n        raise Late('too late')\n\n\n"
        "def ask(n):\n    '''Ask.\n\n    Raises:\n        OSError: from outside\n    '''\n    return open(wait(n))\n"
    )
    wait = "py:late.py#wait"
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "late.py").write_text(source)
    place = tmp_path / "graph.sqlite"
    extract(ExtractSettings(out_graph=place, workers=1), Console(quiet=True), tmp_path / "r")
    with Graph(place) as graph:
        told = [f for f in derive_facts(graph) if f.relation == "promises"]
        assert all(check_fact(graph, fact) for fact in told)
    assert [(f.subject, f.object) for f in told] == [(wait, "ext:builtins#KeyError"), (wait, "ext:builtins#ValueError")]
