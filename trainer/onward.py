"""Going on from the adapter in use: refresh on what the code changed, preferences (dpo) and rewards (grpo) after sft.

A refresh continues the current adapter on rows about facts it has not learnt, with a replay of as many it has, so that the
new does not drive out the old. dpo and grpo continue it on pairs and rewards made from the same rows. Each makes the next
version of the pack and names its parent.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from config.console import Console
from config.errors import IncompatibleInput, MissingInput
from dataset.example import Example
from trainer.models import load_base, load_tokenizer
from trainer.pack import Pack, current_pack
from trainer.rows import Encoder, usable
from trainer.selection import Selection, about, select

if TYPE_CHECKING:
    from trainer.inputs import Inputs, Stage
    from trainer.report import TrainReport


def go_on(inputs: Inputs, console: Console, stage: Stage, dry_run: bool, started: float) -> TrainReport:
    """Refresh (`stage` sft), or a preference or reward stage, from the current adapter of the target."""
    from trainer.report import TrainReport
    from trainer.train import check_plan, finish, plan_of

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
    kept = usable(inputs.train, encoder, inputs.settings.max_seq_len)
    if stage != "sft":
        from trainer.preferences import run_stage

        return run_stage(inputs, previous, encoder, template, kept, stage, console, started, dry_run)
    selection = what_changed(kept, previous, inputs.settings.max_nodes, inputs.settings.seed)
    if not selection.rows:
        return TrainReport(None, previous)
    plan = plan_of(inputs, selection, encoder, template, 0.0, f"a refresh of {previous.name}")
    if dry_run:
        return TrainReport(plan, None)
    check_plan(plan)
    model = load_adapter(inputs, previous)
    taught = frozenset(previous.facts) & {fact for row in inputs.train for fact in row.meta.facts}
    return finish(
        inputs, model, encoder, template, selection, plan, console, started, parent=previous.name, taught=taught
    )


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


def load_adapter(inputs: Inputs, pack: Pack) -> Any:
    """The base with a pack's adapter on it, ready to be trained further."""
    from peft import PeftModel

    settings = inputs.settings
    model = load_base(inputs.base.path, settings.bits, settings.bnb_4bit_compute_dtype, inputs.hardware.device)
    if settings.bits == 16:
        model = model.to(inputs.hardware.home)
    return PeftModel.from_pretrained(model, pack.path, is_trainable=True)
