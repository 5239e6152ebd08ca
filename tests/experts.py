"""A real base and a real LoRA pack without training: random weights, true probes. For tests against a real server."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from trainer.fingerprint import fingerprint
from trainer.pack import BaseModel, Pack, Probe, point_at, write_pack

SENTENCES = [
    f"Where is the {thing} of the shop defined, and what does {thing} call?" for thing in ("cart", "order", "price")
]
TEMPLATE = (
    "{%- for m in messages %}{{- '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>\\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)


def make_base(folder: Path, heads: int = 4) -> Path:
    """A Qwen2 of two layers and 128 features with a byte-level tokenizer, saved in float32."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import GenerationConfig, PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokenizer.train_from_iterator(
        SENTENCES,
        trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False),
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>", chat_template=TEMPLATE
    )
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=len(fast),
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=heads,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        eos_token_id=fast.eos_token_id,
        pad_token_id=fast.pad_token_id,
        bos_token_id=None,
    )
    model = Qwen2ForCausalLM(config)
    model.generation_config = GenerationConfig(eos_token_id=fast.eos_token_id, pad_token_id=fast.pad_token_id)
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


def make_pack(target: Path, base: Path, seed: int, rank: int = 8) -> Pack:
    """The next version of `target`: a LoRA of random weights on `base`, with the probes that base and adapter really give."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    tokenizer = AutoTokenizer.from_pretrained(base)
    linears = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    model = get_peft_model(
        AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32),
        LoraConfig(task_type="CAUSAL_LM", r=rank, lora_alpha=2 * rank, target_modules=linears),
    )
    torch.manual_seed(seed)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.05)
    model.eval()

    def top(ids: list[int]) -> tuple[tuple[int, float], ...]:
        with torch.no_grad():
            values, tokens = model(torch.tensor([ids])).logits[0, -1].log_softmax(-1).topk(5)
        return tuple(zip(tokens.tolist(), values.tolist(), strict=True))

    def probe(question: str) -> Probe:
        chat = [{"role": "user", "content": question}]
        prompt = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
        ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
        with model.disable_adapter():
            plain = top(ids)
        return Probe(prompt, tuple(ids), plain, top(ids))

    def fill(folder: Path) -> None:
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)

    described: dict[str, Any] = json.loads((base / "config.json").read_text())
    template = str(tokenizer.chat_template).encode()
    pack = Pack(
        project="shop",
        base=BaseModel(base.name, architecture=described["architectures"][0], fingerprint=fingerprint(base)),
        adapter_sha256="",
        dataset_sha256="",
        rank=rank,
        stop_ids=(tokenizer.eos_token_id,),
        template_sha256=hashlib.sha256(template).hexdigest(),
        dtype="float32",
        device="cpu",
        longest_example=100,
        probes=tuple(probe(question) for question in SENTENCES),
    )
    return write_pack(target, pack, fill, "a test")


__all__ = ["make_base", "make_pack", "point_at"]
