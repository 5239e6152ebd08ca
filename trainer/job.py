"""One training: what goes in, the rows it teaches and measures, and the plan for them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from config.console import Console
from config.manifest import Manifest
from dataset.example import Example
from trainer.hardware import Choice
from trainer.inputs import Inputs
from trainer.models import Template, load_base
from trainer.pack import Pack
from trainer.plan import Plan, Sample, make_plan
from trainer.rows import Encoder, measure, usable
from trainer.selection import EXPOSURES, Selection, about, sample, select

WATCHED: Final = 200  # rows of the loss on unseen wordings during training
SAMPLE_SPEED: Final = 64


@dataclass(frozen=True, slots=True)
class Job:
    """What every step of a training needs: its inputs, how text becomes tokens, whom to tell, and when it started."""

    inputs: Inputs
    encoder: Encoder
    template: Template
    console: Console
    started: float

    def choose(self, speed: float) -> Selection:
        """The rows to train on: all that a base for real use is given, what the time budget can teach to the tiny one."""
        inputs, settings = self.inputs, self.inputs.settings
        if not settings.time_budget_s and not settings.max_nodes:
            return select(inputs.train)
        kept = usable(inputs.train, self.encoder, settings.max_seq_len)
        most = 0
        if settings.time_budget_s and speed:
            lengths = [len(self.encoder.encode(row.prompt, row.response).ids) for row in sample(kept, SAMPLE_SPEED)]
            affordable = settings.time_budget_s * speed / max(1.0, sum(lengths) / max(1, len(lengths)))
            most = max(16, int(affordable / EXPOSURES))
        return select(kept, max_nodes=settings.max_nodes, max_answers=most, importance=_importance(inputs.manifest))

    def plan(self, selection: Selection, action: str, speed: float = 0.0) -> Plan:
        """The plan for a selection of rows."""
        inputs, encoder = self.inputs, self.encoder
        stats = measure(selection.rows, encoder, inputs.settings.max_seq_len)
        example = next((row for row in selection.rows if row.prompt.strip() and row.response.strip()), None)
        shown = None
        if example is not None:
            row = encoder.encode(example.prompt, example.response)
            shown = Sample(row.ids, tuple(encoder.tokenizer.decode([token]) for token in row.ids), row.prompt)
        return make_plan(
            inputs.settings,
            inputs.base,
            inputs.hardware,
            stats,
            method=inputs.method,
            valid_rows=len(self.watched(selection)),
            answers=selection.answers,
            action=action,
            template=Choice("template", "chat" if self.template.instruct else "plain", self.template.reason),
            fingerprint=inputs.fingerprint,
            sample=shown,
            selection=selection.line(),
            tokens_per_second=speed,
        )

    def watched(self, selection: Selection) -> list[Example]:
        """Valid rows about what is being learnt: the others would measure what was never shown."""
        return sample(about(self.inputs.valid, selection.facts), WATCHED)

    def measured(self, facts: frozenset[str], most: int) -> list[Example]:
        """Test rows that ask for these facts in wordings nobody trained on."""
        return sample(about([row for row in self.inputs.test if row.meta.split == "T1"], facts), most)

    def load_adapter(self, pack: Pack) -> Any:
        """The base with a pack's adapter on it, ready to be trained further."""
        from peft import PeftModel

        inputs, settings = self.inputs, self.inputs.settings
        model = load_base(inputs.base.path, settings.bits, settings.bnb_4bit_compute_dtype, inputs.hardware.device)
        if settings.bits == 16:
            model = model.to(inputs.hardware.home)
        return PeftModel.from_pretrained(model, pack.path, is_trainable=True)


def _importance(manifest: Manifest | None) -> dict[str, float] | None:
    """Importance by node id, from the graph the dataset was made of; None when that graph is gone."""
    graph = Path(str(manifest.settings.get("graph", ""))) if manifest else Path()
    if not graph.is_file():
        return None
    from brain.importance import rank
    from extractor.graph import Graph

    with Graph(graph) as opened:
        return {node: value.total for node, value in rank(opened).items()}
