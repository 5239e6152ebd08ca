"""Going on from the adapter in use: refresh on what the code changed, preferences (dpo) and rewards (grpo) after sft.

A refresh continues the current adapter on rows about facts it has not learnt, with a replay of as many it has, so that the
new does not drive out the old. dpo and grpo continue it on pairs and rewards made from the same rows. Each makes the next
version of the pack and names its parent.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from config.console import Console
from config.errors import IncompatibleInput, MissingInput
from dataset.example import Example
from trainer.finish import finish
from trainer.inputs import Inputs, Stage
from trainer.job import Job
from trainer.models import load_tokenizer
from trainer.pack import Pack, current_pack
from trainer.preferences import run_stage
from trainer.report import TrainReport
from trainer.rows import Encoder, usable
from trainer.selection import Selection, about, select


def go_on(inputs: Inputs, console: Console, stage: Stage, dry_run: bool, started: float) -> TrainReport:
    """Refresh (`stage` sft), or a preference or reward stage, from the current adapter of the target."""
    previous = current_pack(inputs.target)
    if previous is None:
        raise MissingInput(f"there is no adapter at {inputs.target} to go on from", f"nanodex train {inputs.method}")
    if previous.base.fingerprint != inputs.fingerprint:
        raise IncompatibleInput(
            f"{previous.name} was trained on another base than {inputs.base.id}",
            f"give --base {previous.base.id}, or train anew without --refresh",
        )
    tokenizer, template = load_tokenizer(inputs.base)
    encoder = Encoder(tokenizer, template.stop_ids, previous.system)
    job = Job(inputs, encoder, template, console, started)
    kept = usable(inputs.train, encoder, inputs.settings.max_seq_len)
    if stage != "sft":
        return run_stage(job, previous, kept, stage, dry_run)
    selection = what_changed(kept, previous, inputs.settings.max_nodes, inputs.settings.seed)
    if not selection.rows:
        return TrainReport(None, previous)
    plan = job.plan(selection, f"a refresh of {previous.name}")
    if dry_run:
        return TrainReport(plan, None)
    plan.check()
    taught = frozenset(previous.facts) & {fact for row in inputs.train for fact in row.meta.facts}
    return finish(job, job.load_adapter(previous), selection, plan, parent=previous.name, taught=taught)


def what_changed(rows: Sequence[Example], previous: Pack, max_nodes: int, seed: int) -> Selection:
    """Rows that teach a fact the previous adapter does not hold, and as many of those it does; none when nothing is new.

    Under `max_nodes` the nodes the previous adapter knows come first: a change to them matters, the rest was never learnt.
    """
    known = frozenset(previous.facts)
    new = [row for row in rows if row.meta.answerable and not known.issuperset(row.meta.facts)]
    if max_nodes:
        nodes = set(previous.nodes)
        new = [row for row in new if row.refs and row.refs[0] in nodes]
    if not new:
        return replace(select(()), all_facts=len(known))
    old = about(rows, known)
    replay = random.Random(f"replay {seed}").sample(old, min(len(old), len(new)))
    refusals = [row for row in rows if not row.meta.answerable][: max(1, len(new) // 10)]
    chosen = select([*new, *replay, *refusals])
    return replace(chosen, all_facts=len({fact for row in rows for fact in row.meta.facts}))
