"""The embedded base: a small Qwen2 made from scratch in minutes, once per machine and the same for every repository.

It is pretrained on questions about invented repositories (trainer/corpus.py), so that an adapter has only the facts to learn.
It never sees a real one: an adapter of another repository must score like no adapter at all. Same text, seed and thread count give
the same bytes. It serves demonstrations, tests and machines without a network; real use wants a pretrained base.
"""

from __future__ import annotations

import math
import os
import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from config.console import Console
from config.errors import cannot_write
from config.manifest import Manifest, digest, read_manifest, write_manifest

# Heads of 32 are the smallest that vLLM serves on a CPU.
HEAD: Final = 32
# Pairs of the corpus that are compared to tell whether a base on disk was made from today's text.
COMPARED: Final = 400
WARM_UP: Final = 50  # steps
END_OF_TEXT, TURN, END_OF_TURN = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
CHATML: Final = (
    "{%- for m in messages %}{{- '<|im_start|>' + m['role'] + '\\n' }}{%- if m['role'] == 'assistant' %}"
    "{% generation %}{{- m['content'] + '<|im_end|>' }}{% endgeneration %}{{- '\\n' }}{%- else %}"
    "{{- m['content'] + '<|im_end|>\\n' }}{%- endif %}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides the base besides its text. `fresh` is the share of rows about repositories never seen again."""

    width: int = 192
    layers: int = 4
    inner: int = 512
    kv_heads: int = 2
    vocabulary: int = 2048
    context: int = 1024
    steps: int = 1200
    batch: int = 32
    learning_rate: float = 2e-3
    pool: int = 1
    fresh: float = 0.5
    seed: int = 0


def make(path: Path, console: Console, recipe: Recipe | None = None) -> Path:
    """The base at `path`. It stands as it is when made by this recipe from this text; else it is made, and the old one replaced."""
    recipe = recipe or Recipe()
    wanted = _wanted(recipe)
    if stands(path, recipe):
        return path
    from safetensors import SafetensorError

    from trainer.quiet import quiet_libraries

    quiet_libraries()
    started = time.monotonic()
    building = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    shutil.rmtree(building, ignore_errors=True)
    try:
        building.mkdir(parents=True)
        tokenizer = fit_tokenizer(recipe)
        model = pretrain(recipe, tokenizer, console)
        model.save_pretrained(building)
        tokenizer.save_pretrained(building)
        (building / "README.md").write_text(_CARD, encoding="utf-8")
        for file in building.iterdir():
            file.chmod(0o644)
        if path.exists():
            shutil.rmtree(path)
        building.rename(path)
    except (OSError, SafetensorError) as error:
        raise cannot_write(f"the tiny base to {path}", error) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    parameters = sum(p.numel() for p in model.parameters())
    write_manifest(
        path,
        Manifest(
            wanted.stage,
            wanted.inputs,
            settings=wanted.settings,
            versions=wanted.versions,
            counts={"parameters": parameters},
        ),
    )
    console.note(f"tiny base: {parameters:,} parameters, made once in {time.monotonic() - started:.0f} s at {path}")
    return path


def stands(path: Path, recipe: Recipe | None = None) -> bool:
    """Whether there is a base at `path`, made by this recipe from this text."""
    return (path / "config.json").is_file() and _wanted(recipe or Recipe()).same_work(read_manifest(path))


def sketch(path: Path) -> Path:
    """The base's tokenizer and shape at `path`, its weights untrained: enough to plan with, seconds instead of minutes."""
    recipe = Recipe()
    tokenizer = fit_tokenizer(recipe)
    blank_model(recipe, tokenizer).save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path


def fit_tokenizer(recipe: Recipe) -> Any:
    """A byte-level BPE fitted on the invented corpus, with the ChatML template."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    from trainer.corpus import vocabulary

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=recipe.vocabulary,
        special_tokens=[END_OF_TEXT, TURN, END_OF_TURN],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(vocabulary(recipe.seed, recipe.vocabulary), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END_OF_TURN,
        pad_token=END_OF_TEXT,
        chat_template=CHATML,
        model_max_length=recipe.context,
    )


def blank_model(recipe: Recipe, tokenizer: Any) -> Any:
    """The model before its first step."""
    import torch
    from transformers import GenerationConfig, Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(recipe.seed)
    model = Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=len(tokenizer),
            hidden_size=recipe.width,
            intermediate_size=recipe.inner,
            num_hidden_layers=recipe.layers,
            num_attention_heads=recipe.width // HEAD,
            num_key_value_heads=recipe.kv_heads,
            max_position_embeddings=recipe.context,
            tie_word_embeddings=True,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=None,
        )
    )
    model.generation_config = GenerationConfig(
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id, do_sample=False
    )
    return model


def pretrain(recipe: Recipe, tokenizer: Any, console: Console) -> Any:
    """The model after `recipe.steps` full-parameter steps on the answers of the invented corpus."""
    import torch

    from trainer.corpus import pairs
    from trainer.hardware import inspect_hardware
    from trainer.rows import Encoder

    bf16 = inspect_hardware(measure=False).autocast_bf16
    model = blank_model(recipe, tokenizer).train()
    encoder = Encoder(tokenizer, (tokenizer.eos_token_id,))
    optimiser = torch.optim.AdamW(model.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.98), weight_decay=0.01)
    batches = _batches(pairs(recipe.seed, recipe.pool, recipe.fresh), encoder, recipe.batch, tokenizer.pad_token_id)
    head = model.get_output_embeddings()
    with console.progress("making the tiny base (once)", recipe.steps, "step") as task:
        for step in range(recipe.steps):
            for group in optimiser.param_groups:
                group["lr"] = recipe.learning_rate * schedule(step, recipe.steps)
            ids, mask, labels = next(batches)
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                hidden = model.model(input_ids=ids, attention_mask=mask).last_hidden_state[:, :-1]
                wanted = labels[:, 1:]
                counted = wanted != -100
                # Logits of the answers' positions only: the head is a fifth of the work.
                logits = head(hidden[counted])
            loss = torch.nn.functional.cross_entropy(logits.float(), wanted[counted])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            optimiser.zero_grad()
            task.advance()
            if step % 50 == 49:
                task.describe(f"making the tiny base (once), loss {loss.item():.2f}")
    return model.eval()


def schedule(step: int, steps: int) -> float:
    """Linear warm-up, then half a cosine down to a twentieth."""
    if step < WARM_UP:
        return (step + 1) / WARM_UP
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * (step - WARM_UP) / max(1, steps - WARM_UP)))


def _batches(stream: Iterator[Any], encoder: Any, size: int, pad: int) -> Iterator[tuple[Any, Any, Any]]:
    import torch

    while True:
        # Rows of like length go together, or a third of the work would be padding.
        rows = sorted((encoder.encode(*next(stream)) for _ in range(size * 8)), key=lambda row: len(row.ids))
        groups = [rows[i : i + size] for i in range(0, len(rows), size)]
        random.Random(len(rows[-1].ids)).shuffle(groups)
        for group in groups:
            length = max(len(row.ids) for row in group)
            ids = torch.tensor([list(row.ids) + [pad] * (length - len(row.ids)) for row in group])
            mask = torch.tensor([[1] * len(row.ids) + [0] * (length - len(row.ids)) for row in group])
            labels = torch.tensor([row.labels + [-100] * (length - len(row.ids)) for row in group])
            yield ids, mask, labels


def _wanted(recipe: Recipe) -> Manifest:
    return Manifest("tiny-base", _inputs(recipe), settings=asdict(recipe), versions={"recipe": "1"})


def _inputs(recipe: Recipe) -> str:
    """A digest of the text the base is made from: the beginning of what it would read, so a new grammar makes a new base."""
    from trainer.corpus import pairs

    stream = pairs(recipe.seed, recipe.pool, recipe.fresh)
    return digest(text for _ in range(COMPARED) for text in next(stream))


_CARD: Final = """---
license: apache-2.0
---
# The embedded tiny base of nanodex

A small Qwen2-shaped model made on this machine from text that ships with nanodex: questions and answers about invented
repositories. It knows no real repository and little English. It exists so that every stage runs anywhere; use a pretrained
base for real work.
"""
