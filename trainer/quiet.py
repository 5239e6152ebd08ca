"""Third-party chatter kept off our stderr: progress bars, advice and a loader's complaint that are no news to the user."""

from __future__ import annotations

import logging
import os
import warnings


def quiet_libraries() -> None:
    """Call before transformers, trl or bitsandbytes are used. Errors still get through."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    # torch's warnings from within its own threads; it reads this when it is loaded.
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    import datasets
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    datasets.disable_progress_bars()
    logging.getLogger("bitsandbytes.backends.cpu.ops").addFilter(_not_the_cpu_kernel)
    for name in ("accelerate", "peft", "trl", "torch.distributed"):
        logging.getLogger(name).setLevel(logging.ERROR)
    for module in ("torch", "transformers", "trl", "peft", "bitsandbytes", "accelerate"):
        warnings.filterwarnings("ignore", module=rf"{module}(\.|$)")


def _not_the_cpu_kernel(record: logging.LogRecord) -> bool:
    # bitsandbytes looks for a kernel on the hub that the built-in path does without.
    return "gemm_4bit_forward" not in record.getMessage()
