"""Load on a running server: many clients ask the newest adapter at once; what was answered, lost and how fast goes to stdout.

python scripts/bench_serve.py --endpoint http://127.0.0.1:8000 --clients 50 --seconds 60
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from collections import Counter

import httpx


async def client(
    http: httpx.AsyncClient, model: str, tokens: int, until: float, number: int
) -> list[tuple[str, float, int]]:
    """(outcome, seconds, tokens) of every request this client made before `until`."""
    done: list[tuple[str, float, int]] = []
    while time.monotonic() < until:
        question = f"Where is item {number * 1000 + len(done)} of the cart defined?"
        body = {
            "model": model,
            "messages": [{"role": "user", "content": question}],
            "max_tokens": tokens,
            "temperature": 0,
        }
        began = time.monotonic()
        try:
            answer = await http.post("/v1/chat/completions", json=body)
            outcome = "ok" if answer.status_code == 200 else f"status {answer.status_code}"
            count = answer.json()["usage"]["completion_tokens"] if outcome == "ok" else 0
        except (httpx.HTTPError, ValueError, KeyError) as error:
            outcome, count = type(error).__name__, 0
        done.append((outcome, time.monotonic() - began, count))
    return done


async def bench(url: str, clients: int, seconds: float, tokens: int, key: str) -> dict[str, object]:
    limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with httpx.AsyncClient(base_url=url, timeout=300, limits=limits, headers=headers, trust_env=False) as http:
        models = (await http.get("/v1/models")).json()["data"]
        model = [entry["id"] for entry in models if entry.get("parent")][-1]
        began = time.monotonic()
        runs = await asyncio.gather(*(client(http, model, tokens, began + seconds, n) for n in range(clients)))
    spent = time.monotonic() - began
    results = [result for run in runs for result in run]
    times = sorted(seconds for outcome, seconds, _ in results if outcome == "ok")
    outcomes = Counter(outcome for outcome, _, _ in results)
    return {
        "model": model,
        "clients": clients,
        "seconds": round(spent, 1),
        "requests": len(results),
        "outcomes": dict(sorted(outcomes.items())),
        "p50_s": round(statistics.median(times), 3) if times else None,
        "p95_s": round(times[int(0.95 * (len(times) - 1))], 3) if times else None,
        "tokens_per_s": round(sum(count for _, _, count in results) / spent, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", default="http://127.0.0.1:8000")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--tokens", type=int, default=32, help="length of each answer at most")
    given = parser.parse_args()
    key = os.environ.get("NANODEX_API_KEY", "")
    report = asyncio.run(bench(given.endpoint, given.clients, given.seconds, given.tokens, key))
    print(json.dumps(report, indent=1))
    return 0 if set(report["outcomes"]) == {"ok"} else 6  # type: ignore[call-overload]


if __name__ == "__main__":
    sys.exit(main())
