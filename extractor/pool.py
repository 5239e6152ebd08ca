"""Many files parsed at once: jobs in, batches of facts out, over any concurrent.futures Executor.

Workers get bytes and give back bytes and text, so they may run on another machine. The order of results does not
matter to anyone. A file that kills its process is found and reported; the others are parsed without it.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from itertools import chain
from typing import Any, Final, NamedTuple

from config.errors import BackendError, UsageError
from extractor.facts import FileFacts, dump_facts, pack_facts
from extractor.languages import BY_NAME
from extractor.parse import count_lines, masked, parse_text

BATCH_BYTES: Final = 300_000
BATCHES_AHEAD: Final = 3  # per worker: enough to keep it busy, few enough that the waiting bytes stay small
WORTH_A_POOL: Final = 1_500_000  # bytes below which starting processes costs more than it saves


class Job(NamedTuple):
    path: str
    data: bytes
    lang: str


class Parsed(NamedTuple):
    """`facts` as dump_facts wrote them, `text` as it was read; `made` the facts themselves, packed where another process made them,
    None of a file that failed."""

    path: str
    sha256: str
    status: str
    reason: str
    facts: str
    seconds: float
    text: bytes = b""
    made: FileFacts | bytes | None = None


def parse_batch(jobs: list[Job]) -> list[Parsed]:
    """Parse some files in this process. A fault of a parser becomes a file of status `failed`."""
    return [_parse_one(job) for job in jobs]


def parse_elsewhere(jobs: list[Job]) -> list[Parsed]:
    """The same for another process: facts travel packed, since pickled ones would have their own strings, and linking be slower."""
    return [p._replace(made=pack_facts(p.made)) if isinstance(p.made, FileFacts) else p for p in parse_batch(jobs)]


def parse_many(jobs: Iterable[Job], total_bytes: int, workers: int, cluster: str = "") -> Iterator[list[Parsed]]:
    """Batches in order of completion. Local processes start at once, before the first batch is asked for.

    `cluster` is the address of a Dask scheduler; without one the work is done by local processes, or here when it is little.
    """
    batches = _batches(jobs)
    if cluster:
        return _on_cluster(cluster, batches)
    if workers == 1 or total_bytes < WORTH_A_POOL:
        return map(parse_batch, batches)
    return spread(lambda: local_pool(workers), batches, workers * BATCHES_AHEAD, local_pool(workers))


def spread(
    make_pool: Callable[[], Executor], batches: Iterator[list[Job]], ahead: int, pool: Executor | None = None
) -> Iterator[list[Parsed]]:
    """Keep at most `ahead` batches in `pool`, or in one that `make_pool` makes; a pool that breaks is replaced."""
    waiting: dict[Future[list[Parsed]], list[Job]] = {}
    lost: list[list[Job]] = []
    pool = pool or make_pool()
    try:
        while True:
            try:
                for batch in batches:
                    # Kept at once: when `submit` finds the pool broken, this batch must not be lost.
                    lost = [batch]
                    waiting[pool.submit(parse_elsewhere, batch)] = batch
                    lost = []
                    if len(waiting) >= ahead:
                        break
                if not waiting:
                    return
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in sorted(done, key=lambda f: waiting[f][0].path):
                    result = future.result()
                    del waiting[future]
                    yield result
            except BrokenExecutor:
                suspects = [job for batch in chain(waiting.values(), lost) for job in batch]
                waiting.clear()
                pool.shutdown(wait=False)
                yield from _one_by_one(make_pool, suspects)
                pool = make_pool()
    finally:
        for future in waiting:
            future.cancel()
        pool.shutdown(wait=False)


def local_pool(workers: int) -> ProcessPoolExecutor:
    """Processes on this machine."""
    # Forking is the quickest start and needs no importable main module, but a lock held by another thread would stay locked.
    alone = threading.active_count() == 1 and "fork" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("fork" if alone else "spawn")
    # Ctrl-C reaches every process of the terminal; the parent alone decides what it means.
    pool = ProcessPoolExecutor(workers, context, signal.signal, (signal.SIGINT, signal.SIG_IGN))
    # The first job starts the processes: now, before the caller has threads.
    pool.submit(int)
    return pool


def free_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _one_by_one(make_pool: Callable[[], Executor], jobs: list[Job]) -> Iterator[list[Parsed]]:
    """Each file in a pool of its own, so that the one which kills its process is known."""
    for job in sorted(jobs):
        pool = make_pool()
        try:
            yield pool.submit(parse_elsewhere, [job]).result()
        except BrokenExecutor:
            yield [_failed(job, "its parser crashed", 0.0)]
        finally:
            pool.shutdown(wait=False)


def _parse_one(job: Job) -> Parsed:
    started = time.perf_counter()
    spec = BY_NAME[job.lang]
    try:
        text, trouble = masked(job.data, spec)
        facts = parse_text(job.path, job.data, text, trouble, spec)
    except Exception as error:  # noqa: BLE001  one file that a front end cannot read must not cost the repository
        return _failed(job, f"its parser failed: {type(error).__name__}: {error}", time.perf_counter() - started)
    seconds = time.perf_counter() - started
    return Parsed(job.path, facts.sha256, facts.status, facts.reason, dump_facts(facts), seconds, text, facts)


def _failed(job: Job, reason: str, seconds: float) -> Parsed:
    sha256 = hashlib.sha256(job.data).hexdigest()
    spec = BY_NAME[job.lang]
    facts = FileFacts(job.path, spec.name, spec.prefix, sha256, count_lines(job.data), status="failed", reason=reason)
    return Parsed(job.path, sha256, "failed", reason, dump_facts(facts), seconds)


def _batches(jobs: Iterable[Job]) -> Iterator[list[Job]]:
    batch: list[Job] = []
    size = 0
    for job in jobs:
        batch.append(job)
        size += len(job.data)
        if size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _on_cluster(address: str, batches: Iterator[list[Job]]) -> Iterator[list[Parsed]]:
    with _cluster_client(address) as client:
        workers = max(1, len(client.scheduler_info()["workers"]))
        yield from spread(client.get_executor, batches, BATCHES_AHEAD * workers)


def _cluster_client(address: str) -> Any:
    """A Dask client, which is a context manager and lends executors."""
    try:
        from distributed import Client
    except ImportError as error:
        raise UsageError("--cluster needs the extra `cluster`", "pip install 'nanodex[cluster]'") from error
    try:
        return Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise BackendError(f"no scheduler answers at {address}: {error}", "start one: dask scheduler") from error
