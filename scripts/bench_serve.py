"""Load on a running server: many clients ask the newest adapter at once; what was answered, lost and how fast goes to stdout.

    python scripts/bench_serve.py --endpoint http://127.0.0.1:8000 --clients 50 --seconds 60
    python scripts/bench_serve.py --stop PID      the same; halfway PID, the `nanodex serve`, gets SIGTERM

With --stop, each client goes home once the server is told to stop, and what was in flight then must be answered. Exit 6 when a request
was lost.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import sys
import time
from collections import Counter
from typing import NamedTuple

import httpx


class Asked(NamedTuple):
    """One request: when it was sent and answered, by the monotonic clock, with how many tokens, and how it went."""

    sent: float
    answered: float
    tokens: int
    outcome: str


async def client(http: httpx.AsyncClient, model: str, tokens: int, over: asyncio.Event, number: int) -> list[Asked]:
    """Every request this client made until it was `over`."""
    done: list[Asked] = []
    while not over.is_set():
        question = f"Where is item {number * 1000 + len(done)} of the cart defined?"
        body = {
            "model": model,
            "messages": [{"role": "user", "content": question}],
            "max_tokens": tokens,
            "temperature": 0,
        }
        sent = time.monotonic()
        try:
            answer = await http.post("/v1/chat/completions", json=body)
            outcome = "ok" if answer.status_code == 200 else f"status {answer.status_code}"
            count = answer.json()["usage"]["completion_tokens"] if outcome == "ok" else 0
        except (httpx.HTTPError, ValueError, KeyError) as error:
            outcome, count = type(error).__name__, 0
        done.append(Asked(sent, time.monotonic(), count, outcome))
    return done


async def bench(url: str, clients: int, seconds: float, tokens: int, key: str, stop: int) -> dict[str, object]:
    """Figures of one load. `stop` is the process that gets SIGTERM halfway, 0 for none."""
    limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    over = asyncio.Event()
    async with httpx.AsyncClient(base_url=url, timeout=300, limits=limits, headers=headers, trust_env=False) as http:
        models = (await http.get("/v1/models")).json()["data"]
        model = [entry["id"] for entry in models if entry.get("parent")][-1]
        began = time.monotonic()
        at_work = [asyncio.create_task(client(http, model, tokens, over, n)) for n in range(clients)]
        await asyncio.sleep(seconds / 2 if stop else seconds)
        over.set()
        stopped = time.monotonic()
        if stop:
            os.kill(stop, signal.SIGTERM)
        asked = [one for each in await asyncio.gather(*at_work) for one in each]
    spent = time.monotonic() - began
    times = sorted(one.answered - one.sent for one in asked if one.outcome == "ok")
    return {
        "model": model,
        "clients": clients,
        "seconds": round(spent, 1),
        "requests": len(asked),
        "outcomes": dict(sorted(Counter(one.outcome for one in asked).items())),
        "in_flight_at_the_end": dict(Counter(one.outcome for one in asked if one.answered > stopped)),
        "p50_s": round(statistics.median(times), 3) if times else None,
        "p95_s": round(times[int(0.95 * (len(times) - 1))], 3) if times else None,
        "tokens_per_s": round(sum(one.tokens for one in asked) / spent, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", default="http://127.0.0.1:8000")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--tokens", type=int, default=32, help="length of each answer at most")
    parser.add_argument("--stop", type=int, default=0, metavar="PID", help="send SIGTERM to this process halfway")
    given = parser.parse_args()
    key = os.environ.get("NANODEX_API_KEY", "")
    report = asyncio.run(bench(given.endpoint, given.clients, given.seconds, given.tokens, key, given.stop))
    print(json.dumps(report, indent=1))
    return 0 if set(report["outcomes"]) == {"ok"} else 6  # type: ignore[call-overload]


if __name__ == "__main__":
    sys.exit(main())
