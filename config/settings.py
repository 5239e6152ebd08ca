"""One settings model per stage. A value comes from the YAML file, is overridden by NANODEX_<STAGE>__<KEY>, and that by --set key=value.

The templates in this folder are the defaults: `nanodex extract` without --config reads `config/extract.yaml` as shipped.
A key nobody knows is an error that names the nearest one.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from config.errors import UsageError

TEMPLATES = Path(__file__).resolve().parent
_LIKE: Final = f"the templates in {TEMPLATES} show the form"


class Settings(BaseModel):
    """The base of every stage's settings: unknown keys are refused, values cannot change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


Language = Literal["python", "java", "typescript", "cpp", "go", "rust", "csharp"]


class ExtractSettings(Settings):
    languages: list[Language] = Field(
        ["python", "java", "typescript", "cpp", "go", "rust", "csharp"],
        description="which languages to parse; typescript covers JavaScript, cpp covers C and CUDA",
    )
    use_scip: bool = Field(
        False, description="run the SCIP indexers found on PATH (scip-python, scip-typescript) and overlay their edges"
    )
    scip_seconds: int = Field(900, gt=0, description="time limit of one SCIP indexer")
    exclude: list[str] = Field(default_factory=list, description="more paths to leave out, in .gitignore syntax")
    out_graph: Path = Field(Path("brain/graph.sqlite"), description="the graph database")
    max_file_bytes: int = Field(1_500_000, gt=0, description="larger files are listed as skipped")
    workers: int = Field(0, ge=0, description="parsing processes; 0 means one per free core")


class WriterSettings(Settings):
    endpoint: str = Field("", description="an OpenAI-compatible server that phrases summaries; empty: none is asked")
    model: str = Field("", description="the model's name on that server")
    api_key_env: str = Field("", description="the environment variable that holds the key; empty: no key is sent")
    concurrency: int = Field(4, ge=1, le=64, description="requests at a time")
    max_requests: int = Field(0, ge=0, description="stop asking after this many; 0 means no limit")
    max_tokens: int = Field(
        0, ge=0, description="stop asking before this many tokens are sent and asked for in one run; 0 means no limit"
    )
    dry_run: bool = Field(False, description="say what would be sent where, and send nothing")


class SummarySettings(Settings):
    max_tokens: int = Field(160, ge=16, description="longest summary, counted in words and punctuation marks")
    style: Literal["factual", "brief"] = Field(
        "factual", description="factual: the whole note; brief: its first sentence"
    )
    writer: WriterSettings = Field(WriterSettings(), description="who phrases summaries; by default nobody but nanodex")


class EmbedSettings(Settings):
    endpoint: str = Field("", description="an OpenAI-compatible /v1/embeddings server; empty: MiniLM on this machine")
    model: str = Field(
        "", description="the model's name on that server, or a local folder; empty: the installed MiniLM"
    )
    api_key_env: str = Field("", description="the environment variable that holds the key; empty: no key is sent")
    max_tokens: int = Field(128, ge=8, le=512, description="longest text MiniLM reads, in its own tokens")


OntologyType = Literal["module", "capability", "concept", "error", "recipe"]


class BrainSettings(Settings):
    graph: Path = Field(Path("brain/graph.sqlite"), description="the graph written by extract")
    node_types: list[OntologyType] = Field(
        ["module", "capability", "concept", "error", "recipe"],
        description="which kinds of knowledge to derive; symbols always get a note",
    )
    summary: SummarySettings = Field(SummarySettings(), description="how notes are phrased")
    embed: EmbedSettings = Field(EmbedSettings(), description="vectors for search; only `nanodex embed` reads it")
    out_dir: Path = Field(
        Path("brain/nodes"), description="one JSON note per node; the index is written beside the graph"
    )


class CountSettings(Settings):
    """Rows wanted per kind; a shortage is reported, never padded."""

    discovery: int = Field(2000, ge=0, description="rows wanted: where things are and what belongs together")
    explain: int = Field(2000, ge=0, description="rows wanted: what things do and how they relate")
    howto: int = Field(2000, ge=0, description="rows wanted: how a task is done")
    diag: int = Field(2000, ge=0, description="rows wanted: what an error means and what helps")


class TeacherSettings(WriterSettings):
    share: float = Field(0.2, ge=0.0, le=1.0, description="share of the training rows that it may put in other words")
    rephrase: Literal["questions", "answers", "both"] = Field("both", description="what it puts in other words")


class DatasetSettings(Settings):
    graph: Path = Field(Path("brain/graph.sqlite"), description="the graph, with the brain's nodes in it")
    nodes_dir: Path = Field(Path("brain/nodes"), description="the notes written by brain")
    counts: CountSettings = Field(CountSettings(), description="rows wanted per kind")
    negatives_per_example: int = Field(2, ge=0, le=8, description="hard-negative node ids kept with each row")
    refusal_share: float = Field(
        0.10, ge=0.0, le=0.15, description="share of rows that refuse; more teaches a small model to refuse everything"
    )
    teacher: TeacherSettings = Field(
        TeacherSettings(), description="an OpenAI-compatible server that rephrases rows; by default nobody"
    )
    seed: int = Field(0, description="the same seed, commit and settings give the same bytes")
    out_jsonl: Path = Field(
        Path("dataset/train.jsonl"), description="training rows; valid.jsonl, test.jsonl and report.json go beside it"
    )


# PyYAML reads 2e-4 as text (YAML 1.1 wants 2.0e-4), and people write 2e-4.
Number = Annotated[float, BeforeValidator(lambda value: float(value) if isinstance(value, str) else value)]
_DTYPES = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}
Dtype = Annotated[Literal["bfloat16", "float16", "float32"], BeforeValidator(lambda value: _DTYPES.get(value, value))]


class TrainSettings(Settings):
    base: str = Field("", description="a local folder or a hub id; empty with `train tiny`, which makes its own")
    dataset: Path = Field(
        Path("dataset/train.jsonl"),
        description="rows written by dataset; valid.jsonl beside it is used for early stopping",
    )
    bits: Literal[4, 8, 16] = Field(16, description="precision the base is loaded in: 4 is QLoRA nf4, 16 is plain LoRA")
    bnb_4bit_compute_dtype: Dtype = Field("bfloat16", description="used when bits is 4 only")
    lora_rank: int = Field(
        16, ge=1, description="size of the adapter: 16 holds about 5,000 facts, 32 to 64 about 50,000"
    )
    lora_alpha: int = Field(32, ge=1, description="scale of the adapter; twice the rank is a good start")
    lora_dropout: float = Field(0.05, ge=0.0, lt=1.0, description="share of adapter inputs dropped in each step")
    target_modules: list[str] = Field(
        ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
        description="layers that get an adapter; facts sit in the MLP, so keep all seven",
    )
    learning_rate: Number = Field(2e-4, gt=0, description="2e-4 suits 7B, 5e-4 bases up to 1.5B")
    batch_size: int = Field(16, ge=1, description="the effective batch; the plan chooses the micro-batch")
    max_steps: int = Field(
        3000, ge=1, description="upper bound of optimizer steps; the plan stops earlier at the recommended exposures"
    )
    epochs: float = Field(3.0, gt=0, description="recommended passes over the rows; caps max_steps")
    max_seq_len: int = Field(2048, ge=64, description="longer rows are left out, in tokens")
    checkpointing: Annotated[
        Literal["auto", "on", "off"], BeforeValidator(lambda v: ("off", "on")[v] if isinstance(v, bool) else v)
    ] = Field("auto", description="recompute activations instead of keeping them; auto: on a GPU, from 1B parameters")
    eval_interval: int = Field(100, ge=1, description="optimizer steps between evaluations and checkpoints")
    save_dir: str = Field(
        "models/{project}-nanodex-lora", description="the adapter pack; {project} is the repository's name"
    )
    seed: int = Field(0, description="order of rows and initialisation")
    time_budget_s: float = Field(
        0.0, ge=0, description="stop training after this many seconds of wall clock; 0 means no limit"
    )
    max_nodes: int = Field(0, ge=0, description="learn only the rows of this many most important nodes; 0 means all")
    fresh_fakes: bool = Field(False, description="replace refusal rows by new invented names in every epoch")
    use_rslora: bool = Field(False, description="scale by alpha / sqrt(rank): steadier from rank 64 up")
    use_dora: bool = Field(False, description="weight-decomposed LoRA; vLLM does not serve it")
    init_lora_weights: str = Field("true", description="peft's initialisation: true, gaussian, orthogonal, pissa …")
    modules_to_save: list[str] = Field(
        default_factory=list, description="modules trained in full beside the adapter; vLLM does not serve them"
    )
    allow_unserveable: bool = Field(False, description="train adapters that vLLM cannot serve")


class ServeSettings(Settings):
    base: str = Field("", description="the base model's folder or id; empty: the one named by the adapter pack")
    adapter: str = Field("", description="the adapter pack; empty: the only one below models/")
    python: str = Field(
        "",
        description="interpreter of the environment that holds vLLM; else NANODEX_VLLM_PYTHON, else .venv-vllm/bin/python",
    )
    host: str = Field("127.0.0.1", description="address to listen on; the default is this machine only")
    port: int = Field(8000, ge=1, le=65535, description="port to listen on")
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = Field(
        "auto", description="precision the base is served in"
    )
    max_model_len: int = Field(4096, ge=64, description="longest prompt plus answer, capped by the base's own limit")
    gpu_memory_utilization: float = Field(0.90, gt=0, le=1, description="share of the GPU's memory vLLM may take")
    cpu_kv_cache_gib: int = Field(1, ge=1, description="KV cache of the CPU server")
    shutdown_timeout_s: int = Field(10, ge=0, description="how long requests in flight may finish")
    ready_timeout_s: int = Field(600, ge=1, description="how long loading may take before it is called failed")


class QuerySettings(Settings):
    graph: Path = Field(Path("brain/graph.sqlite"), description="the graph; the index lies beside it")
    mode: Literal["extractive", "model", "both"] = Field(
        "extractive", description="model and both need an endpoint or an adapter"
    )
    endpoint: str = Field("", description="an OpenAI-compatible server, as http://localhost:8000")
    model: str = Field("", description="model id at the endpoint; empty: its newest adapter")
    adapter: str = Field("", description="an adapter pack to run in this process with transformers")
    api_key_env: str = Field("NANODEX_API_KEY", description="environment variable that holds the endpoint's key")
    k: int = Field(8, ge=1, le=100, description="passages to consider")
    max_tokens: int = Field(512, ge=16, description="longest model answer")
    context_tokens: int = Field(3000, ge=0, description="token budget of the retrieved context")
    timeout_s: float = Field(60.0, gt=0, description="longest wait for the endpoint")
    min_confidence: float = Field(0.35, ge=0, le=1, description="below this the answer is an abstention")


STAGES: dict[str, type[Settings]] = {
    "extract": ExtractSettings,
    "brain": BrainSettings,
    "dataset": DatasetSettings,
    "train_lora": TrainSettings,
    "train_qlora": TrainSettings,
    "train_tiny": TrainSettings,
    "serve": ServeSettings,
    "query": QuerySettings,
}
AnySettings = TypeVar("AnySettings", bound=Settings)


def load_settings(
    model: type[AnySettings],
    stage: str,
    config: Path | None = None,
    overrides: Sequence[str] = (),
    environ: Mapping[str, str] = os.environ,
) -> AnySettings:
    """Settings of `stage` (a key of STAGES) from `config`, the shipped template when None.

    `overrides` are `key=value` or `outer.inner=value`, the value read as YAML. Raises UsageError, naming the key.
    """
    source = config or TEMPLATES / f"{stage}.yaml"
    values = _read_yaml(source)
    origins: dict[str, str] = {}  # of what was overridden
    prefix = f"NANODEX_{stage.split('_')[0].upper()}__"
    for name in sorted(environ):
        if name.startswith(prefix):
            keys = name[len(prefix) :].lower().split("__")
            _put(values, keys, environ[name], name)
            origins[".".join(keys)] = name
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"--set {override}: expected key=value", "for example --set max_steps=200")
        _put(values, key.strip().split("."), text, f"--set {key}")
        origins[key.strip()] = "--set"
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise UsageError(_explain(error, model, source, origins), "docs/settings.md lists every key") from error


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError(f"there is no settings file {path}", f"templates lie in {TEMPLATES}") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"cannot read {path}: {error}", _LIKE) from error
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise UsageError(f"{path} must hold `key: value` lines, not a {type(loaded).__name__}", _LIKE)
    return loaded


def _put(values: dict[str, Any], keys: list[str], text: str, origin: str) -> None:
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"{origin}: {text!r} is not a YAML value", "quote it: --set key='\"text\"'") from error
    for key in keys[:-1]:
        inner = values.setdefault(key, {})
        if not isinstance(inner, dict):
            raise UsageError(
                f"{origin}: {key} is a single value, it has no keys below it", f"for example --set {key}=value"
            )
        values = inner
    values[keys[-1]] = value


def _explain(error: ValidationError, model: type[Settings], source: Path, origins: Mapping[str, str]) -> str:
    lines: dict[str, list[str]] = {}
    known, lost = _keys(model), False
    for item in error.errors():
        where = ".".join(str(part) for part in item["loc"])
        from_ = next((origins[key] for key in origins if f"{where}.".startswith(f"{key}.")), source.name)
        if item["type"] == "extra_forbidden":
            near = difflib.get_close_matches(where, known, n=1, cutoff=0.5) or difflib.get_close_matches(
                where.rpartition(".")[2], known, n=1, cutoff=0.5
            )
            said = f"unknown key {where}" + (f"; did you mean {near[0]}?" if near else "")
            lost |= not near
        elif item["type"] == "model_type":
            said = f"{where} has keys below it: {', '.join(key for key in known if key.startswith(f'{where}.'))}"
        else:
            said = f"{where}: {item['msg'].removeprefix('Value error, ')} (got {item['input']!r})"
        lines.setdefault(from_, []).append(said)
    told = [f"{place}: {'; '.join(said)}" for place, said in lines.items()]
    return "; ".join([*told, f"known keys: {', '.join(known)}"][: len(told) + lost])


def _keys(model: type[BaseModel], prefix: str = "") -> list[str]:
    keys = []
    for name, field in model.model_fields.items():
        keys.append(prefix + name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            keys += _keys(field.annotation, f"{prefix}{name}.")
    return keys
