"""Fact: one checkable statement about one node, derived from the graph and from nothing else.

Notes are rendered from facts, dataset rows ask for them, scores count them. `relation` is one of RELATIONS; `object` is a
node id where RELATIONS says so, else the literal text. Two extracts of one commit give the same facts with the same ids.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from config.manifest import digest

# relation -> (whether the object is a node id, what it states)
RELATIONS: Final[dict[str, tuple[bool, str]]] = {
    "path": (False, "the file that defines the subject"),
    "container": (True, "the class or module the subject is defined in"),
    "signature": (False, "name, parameters and return as written"),
    "parameter": (False, "a parameter's name; qualifiers annotation, default, kind"),
    "returns": (False, "the declared return type"),
    "purpose": (False, "the first sentence of its documentation"),
    "visibility": (False, "public, protected, private"),
    "decorator": (False, "a decorator or annotation as written"),
    "value": (False, "the constant a variable is initialised with"),
    "initial": (False, "the expression a variable is initialised with, where that is no constant"),
    "table": (False, "the kind of collection a variable is initialised with; qualifiers entries, first"),
    "extends": (True, "a base class; qualifier either where it is one of several that one written base may be"),
    "implements": (True, "an interface"),
    "subclass": (True, "a class that extends the subject; qualifier kind where it implements it"),
    "overrides": (True, "the method of a base class that the subject replaces"),
    "member": (True, "a method, class or field defined in the subject"),
    "calls": (True, "a callee; qualifiers confidence, via"),
    "called_by": (True, "a caller; qualifiers confidence, via"),
    "used_by": (True, "a function or class that reads the variable or names it in an annotation"),
    "set_by": (True, "a function that assigns to the variable"),
    "imports": (True, "a module or symbol imported by the subject module"),
    "imported_by": (True, "a module that imports the subject"),
    "depends_on": (True, "an external package"),
    "raises": (True, "an error class raised directly; qualifiers message, guard"),
    "may_raise": (True, "an error class raised by something it calls, the likeliest first; qualifiers callee, how"),
    "promises": (True, "an error class its documentation or signature names, though the code is not seen to raise it"),
    "raised_by": (True, "a function that raises the subject error directly"),
    "catches": (True, "an error class its handlers catch; qualifiers action"),
    "caught_by": (True, "a function whose handler catches the subject error"),
    "message": (False, "an error message template"),
    "fix": (False, "what to do about the error; qualifiers evidence"),
    "tested_by": (True, "a test that exercises the subject"),
    "step": (True, "a step of a recipe; qualifiers order, arguments"),
    "serves": (True, "a capability: a callable that provides it"),
    "capability": (True, "a symbol: the capability it belongs to"),
    "flag": (False, "async, static, abstract, dataclass … as the extractor found it"),
    "title": (False, "what an ontology node is called"),
    "about": (True, "the symbol an ontology node stands for"),
    "reached_from": (True, "a public function through which the subject error may come out; qualifiers callee"),
    "produced_by": (True, "a callable that returns the subject concept"),
    "consumed_by": (True, "a callable that takes the subject concept; qualifiers parameter"),
    "fixed_by": (True, "a symbol named in a fix for the subject error"),
}


@dataclass(frozen=True, slots=True, order=True)
class Fact:
    """`qualifiers` are (name, value) pairs in order of name."""

    subject: str
    relation: str
    object: str
    qualifiers: tuple[tuple[str, str], ...] = ()

    @property
    def id(self) -> str:
        """12 hex digits of subject, relation and object: stable while the statement stands, whatever its qualifiers."""
        return digest((self.subject, self.relation, self.object))[:12]

    @property
    def object_is_node(self) -> bool:
        return RELATIONS[self.relation][0]

    def qualifier(self, name: str) -> str:
        return dict(self.qualifiers).get(name, "")
