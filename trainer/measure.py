"""What the adapter changed, measured: key-fact recall on unseen wordings, with it and without, and the probes a server checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from dataset.example import Example
from dataset.score import score, summarise
from trainer.pack import Probe
from trainer.rows import Encoder

PROBES: Final = 8
BATCH: Final = 64
# An answer that has not ended by then is cut: recall is read off what was said.
LONGEST: Final = 128


@dataclass(frozen=True, slots=True)
class Recall:
    """Means over the same rows for the base alone and with its adapter; `stopped` is the share of answers that ended by themselves."""

    rows: int
    facts: int
    base: float
    adapter: float
    exact: float
    stopped: float
    refused: float


def measure_recall(model: Any, encoder: Encoder, rows: Sequence[Example]) -> Recall:
    """Ask every row of the base and of the base with its adapter, and score both."""
    with model.disable_adapter():
        alone = generate(model, encoder, rows)
    answers = generate(model, encoder, rows)
    scored = [(row, score(text, row)) for row, (text, _) in zip(rows, answers, strict=True)]
    untrained = [(row, score(text, row)) for row, (text, _) in zip(rows, alone, strict=True)]
    summary = summarise(scored)
    return Recall(
        rows=len(rows),
        facts=len({fact for row in rows for fact in row.meta.facts}),
        base=round(summarise(untrained).recall, 4),
        adapter=round(summary.recall, 4),
        exact=round(summary.exact, 4),
        stopped=round(sum(ended for _, ended in answers) / max(1, len(answers)), 4),
        refused=round(summary.false_refusal, 4),
    )


def generate(model: Any, encoder: Encoder, rows: Sequence[Example]) -> list[tuple[str, bool]]:
    """(answer, whether it ended by itself) of each row, greedy, in batches of like length."""
    import torch

    tokenizer, device = encoder.tokenizer, next(model.parameters()).device
    prompts = [encoder.prompt_ids(row.prompt) for row in rows]
    order = sorted(range(len(rows)), key=lambda i: (len(prompts[i]), i))
    answers: list[tuple[str, bool]] = [("", False)] * len(rows)
    training = model.training
    model.eval()
    for start in range(0, len(order), BATCH):
        group = order[start : start + BATCH]
        width = max(len(prompts[i]) for i in group)
        pads = [[tokenizer.pad_token_id] * (width - len(prompts[i])) for i in group]
        ids = torch.tensor([pad + prompts[i] for pad, i in zip(pads, group, strict=True)], device=device)
        mask = torch.tensor([[0] * len(pad) + [1] * (width - len(pad)) for pad in pads], device=device)
        with torch.no_grad():
            out = model.generate(
                input_ids=ids,
                attention_mask=mask,
                max_new_tokens=LONGEST,
                do_sample=False,
                eos_token_id=sorted(encoder.stop_ids),
                pad_token_id=tokenizer.pad_token_id,
            )
        for i, made in zip(group, out[:, width:].tolist(), strict=True):
            end = next((at for at, token in enumerate(made) if token in encoder.stop_ids), None)
            answers[i] = (tokenizer.decode(made[:end], skip_special_tokens=True).strip(), end is not None)
    model.train(training)
    return answers


def probe(model: Any, encoder: Encoder, rows: Sequence[Example]) -> tuple[Probe, ...]:
    """First-token log-probabilities of base and adapter on a few prompts, for the server to compare with."""
    probes = []
    for row in rows[:PROBES]:
        ids = encoder.prompt_ids(row.prompt)
        with model.disable_adapter():
            base = _top(model, ids)
        probes.append(Probe(encoder.render(row.prompt), tuple(ids), base, _top(model, ids)))
    return tuple(probes)


def _top(model: Any, ids: list[int]) -> tuple[tuple[int, float], ...]:
    import torch

    training = model.training
    model.eval()
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([ids], device=next(model.parameters()).device)).logits[0, -1]
    model.train(training)
    values, tokens = torch.log_softmax(logits.float(), dim=-1).topk(5)
    return tuple((int(t), round(float(v), 6)) for t, v in zip(tokens, values, strict=True))
