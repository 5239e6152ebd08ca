"""The wording of questions, as data: for every aspect of a node, families of askings in three disjoint sets.

A line is one family; its variants stand between bars. `{s}` is the subject, `{k}` the noun of its kind, `{o}` what else the
question names, `{c}` the subject's class. A variant that starts with a small letter is casual: its names go without backticks.
Train families teach, valid families stop training early, T1 families measure: no family stands in two sets.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

SETS = ("train", "valid", "T1")


@dataclass(frozen=True, slots=True)
class Family:
    """One way of asking. `name` is "<aspect>.<letter>"; the template of a row is "<name>/<index of the variant>"."""

    name: str
    variants: tuple[str, ...]


def _letters(number: int) -> str:
    return chr(97 + number) if number < 26 else _letters(number // 26 - 1) + chr(97 + number % 26)


@cache
def families(aspect: str, which: str = "train") -> tuple[Family, ...]:
    """The families of an aspect in one set. Letters run on from train to valid to T1, so names never repeat."""
    numbered = 0
    for name in SETS:
        lines = [line.strip() for line in PHRASES[aspect][SETS.index(name)].strip().splitlines() if line.strip()]
        if name == which:
            return tuple(
                Family(f"{aspect}.{_letters(numbered + i)}", tuple(v.strip() for v in line.split(" | ")))
                for i, line in enumerate(lines)
            )
        numbered += len(lines)
    raise KeyError(which)


# Where a train question may be set in; T1 and valid questions stand alone.
OPENERS = (
    "In this project: ",
    "Quick question: ",
    "I am new to this code. ",
    "Reading the source: ",
    "For a review: ",
    "Hi! ",
    "I keep getting lost here. ",
    "From the code base: ",
)
CLOSERS = (" Thanks.", " Keep it short.", " Please.", " One or two sentences will do.", " Name the file too.")

PHRASES: dict[str, tuple[str, str, str]] = {
    # statements: the prompt names subject and aspect
    "statement": (
        """
        Notes on {s} ({p}): {a} | Notes on the {k} {s}: {a}
        Handbook, {s} ({p}): {a} | Handbook entry for {s}: {a}
        Write down what is known about {s} ({p}): {a} | Write down what is known about the {k} {s}: {a}
        Reference for the {k} {s} ({p}): {a} | Reference card of {s}: {a}
        """,
        "",
        "",
    ),
    # discovery
    "homonyms": (
        """
        Where is {o} defined? | where is {o} defined
        Which file defines {o}? | which file defines {o}
        Which {k} is meant by {o}? | what is meant by {o}
        How many definitions of {o} are there? | how many {o} are there
        Point me to the definition of {o}. | point me to {o}
        """,
        """
        What file would I open to edit {o}? | file to open for {o}
        """,
        """
        I am looking for {o}; what source file holds it? | looking for {o}, what file
        """,
    ),
    "location": (
        """
        Where is {s} defined? | where is {s} defined | Where is the {k} {s} defined?
        Which file defines {s}? | which file defines {s} | wich file has {s}
        Where does the {k} {s} live? | where does {s} live
        In which file is the {k} {s}? | in which file is {s}
        Locate the {k} {s}. | locate {s}
        Where can I find the source of {s}? | where can i find {s}
        What is the path of {s}? | path of {s}? | {s} path
        Point me to the definition of {s}. | point me to {s}
        Which module contains the {k} {s}? | what module is {s} in
        """,
        """
        What file would I open to edit the {k} {s}? | file to open for {s}
        Give the location of {s}. | location of {s}
        """,
        """
        I am looking for the {k} {s}; what source file holds it? | looking for {s}, what file
        {s}: in what file was it written? | {s}: where was it written
        Tell me where in the tree the {k} {s} sits. | where in the tree does {s} sit
        """,
    ),
    "find": (
        """
        Which {k} {o}? | which {k} {o}
        Where is the {k} that {o}? | where is the {k} that {o}
        What is the name of the {k} that {o}? | name of the {k} that {o}
        Find the {k} that {o}. | find the {k} that {o}
        Is there a {k} that {o}? | is there a {k} that {o}
        I need a {k} that {o}; which one is it? | need a {k} that {o}
        """,
        """
        Show me which {k} here {o}. | show which {k} here {o}
        """,
        """
        Somewhere in this repository a {k} {o}. Name it. | what do you call the {k} here that {o}
        """,
    ),
    "members": (
        """
        Which members does the {k} {s} have? | members of {s} | Which members does {s} have?
        What does the {k} {s} contain? | what is in {s}
        List what is defined in {s}. | list what {s} defines
        What methods and fields can I use on {s}? | what can i call on {s}
        Give me an overview of the members of {s}. | overview of {s} members
        """,
        """
        What is declared inside the {k} {s}? | declared inside {s}?
        """,
        """
        Name the things that the {k} {s} provides. | what things does {s} provide
        Enumerate the contents of {s}. | contents of {s} please
        """,
    ),
    "contents": (
        """
        What is in the module {s}? | what is in {s} | Which symbols does {s} define?
        What does the file {s} define? | what does {s} define
        List the main definitions of {s}. | main definitions in {s}
        Which classes and functions are in {s}? | classes and functions in {s}?
        Give me an overview of {s}. | overview of {s}
        """,
        """
        What would I find when I open {s}? | what would i find in {s}
        """,
        """
        Name the top-level things in {s}. | top level things in {s}
        What lives in the source file {s}? | what lives in {s}
        """,
    ),
    "capability": (
        """
        Which code helps to {o}? | what helps to {o}
        What should I use to {o}? | what do i use to {o}
        Where is the feature to {o}? | where is the feature to {o}
        Which symbols serve to {o}? | symbols to {o}
        """,
        """
        What part of the project lets me {o}? | which part lets me {o}
        """,
        """
        I would like to {o}. What is there for that? | want to {o}, what is there
        """,
    ),
    # explain
    "purpose": (
        """
        What does the {k} {s} do? | what does {s} do | What does {s} do?
        What is {s} for? | whats {s} for | What is the {k} {s} for?
        Explain {s}. | explain {s} | Explain the {k} {s}.
        What is the purpose of {s}? | purpose of {s} | What is the purpose of the {k} {s}?
        Why does {s} exist? | why does {s} exist
        Describe the {k} {s}. | describe {s}
        Can you summarise {s}? | summarise {s} | {s} summary
        What is the job of {s}? | job of {s}?
        Tell me about the {k} {s}. | tell me about {s} | {s}?
        """,
        """
        What should I know about {s}? | what should i know about {s}
        What is {s} meant to do? | {s} is meant to do what
        """,
        """
        In a sentence, what role does the {k} {s} play? | what role does {s} play
        I came across {s}. What does it accomplish? | {s} accomplishes what
        How would you explain the {k} {s} to a new colleague? | how would you explain {s}
        """,
    ),
    "returns": (
        """
        What does the {k} {s} return? | what does {s} return | What does {s} return?
        What is the return type of {s}? | return type of {s}
        Which type does {s} give back? | what type does {s} give back
        What do I get back when I call {s}? | what do i get from {s}
        {s} returns what? | {s} returns what
        """,
        """
        What comes out of a call to {s}? | what comes out of {s}
        """,
        """
        After calling the {k} {s}, what kind of value do I hold? | what kind of value is the result of {s}
        Name the result type that {s} declares. | declared result of {s}
        """,
    ),
    "declared": (
        """
        What type does {s} have? | type of {s} | What type does the {k} {s} have?
        How is {s} declared? | how is {s} declared
        Which type is {s} declared with? | declared type of {s}
        What kind of object does {s} hold? | what kind of object is {s}
        What can I expect in {s}? | what to expect in {s}
        """,
        """
        Of what type is {s}? | {s} is of what type
        """,
        """
        Name the annotation of {s}. | annotation of {s}
        What sort of value stands behind the {k} {s}? | sort of value behind {s}
        """,
    ),
    "calls": (
        """
        What does the {k} {s} call? | what does {s} call | What does {s} call?
        Which functions does {s} use? | which functions does {s} use
        What does {s} depend on when it runs? | what does {s} rely on
        Describe the control flow out of {s}. | control flow out of {s}
        Which calls happen inside the {k} {s}? | calls inside {s}
        List the callees of {s}. | callees of {s} | {s} callees
        To what does {s} hand its work? | what does {s} hand its work to
        What happens inside {s}? | what happens inside {s}
        """,
        """
        What other code does {s} invoke? | what other code does {s} invoke
        What is called from {s}? | called from {s}
        """,
        """
        When {s} is executed, which helpers run? | which helpers run in {s}
        Give me the outgoing calls of the {k} {s}. | outgoing calls of {s}
        The body of {s}: whom does it delegate to? | whom does {s} delegate to
        """,
    ),
    "called_by": (
        """
        Who calls the {k} {s}? | who calls {s} | What calls {s}?
        Where is {s} used? | where is {s} used
        Which code depends on {s}? | what depends on {s}
        List the callers of {s}. | callers of {s} | {s} callers
        What would be affected by a change to {s}? | what breaks if i change {s}
        Which functions use the {k} {s}? | which functions use {s}
        From where is {s} called? | from where is {s} called
        """,
        """
        Who makes use of {s}? | who makes use of {s}
        Where do calls to {s} come from? | calls to {s} come from where
        """,
        """
        Give me the incoming calls of the {k} {s}. | incoming calls of {s}
        If I renamed {s}, which code would I have to edit? | renaming {s}, what code to edit
        What is the set of places that invoke {s}? | places that invoke {s}
        """,
    ),
    "extends": (
        """
        Which class does {s} extend? | what does {s} extend
        What is the base class of {s}? | base class of {s} | {s} base class
        What does the {k} {s} inherit from? | what does {s} inherit from
        What are the parents of {s}? | parents of {s}
        From what is {s} derived? | {s} is derived from what
        Where does {s} stand in the class hierarchy? | {s} in the class hierarchy
        """,
        """
        What is {s} built on by inheritance? | what is {s} built on
        """,
        """
        Name whatever the {k} {s} subclasses. | whatever does {s} subclass
        Which superclass sits above {s}? | superclass above {s}
        """,
    ),
    "subclasses": (
        """
        Which classes extend {s}? | what extends {s}
        What are the subclasses of {s}? | subclasses of {s} | {s} subclasses
        Which classes inherit from the {k} {s}? | who inherits from {s}
        What is derived from {s}? | what is derived from {s}
        Who builds on {s} by inheritance? | what is built on {s}
        """,
        """
        Which children does {s} have? | children of {s}
        """,
        """
        Name every class that has {s} as its base. | classes with {s} as base
        What specialises the {k} {s}? | what specialises {s}
        """,
    ),
    "implements": (
        """
        Which interface does {s} implement? | what does {s} implement
        What contract does the {k} {s} fulfil? | contract of {s}
        Which interfaces stand behind {s}? | interfaces behind {s}
        Name the interfaces of {s}. | interfaces of {s}
        What does {s} promise to implement? | {s} implements what
        """,
        """
        Which interface is {s} an implementation of? | {s} is an implementation of what
        """,
        """
        What interface does {s} make good on? | which interface is made good by {s}
        """,
    ),
    "overrides": (
        """
        Which method does {s} override? | what does {s} override
        What does the {k} {s} replace? | what does {s} replace
        For which method of a base class does {s} stand in? | {s} stands in for what
        Which inherited method does {s} redefine? | what inherited method is {s}
        Is {s} an override, and of what? | is {s} an override
        """,
        """
        Which base method stands behind {s}? | base method behind {s}
        """,
        """
        What was there before {s} redefined it? | what method was there before {s}
        """,
    ),
    "imports": (
        """
        What does {s} import? | what does {s} import | Which modules does {s} import?
        Which parts of the project does {s} depend on? | what does {s} depend on
        List the imports of {s}. | imports of {s}
        On which code does the module {s} rely? | what does {s} rely on
        What does {s} need from elsewhere? | what does {s} need
        """,
        """
        What is pulled in by {s}? | pulled in by {s}
        """,
        """
        Which things must load before {s} does? | what must load before {s}
        Name the dependencies of the file {s}. | dependencies of {s}
        """,
    ),
    "imported_by": (
        """
        Which modules import {s}? | who imports {s}
        Which code brings in the {k} {s} by import? | which code brings in {s}
        Where is {s} imported? | where is {s} imported
        List the importers of {s}. | importers of {s}
        Which files import the {k} {s}? | which files import {s}
        """,
        """
        Who pulls in {s}? | who pulls in {s}
        """,
        """
        If {s} were deleted, which import statements would break? | whose imports break without {s}
        Name every place that has {s} in an import. | places with {s} in an import
        """,
    ),
    "depends": (
        """
        Which external packages does {s} need? | what packages does {s} need
        What third-party or standard modules does {s} use? | external modules of {s}
        On which outside packages does {s} depend? | outside packages of {s}
        List the external imports of {s}. | external imports of {s}
        What does {s} take from outside the project? | what does {s} take from outside
        """,
        """
        Which libraries stand behind {s}? | libraries behind {s}
        """,
        """
        To run {s}, what has to be installed or built in? | what libraries does {s} want
        """,
    ),
    "decorator": (
        """
        Which decorators does {s} carry? | decorators of {s}
        How is the {k} {s} decorated? | how is {s} decorated
        What is {s} decorated with? | what is {s} decorated with
        List the annotations on {s}. | annotations on {s}
        What stands above the definition of {s}? | what stands above {s}
        """,
        """
        Which decorator applies to {s}? | decorator on {s}
        """,
        """
        What wraps the definition of the {k} {s}? | what wraps {s}
        """,
    ),
    # howto
    "parameters": (
        """
        How do I call {s}? | how do i call {s} | How is the {k} {s} called?
        Which parameters does {s} take? | parameters of {s} | What parameters does the {k} {s} take?
        What arguments does {s} accept? | {s} arguments | what args does {s} take
        What do I have to pass to {s}? | what do i pass to {s}
        How do I use the {k} {s}? | how do i use {s} | how to use {s}
        What is the signature of {s}? | signature of {s}
        What inputs does {s} expect? | inputs of {s}
        """,
        """
        With what arguments is {s} invoked? | {s} is invoked with what
        How should a call to {s} look? | how should a {s} call look
        """,
        """
        I want to use {s}; what must I supply? | using {s}, what must i supply
        Name the inputs that the {k} {s} declares. | declared inputs of {s}
        Show me what goes between the parentheses of {s}. | what goes in the parentheses of {s}
        """,
    ),
    "default": (
        """
        What is the default of {o} in {s}? | default of {o} in {s} | What is the default value of {o} in {s}?
        What happens to {o} when I leave it out of a call to {s}? | {s}: {o} if left out
        Which value does {o} have in {s} by default? | {o} by default in {s}
        Do I have to pass {o} to {s}? | do i have to pass {o} to {s}
        Can I omit {o} when I call {s}? | can i omit {o} in {s}
        How is {o} preset in {s}? | {o} preset in {s}
        """,
        """
        What does {s} assume for {o}? | {s} assumes what for {o}
        """,
        """
        Calling {s} without {o}: what value is taken? | {s} without {o}
        Name the fallback for {o} in the {k} {s}. | fallback for {o} of {s}
        """,
    ),
    "construct": (
        """
        How do I create a {s}? | how do i create a {s} | How is an instance of {s} made?
        What does the constructor of {s} take? | constructor of {s}
        Which arguments does it take to build a {s}? | building a {s} takes what
        How do I instantiate the {k} {s}? | how to instantiate {s}
        What do I need to make a {s}? | need to make a {s}, how
        """,
        """
        How would I set up a new {s}? | set up a new {s}
        """,
        """
        To get an object of the {k} {s}, what must I hand over? | getting a {s} object, hand over what
        """,
    ),
    "tests": (
        """
        Which tests exercise {s}? | tests of {s} | Which tests cover the {k} {s}?
        Where can I see {s} in use in the tests? | where is {s} tested
        How is {s} tested? | how is {s} tested
        Which test should I run after changing {s}? | what test do i run for {s}
        Where is an example of using {s}? | example of {s}
        """,
        """
        What test shows {s} at work? | test that shows {s}
        """,
        """
        I changed {s}; name the checks I should rerun. | changed {s}, which checks to rerun
        """,
    ),
    "value": (
        """
        What is the value of {s}? | value of {s} | {s} value
        What is {s} set to? | what is {s} set to
        How is {s} initialised? | how is {s} initialised
        Which constant does {s} hold? | what constant is {s}
        Where do I change {s}, and what is it now? | how do i change {s}
        """,
        """
        What does {s} start out as? | {s} starts out as what
        """,
        """
        Tell me the literal that {s} stands for. | literal behind {s}
        """,
    ),
    "extend": (
        """
        How do I extend {s}? | how do i extend {s}
        How can I make my own {s}? | how to make my own {s}
        Which subclasses show how to specialise {s}? | examples of specialising {s}
        What should I override when I subclass {s}? | what to override in {s}
        How is {s} customised in this project? | how to customise {s}
        """,
        """
        How would I derive something from {s}? | deriving from {s}, how
        """,
        """
        I plan to write a variant of {s}; what are good models for it? | models for a variant of {s}
        """,
    ),
    "steps": (
        """
        How do I {o}? | how do i {o} | how to {o}
        What are the steps to {o}? | steps to {o}
        Which calls do I need to {o}? | calls to {o}
        Show me how to {o}. | show me how to {o}
        """,
        """
        What is the way to {o}? | way to {o}
        """,
        """
        Walk me through it: I want to {o}. | walk me through: {o}
        """,
    ),
    # diag
    "raises": (
        """
        Which errors does {s} raise? | what does {s} raise | What does the {k} {s} raise?
        What can go wrong in {s}? | what can go wrong in {s}
        Which exceptions come from {s}? | exceptions from {s} | {s} exceptions
        How does the {k} {s} fail? | how does {s} fail
        When does {s} raise an error? | when does {s} raise
        What should I catch around {s}? | what should i catch around {s}
        Why could {s} throw? | why does {s} throw
        """,
        """
        What errors must a caller of {s} expect? | errors a caller of {s} gets
        """,
        """
        I call {s} and it blows up; with what? | {s} blows up with what
        Name the failures that {s} signals itself. | failures signalled by {s}
        """,
    ),
    "may_raise": (
        """
        Which errors may reach the caller of {s} from deeper calls? | errors from deeper calls in {s}
        What may {s} raise through the functions it calls? | what may {s} raise indirectly
        Which exceptions can pass through {s}? | exceptions passing through {s}
        Which indirect errors can a call to {s} end in? | indirect errors of {s}
        What might come up from below when I call {s}? | what might come up from {s}
        """,
        """
        Which errors could {s} hand on from its callees? | errors handed on by {s}
        """,
        """
        Besides its own checks, what failures can surface in {s}? | failures surfacing in {s}
        """,
    ),
    "raised_by": (
        """
        Who raises {s}? | who raises {s} | Which functions raise {s}?
        I got a {s}. Where can it come from? | got {s}, where from | {s} comes from where
        Which code throws {s}? | what throws {s}
        Where is {s} raised? | where is {s} raised
        What causes {s}? | what causes {s}
        {s}: which functions throw this and what should I check? | {s}: who throws this
        """,
        """
        What is the origin of {s}? | origin of {s}
        """,
        """
        My program stopped with {s}. What are the possible sources? | stopped with {s}, possible sources
        In which functions would I set a breakpoint to catch {s}? | breakpoint for {s}
        """,
    ),
    "caught_by": (
        """
        Who catches {s}? | who catches {s} | Which functions handle {s}?
        Where is {s} handled? | where is {s} handled
        What happens to {s} after it is raised? | what happens to {s}
        Which code recovers from {s}? | what recovers from {s}
        Is {s} caught anywhere? | is {s} caught anywhere
        """,
        """
        Which handlers stop {s}? | handlers for {s}
        """,
        """
        Name the places where {s} ends up in an except or catch clause. | except or catch clauses for {s}
        """,
    ),
    "catches": (
        """
        Which errors does {s} handle? | what does {s} catch | Which errors does {s} catch?
        What does the {k} {s} do about errors? | error handling in {s}
        Which exceptions stop at {s}? | exceptions stopped by {s}
        From which errors does {s} recover? | {s} recovers from what
        Does {s} swallow any error? | does {s} swallow errors
        """,
        """
        What is caught inside {s}? | caught inside {s}
        """,
        """
        Name the failures that {s} deals with by itself. | failures {s} deals with
        """,
    ),
    "message": (
        """
        I see the message "{o}". Where does it come from? | where does "{o}" come from
        Which code reports "{o}"? | which code says "{o}"
        What does "{o}" mean and who raises it? | who raises "{o}"
        The error text is "{o}". What should I check? | error "{o}", what to check
        Why do I get "{o}"? | why do i get "{o}"
        """,
        """
        What is behind the error "{o}"? | behind the error "{o}"
        """,
        """
        My log says "{o}". Name the function that wrote it. | log says "{o}", what function
        """,
    ),
    "fix": (
        """
        How do I fix {s}? | how do i fix {s}
        What should I do about {s}? | what to do about {s}
        How can {s} be avoided? | how to avoid {s}
        I keep getting {s}. What helps? | keep getting {s}, what helps
        What is the remedy for {s}? | remedy for {s}
        """,
        """
        How does one get rid of {s}? | get rid of {s}
        """,
        """
        Something raised {s} at me; what is the way out? | way out of {s}
        """,
    ),
    # two edges
    "callee_files": (
        """
        Which files hold the functions that {s} calls? | files of what {s} calls
        Into which files does the control flow of {s} go? | where does {s} lead to
        Where is the code defined that {s} relies on? | where is the code behind {s}
        Which other files should I read to understand {s}? | files to read for {s}
        """,
        """
        Which files are touched by the calls of {s}? | files touched from {s}
        """,
        """
        Starting at {s}, one step down: what source files do I land in? | one step down from {s}, what files
        """,
    ),
    "callee_callees": (
        """
        What do the functions called by {s} call in turn? | two calls down from {s}
        Which calls does {s} make through one other function? | what does {s} reach in two calls
        What does {s} reach in two steps? | two steps from {s}
        Follow the calls from {s} two levels down. | {s} two levels down
        """,
        """
        What lies behind the callees of {s}? | behind the callees of {s}
        """,
        """
        Going from {s} to a helper and on to its helper: where do I arrive? | helper of a helper of {s}
        """,
    ),
    "owner_base": (
        """
        Which class does the class of {s} extend? | base of the class of {s}
        {s} belongs to a class; what does that class inherit from? | {s}: what does its class inherit from
        What is the parent of the class that defines {s}? | parent of the class with {s}
        The class around {s}: what is its base? | class around {s}, its base
        """,
        """
        On what base does the class with {s} stand? | class with {s} stands on what
        """,
        """
        Go from {s} to its class and one level up. What is there? | one level above the class of {s}
        """,
    ),
    "grandparent": (
        """
        What does the base class of {s} extend? | base of the base of {s}
        Which class stands two levels above {s}? | two levels above {s}
        What is the grandparent of {s}? | grandparent of {s}
        {s} has a parent; what does that parent inherit from? | {s}: parent of the parent
        """,
        """
        Name the base of the class that {s} extends. | base of what {s} extends
        """,
        """
        Climb the hierarchy twice from {s}: where are you? | climb twice from {s}
        """,
    ),
    "callee_errors": (
        """
        Which errors do the functions called by {s} raise? | errors of what {s} calls
        {s} calls other code: which errors can that code raise? | errors in code that {s} calls
        Which callee of {s} raises an error, and which one? | which callee of {s} raises
        One call below {s}, what is raised? | one call below {s}, what is raised
        """,
        """
        Which helper of {s} may fail, and how? | helper of {s} that may fail
        """,
        """
        Look at everything {s} invokes: what exceptions start there? | exceptions starting in callees of {s}
        """,
    ),
    "error_base": (
        """
        What kind of error is raised by {s}, by its base class? | base class of the error {s} raises
        {s} raises an error; what does that error extend? | what does the error of {s} extend
        Which except clause, more general than the exact class, would catch the error of {s}? | general except clause for {s}
        What is the parent of the exception that {s} raises? | parent of the exception in {s}
        """,
        """
        Under what more general error does the failure of {s} fall? | more general error of {s}
        """,
        """
        The exception from {s}: name its superclass. | superclass of the exception from {s}
        """,
    ),
    "error_reach": (
        """
        Through which callers can {s} reach me? | callers through which {s} comes
        Who calls the functions that raise {s}? | who calls what raises {s}
        {s} is raised somewhere below; which callers are affected? | callers affected by {s}
        From which calls may {s} come, one level above its origin? | one level above the origin of {s}
        """,
        """
        Whose calls lead to {s}? | whose calls lead to {s}
        """,
        """
        Take the functions that throw {s} and go up once: who is there? | up once from where {s} is thrown
        """,
    ),
    # corrections
    "wrong_owner": (
        """
        Where is {o} defined? | where is {o} defined
        In which file is the method {o}? | in which file is {o}
        Point me to {o}. | point me to {o}
        Which file has the method {o}? | which file has {o}
        """,
        """
        What file would I open for {o}? | file for {o}
        """,
        """
        I am looking for {o}; what source file holds it? | looking for {o}, what file
        """,
    ),
    "no_parameter": (
        """
        How do I use the parameter {o} of {s}? | how to use {o} of {s}
        What does {o} do in {s}? | what does {o} do in {s}
        What should I pass as {o} to {s}? | what do i pass as {o} to {s}
        Is {o} required in a call to {s}? | is {o} required in {s}
        """,
        """
        What is {o} for when I call {s}? | {o} in {s}, what for
        """,
        """
        Help me set {o} on a call to {s}. | help me set {o} on {s}
        """,
    ),
    "false_call": (
        """
        Where does {s} call {o}? | where does {s} call {o}
        At which point does {s} use {o}? | where does {s} use {o}
        Find the call of {o} in {s}. | find {o} in {s}
        Why does {s} call {o}? | why does {s} call {o}
        """,
        """
        For what does {s} need {o}? | {s} needs {o} for what
        """,
        """
        Show me the spot in {s} that invokes {o}. | spot in {s} that invokes {o}
        """,
    ),
    "false_import": (
        """
        Where does {s} import {o}? | where does {s} import {o}
        Why does {s} import {o}? | why does {s} import {o}
        What does {s} take from {o}? | what does {s} take from {o}
        For what does {s} need {o}? | {s} needs {o} for what
        """,
        """
        Which names does {s} get out of {o}? | names {s} gets out of {o}
        """,
        """
        Show me how {s} makes use of {o}. | how does {s} make use of {o}
        """,
    ),
    "out_of_scope": (
        """
        How does this project {o}? | how does this project {o}
        Which function can {o}? | which function can {o}
        Where is the code to {o}? | where is the code to {o}
        What do I call to {o}? | what do i call to {o}
        Does this code base {o}? | does this code {o}
        """,
        """
        Which part is there to {o}? | part that is there to {o}
        """,
        """
        I was told this library can {o}. How? | told that it can {o}, how
        """,
    ),
}

# What a statement's prompt calls its aspect ("Notes on X (path): errors").
ASPECT_WORDS = {
    "purpose": "purpose",
    "returns": "return value",
    "declared": "type",
    "calls": "calls it makes",
    "called_by": "callers",
    "extends": "base classes",
    "subclasses": "subclasses",
    "implements": "interfaces",
    "overrides": "what it overrides",
    "imports": "imports",
    "imported_by": "importers",
    "depends": "outside packages",
    "decorator": "decorators",
    "members": "members",
    "contents": "contents",
    "raises": "errors",
    "may_raise": "indirect errors",
    "raised_by": "raisers",
    "caught_by": "handlers",
    "catches": "errors it handles",
    "parameters": "parameters",
    "construct": "constructor",
    "tests": "tests",
    "value": "value",
    "extend": "how to extend it",
    "default": "default of {o}",
    "overview": "overview",
}
