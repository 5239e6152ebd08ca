"""The plan: what is decided, what it costs, what is refused and which knob to turn. No model is loaded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from config.settings import TrainSettings, load_settings
from trainer.hardware import Choice, Hardware
from trainer.memory import GIB, estimate_memory, out_of_memory_knobs, resolve_targets
from trainer.models import Base
from trainer.plan import Plan, make_plan
from trainer.processes import Sharding
from trainer.rows import RowStats

GPU = Hardware("cuda", "GPU", 16 * GIB, True, False, 1, 0.0)
CPU = Hardware("cpu", "CPU", 16 * GIB, True, False, 1, 0.0)
STATS = RowStats(8000, 3000, 800_000, 400, ((128, 6000), (400, 2000)), 0, 0, 0, 0, 0)


def qwen(layers: int, hidden: int, kv: int, inner: int, heads: int, parameters: int) -> Base:
    shapes = {
        "q_proj": (hidden, hidden), "k_proj": (hidden, kv), "v_proj": (hidden, kv), "o_proj": (hidden, hidden),
        "gate_proj": (hidden, inner), "up_proj": (hidden, inner), "down_proj": (inner, hidden),
    }  # fmt: skip
    config = {
        "num_hidden_layers": layers, "hidden_size": hidden, "num_attention_heads": heads, "intermediate_size": inner,
        "num_key_value_heads": kv * heads // hidden, "vocab_size": 151_936, "max_position_embeddings": 32_768,
    }  # fmt: skip
    linears = {name: (shape,) * layers for name, shape in shapes.items()}
    return Base(Path(), "qwen", "", "Qwen2ForCausalLM", config, parameters, linears, (2,))


SEVEN_B = qwen(28, 3584, 512, 18944, 28, 7_615_616_512)
HALF_B = qwen(24, 896, 128, 4864, 14, 494_032_768)


def settings(template: str = "train_qlora", /, **changes: object) -> TrainSettings:
    return load_settings(TrainSettings, template, None, [f"{k}={v}" for k, v in changes.items()], {})


def plan(base: Base = SEVEN_B, hardware: Hardware = GPU, stats: RowStats = STATS, **changes: object) -> Plan:
    return make_plan(settings("train_qlora", **changes), base, hardware, stats, method="qlora", valid_rows=200)


def refusals(made: Plan) -> str:
    return "; ".join(f"{r.reason} -> {r.knob}" for r in made.refusals)


def test_steps_are_capped_at_the_recommended_passes() -> None:
    made = plan()
    assert made.steps == 8000 * 3 // 64
    assert made.epochs == pytest.approx(3.0)
    assert any("twice the recommended" in text for text in made.warnings)
    assert any("375 steps are few" in text for text in made.warnings)
    assert plan(max_steps=100).steps == 100


def test_a_time_budget_decides_the_steps() -> None:
    limited = settings("train_tiny", time_budget_s=100)
    made = make_plan(limited, HALF_B, CPU, STATS, method="tiny", valid_rows=9, answers=50, tokens_per_second=8000)
    assert made.steps == 100 * 8000 // (limited.batch_size * 100)
    assert made.exposures == pytest.approx(made.steps * limited.batch_size / 50)
    assert "100 s allow" in next(c.reason for c in made.choices if c.name == "steps")


def test_a_7b_base_fits_a_16_gb_card_in_nf4_and_not_in_bf16() -> None:
    assert not plan().refusals
    text = refusals(plan(bits=16))
    assert "GiB are free" in text
    knobs = text.split("in this order: ")[1]
    assert knobs.index("max_seq_len") < knobs.index("bits=4") < knobs.index("lora_rank")


def test_the_micro_batch_divides_the_batch_and_fits() -> None:
    small = plan(hardware=replace(GPU, free_bytes=10 * GIB))
    large = plan(hardware=replace(GPU, free_bytes=80 * GIB))
    assert small.micro_batch < large.micro_batch
    for made in (small, large):
        assert made.micro_batch * made.accumulation == 64
        assert made.memory.total <= made.memory.free


def test_every_choice_has_a_reason() -> None:
    made = plan()
    assert {"optimiser", "micro-batch", "checkpointing", "steps", "targets"} <= {c.name for c in made.choices}
    assert all(c.reason for c in made.choices)
    assert ("optimiser", "paged_adamw_8bit") in {(c.name, c.value) for c in made.choices}
    assert any("not used" in c.value for c in plan(bits=16, hardware=replace(GPU, free_bytes=90 * GIB)).choices)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"target_modules": "[q_proj, lm_head]"}, "no adapters on embeddings"),
        ({"target_modules": "[embed_tokens]"}, "no adapters on embeddings"),
        ({"lora_rank": 1024}, "ranks up to 512"),
        ({"use_dora": "true"}, "no DoRA"),
        ({"init_lora_weights": "pissa"}, "changes the base"),
        ({"modules_to_save": "[lm_head]"}, "low-rank adapters only"),
    ],
)
def test_what_vllm_cannot_serve_is_refused_unless_asked_for(changes: dict[str, object], expected: str) -> None:
    made = plan(**changes)  # type: ignore[arg-type]
    assert expected in refusals(made)
    assert "allow_unserveable" in refusals(made)
    allowed = plan(allow_unserveable="true", **changes)  # type: ignore[arg-type]
    assert not allowed.serveable
    assert expected in "; ".join(allowed.unserveable)
    assert expected not in refusals(allowed)


def test_heads_that_vllm_has_no_kernel_for_are_refused() -> None:
    assert "heads of 16" in refusals(plan(qwen(2, 64, 32, 128, 4, 500_000), CPU, bits=16))


@pytest.mark.parametrize(
    ("stats", "expected"),
    [
        (replace(STATS, rows=0), "nothing to learn"),
        (replace(STATS, truncated=3, longest=3000), "3 answers would be cut"),
        (replace(STATS, dropped=1, longest=3000), "1 question longer"),
        (replace(STATS, endless=7), "7 answers would end without a stop token"),
    ],
)
def test_rows_that_would_teach_the_wrong_thing_are_refused(stats: RowStats, expected: str) -> None:
    assert expected in refusals(plan(stats=stats))


def test_other_refusals() -> None:
    assert "has no c_attn" in refusals(plan(target_modules="[c_attn]"))
    assert "does not divide among 3" in refusals(plan(hardware=replace(GPU, processes=3)))
    odd = qwen(2, 96, 32, 96, 3, 500_000)
    assert "blocks of 64" in refusals(plan(odd, CPU))


def test_attention_follows_the_rows_and_the_machine() -> None:
    def chosen(hardware: Hardware, longest: int) -> str:
        made = plan(HALF_B, hardware, replace(STATS, longest=longest), bits=16)
        return next(c.value for c in made.choices if c.name == "attention")

    assert [chosen(CPU, longest) for longest in (100, 256, 257)] == ["eager", "eager", "sdpa"]
    assert chosen(replace(CPU, autocast_bf16=False), 100) == "sdpa"
    assert chosen(replace(GPU, flash_attention=True), 100) == "flash_attention_2"


def test_activations_are_recomputed_when_asked() -> None:
    roomy = replace(CPU, free_bytes=64 * 1024**3)  # the same micro-batch for both
    kept, again = (dict(plan(HALF_B, roomy, bits=16, checkpointing=word).memory.parts) for word in ("off", "on"))
    assert again["activations"] < kept["activations"] / 4
    choices = {c.name: c.value for c in plan(HALF_B, CPU, bits=16).choices}
    assert choices["checkpointing"] == "off"
    assert {c.name: c.value for c in plan().choices}["checkpointing"] == "on"


def test_all_linear_is_expanded() -> None:
    targets, unknown = resolve_targets(["all-linear"], HALF_B)
    assert targets == ("down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj")
    assert unknown == ()


def test_memory_by_part_for_a_known_shape() -> None:
    memory = estimate_memory(settings("train_lora"), HALF_B, CPU, 4, 256, 8_798_208)
    parts = dict(memory.parts)
    assert parts["weights"] == 4 * 494_032_768
    assert parts["adapter"] == 16 * 8_798_208
    assert memory.total > sum(parts.values())
    assert [size for _, size in memory.parts] == sorted(parts.values(), reverse=True)


def test_what_is_shared_out_is_divided_by_the_processes() -> None:
    def parts(sharding: Sharding, processes: int = 4) -> dict[str, int]:
        hardware = replace(GPU, processes=processes, sharding=sharding)
        return dict(estimate_memory(settings("train_lora"), SEVEN_B, hardware, 1, 256, 40_370_176).parts)

    whole = parts("")
    assert whole["weights"] == 2 * 7_615_616_512
    assert parts("FSDP2")["weights"] == parts("ZeRO-3")["weights"] == whole["weights"] // 4
    assert parts("FSDP2", 8)["weights"] == whole["weights"] // 8
    assert parts("FSDP2")["adapter"] == parts("ZeRO-3")["adapter"] == whole["adapter"] // 4
    # Beside its piece a process holds what is gathered: embeddings, head and two layers; DeepSpeed keeps up to a billion values.
    linear = sum(a * b for shapes in SEVEN_B.linears.values() for a, b in shapes)
    assert parts("FSDP2")["gathered weights"] == pytest.approx(2 * (SEVEN_B.parameters - linear + 2 * linear / 28))
    assert parts("ZeRO-3")["gathered weights"] == 2_000_000_000
    assert parts("ZeRO-2")["weights"] == parts("ZeRO-1")["weights"] == whole["weights"]
    assert parts("ZeRO-2")["adapter"] < parts("ZeRO-1")["adapter"] < whole["adapter"]
    assert parts("ZeRO-1", 1) == parts("", 1)


def test_a_7b_base_that_fits_no_card_alone_fits_four_together() -> None:
    alone = replace(GPU, processes=4, free_bytes=15 * GIB)
    assert "a launcher's config that shares the base out" in refusals(plan(hardware=alone, bits=16))
    assert not plan(hardware=replace(alone, sharding="FSDP2"), bits=16).refusals


@pytest.mark.parametrize(
    ("sharding", "changes", "reason"),
    [
        ("FSDP2", {"bits": 4}, "4-bit layers do not survive FSDP2"),
        ("ZeRO-3", {"bits": 4}, "4-bit layers do not survive ZeRO-3"),
        ("ZeRO-2", {"bits": 8}, "8-bit layers do not survive ZeRO-2"),
        ("FSDP2", {"bits": 16, "time_budget_s": 60}, "a time budget needs the speed of a whole base"),
        (
            "FSDP2",
            {"bits": 16, "modules_to_save": "[lm_head]", "allow_unserveable": True},
            "does not take modules_to_save",
        ),
        ("ZeRO-2", {"bits": 4}, ""),
        ("", {"bits": 8}, ""),
    ],
)
def test_what_does_not_go_with_a_shared_base_is_refused(
    sharding: Sharding, changes: dict[str, object], reason: str
) -> None:
    hardware = replace(GPU, processes=2, sharding=sharding)
    found = refusals(
        make_plan(settings("train_qlora", **changes), SEVEN_B, hardware, STATS, method="qlora", valid_rows=9)
    )
    assert reason in found
    assert bool(found) == bool(reason)


def test_knobs_skip_what_is_already_turned() -> None:
    assert out_of_memory_knobs(settings(lora_rank=8), 1, True, GPU) == ["max_seq_len=1024"]
    shared = replace(GPU, processes=2, sharding="FSDP2")
    knobs = out_of_memory_knobs(settings(lora_rank=8, bits=16), 1, True, shared)
    assert knobs == ["max_seq_len=1024", "more than 2 processes"]


def test_the_plan_reads_well() -> None:
    made = make_plan(
        settings(), SEVEN_B, GPU, STATS, method="qlora", template=Choice("template", "plain", "it has no chat template")
    )
    text = "\n".join(made.lines())
    assert "8,000 rows, 3,000 facts" in text
    assert "40,370,176 of 7,615,616,512 parameters (0.53%)" in text
    assert "≤128: 6000" in text
    assert "this base is a plain one" in text
    assert "there are no valid rows" in text
