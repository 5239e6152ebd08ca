"""The arms of an evaluation that need a model: rows in, one answer per row out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from config.errors import IncompatibleInput, MissingInput
from config.settings import QuerySettings
from dataset.example import Example
from inference.backends import Backend
from inference.marks import without_marks

if TYPE_CHECKING:
    from inference.answer import Expert

Arm = Callable[[Sequence[Example]], list[str]]


def closed_book(backend: Backend, max_tokens: int) -> Arm:
    """The model alone, the question as it was trained."""

    def answer(rows: Sequence[Example]) -> list[str]:
        head = [{"role": "system", "content": backend.system}] if backend.system else []
        return ["".join(backend.stream([*head, {"role": "user", "content": r.prompt}], max_tokens)) for r in rows]

    return answer


def backend_arm(expert: Expert, backend: Backend) -> Arm:
    """The model with what the index gives it, checked: what `query --mode model` prints."""

    def answer(rows: Sequence[Example]) -> list[str]:
        with expert.with_settings(expert.settings.model_copy(update={"mode": "model"})) as asked:
            asked.use(backend)
            return [without_marks(asked.ask(row.prompt).text) for row in rows]

    return answer


def adapter_arms(settings: QuerySettings, expert: Expert, wrong: str) -> dict[str, Arm]:
    """base, adapter, wrong-repo adapter and adapter with retrieval, in this process, in batches."""
    from inference.backends import Local
    from trainer.measure import generate
    from trainer.models import describe_base, load_base, load_tokenizer
    from trainer.pack import read_pack
    from trainer.quiet import quiet_libraries
    from trainer.rows import Encoder

    quiet_libraries()
    pack = read_pack(Path(settings.adapter))
    base = pack.base_path()
    if base is None:
        raise MissingInput(f"the base of {pack.name} ({pack.base.id}) is not here", "make train-tiny")
    from peft import PeftModel

    tokenizer, template = load_tokenizer(describe_base(base))
    encoder = Encoder(tokenizer, template.stop_ids, pack.system)
    model = PeftModel.from_pretrained(load_base(base), str(pack.path), adapter_name="own")

    def alone(rows: Sequence[Example]) -> list[str]:
        with model.disable_adapter():
            return [text for text, _ in generate(model, encoder, rows)]

    def own(rows: Sequence[Example]) -> list[str]:
        model.set_adapter("own")
        return [text for text, _ in generate(model, encoder, rows)]

    arms: dict[str, Arm] = {"base": alone, "adapter": own}
    if wrong:
        other = read_pack(Path(wrong))
        if other.base.fingerprint != pack.base.fingerprint:
            raise IncompatibleInput(f"{wrong} was trained on another base", "name an adapter of the same base")
        model.load_adapter(str(other.path), adapter_name="wrong")

        def foreign(rows: Sequence[Example]) -> list[str]:
            model.set_adapter("wrong")
            return [text for text, _ in generate(model, encoder, rows)]

        arms["wrong repository"] = foreign
    arms["adapter + retrieval"] = backend_arm(expert, Local(Path(settings.adapter)))
    return arms
