"""What adapters of the tiny base remember: key-fact recall on unseen wordings over several seeds, the base alone, a stranger's questions.

    python scripts/bench_recall.py DATASET [--other DATASET] [--seeds 3] [--base DIR] [--work DIR] [--set key=value …]

DATASET is a train.jsonl of the dataset stage, its test.jsonl beside it. Each seed is one `train tiny` on the same base, then the
T1 questions about the facts it was trained on. With --other each adapter is also asked the T1 questions of another repository,
where it should know no more than the base. Exit 6 when a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from config.console import Console
from config.settings import TrainSettings, load_settings
from dataset.example import Example, read_examples
from trainer.pack import Pack

# Median recall of what was taught; the most of the base alone, and of an adapter asked about another repository.
RECALL_BAR, BASE_BAR = 0.50, 0.05
ASKED = 200


def train(dataset: Path, base: str, work: Path, seed: int, changes: Sequence[str]) -> tuple[Pack, dict[str, float]]:
    """One seed: its pack, and what it cost."""
    from trainer.train import run

    overrides = [
        f"dataset={dataset}",
        f"save_dir={work / f'seed{seed}-lora'}",
        f"seed={seed}",
        f"base={base}",
        *changes,
    ]
    settings = load_settings(TrainSettings, "train_tiny", None, overrides, {})
    cpu = time.process_time()
    report = run(settings, Console(), "tiny")
    assert report.pack is not None
    return report.pack, {"seconds": report.seconds, "steps": report.steps, "cpu": time.process_time() - cpu}


def stranger(pack: Pack, rows: Sequence[Example]) -> tuple[float, float]:
    """(recall of the adapter, of the base) on questions about another repository."""
    from peft import PeftModel

    from trainer.measure import measure_recall
    from trainer.models import describe_base, load_base, load_tokenizer
    from trainer.rows import Encoder

    base = pack.base_path()
    assert base is not None
    tokenizer, template = load_tokenizer(describe_base(base))
    model = PeftModel.from_pretrained(load_base(base), pack.path)
    found = measure_recall(model, Encoder(tokenizer, template.stop_ids, pack.system), rows)
    return found.adapter, found.base


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--other", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--base", default="", help="the tiny base's folder; made when missing")
    parser.add_argument("--work", type=Path, help="where adapters and base are kept; a temporary folder when absent")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="change a setting of train_tiny"
    )
    options = parser.parse_args(arguments)
    strange: list[Example] = []
    if options.other:
        from trainer.selection import sample

        held = read_examples(options.other.with_name("test.jsonl"))
        strange = sample([row for row in held if row.meta.split == "T1" and row.meta.answerable], ASKED)
    with tempfile.TemporaryDirectory(prefix="bench-recall-") as folder:
        work = options.work or Path(folder)
        recalls, bases, strangers = [], [], []
        for seed in range(options.seeds):
            pack, cost = train(options.dataset, options.base, work, seed, options.set)
            recall, learnt = pack.metrics["t1"], pack.metrics["learnt"]
            recalls.append(recall["adapter"])
            bases.append(recall["base"])
            line = (
                f"seed {seed}: {learnt['facts']:,} facts ({learnt['share']:.1%} of the repository's), {recall['rows']} unseen wordings: "
                f"recall {recall['adapter']:.3f}, base alone {recall['base']:.3f}; {cost['steps']:,.0f} steps in {cost['seconds']:.0f} s "
                f"({cost['cpu']:.0f} s of CPU with start and measuring)"
            )
            if strange:
                other, alone = stranger(pack, strange)
                strangers.append(other)
                line += f"; another repository's {len(strange)} questions {other:.3f}, base {alone:.3f}"
            print(line, flush=True)
    middle = statistics.median(recalls)
    print(f"median recall {middle:.3f} (bar {RECALL_BAR}), base at most {max(bases):.3f} (bar {BASE_BAR})")
    if strangers:
        print(f"asked about another repository: at most {max(strangers):.3f} (bar {BASE_BAR})")
    print(json.dumps({"recall": recalls, "base": bases, "stranger": strangers}))
    missed = middle < RECALL_BAR or max([*bases, *strangers]) > BASE_BAR
    return 6 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
