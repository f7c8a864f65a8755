"""Collects thousands of pictures from a server that misbehaves, once in one go and once killed on the way.

Two hosts; one answer in twenty is a 500, a 429 with Retry-After, a stall, a cut body, a wrong type, a redirect to a
private address or a bomb, in equal shares. Prints JSON; exit code 1 if a promise is broken: a row for each candidate,
nothing kept twice, the limits of each host kept in the server's own log, flat memory, the same ledger after the kills.
"""

import argparse
import asyncio
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from misbehaving_server import Reply, Seen, Server, candidate, listing, picture
from PIL import Image

from tryon.formats.ledger import read_ledger

HOSTS = ("one.bench.test", "two.bench.test")
PER_HOST, DELAY_S, TIMEOUT_S = 2, 0.01, 3.0
MANNERS = {
    "per_host": PER_HOST, "picture_delay_s": DELAY_S, "page_delay_s": DELAY_S, "timeout_s": TIMEOUT_S,
    "backoff_s": 0.1, "max_picture_bytes": 2_000_000,
}  # fmt: skip
PAGE = 500
FAULT_EVERY = 20
# Fault and what the ledger must say of it; `kept`: the next try succeeds.
FAULTS = {
    "500": "kept", "429": "kept", "stall": "kept", "cut": "kept",
    "wrong_type": "wrong_type", "private": "private_address", "bomb": "too_large",
}  # fmt: skip
FLAT_MB = 25.0


def fault_of(number: int) -> str:
    """Which fault a picture has; empty for most."""
    of_host = number // len(HOSTS)
    return list(FAULTS)[of_host // FAULT_EVERY % len(FAULTS)] if of_host % FAULT_EVERY == FAULT_EVERY - 1 else ""


def bomb() -> bytes:
    """A small file of 169 million pixels."""
    buffer = io.BytesIO()
    Image.new("1", (13_000, 13_000)).save(buffer, "PNG")
    return buffer.getvalue()


class Pictures:
    """What the servers answer: pictures by number, search pages of 500."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.ports: tuple[int, ...] = ()
        self._bomb = bomb()
        self._asked: Counter[str] = Counter()

    def address(self, number: int) -> str:
        """Of a picture; hosts take turns."""
        which = number % len(HOSTS)
        return f"http://{HOSTS[which]}:{self.ports[which]}/{number}.jpg"

    def search(self, start: int) -> str:
        """Address of a search page."""
        return f"http://{HOSTS[0]}:{self.ports[0]}/search/{start}"

    def answer(self, host: str, path: str) -> Reply:
        """By path; faults that pass are over at the second request."""
        if path.startswith("/search/"):
            start = int(path.rpartition("/")[2])
            end = min(start + PAGE, self.count)
            offered = [candidate(self.address(number)) for number in range(start, end)]
            return listing(offered, self.search(end) if end < self.count else "")
        if not path.endswith(".jpg"):
            return Reply(b"no", 404, {"Content-Type": "text/plain"})
        self._asked[path] += 1
        return self._picture(int(path[1:-4]), self._asked[path])

    def _picture(self, number: int, asked: int) -> Reply:
        fault = fault_of(number)
        content = picture(number)
        if fault == "wrong_type":
            return Reply(b"<html></html>", headers={"Content-Type": "text/html"})
        if fault == "private":
            return Reply(status=302, headers={"Location": "http://169.254.169.254/"})
        if fault == "bomb":
            return Reply(self._bomb)
        if asked > 1 or not fault:
            return Reply(content)
        passing = {
            "500": Reply(b"oh", 500),
            "429": Reply(b"slow", 429, {"Retry-After": "1"}),
            "stall": Reply(content, behave=stall),
            "cut": Reply(content[:-500], length=len(content)),
        }
        return passing[fault]


async def stall(writer: asyncio.StreamWriter) -> None:
    """Send a little, then nothing until the client has gone."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 9999\r\n\r\nab")
    await asyncio.Event().wait()


@dataclass
class Run:
    """What one collection did: server's log, memory of the collecting process over time, seconds, kills."""

    folder: Path
    seen: dict[str, list[Seen]] = field(default_factory=dict)
    memory_mb: list[float] = field(default_factory=list)
    seconds: float = 0.0
    kills: int = 0


def collect(folder: Path, count: int, kills: int) -> Run:
    """Collect into a folder, with so many kills spread over the run."""
    run = Run(folder)
    pictures = Pictures(count)
    with Server(answer=pictures.answer) as one, Server(answer=pictures.answer) as two:
        pictures.ports = (one.port, two.port)
        job = {
            "root": str(folder), "config": {"domains": ["bench.test"], "max_picture_mb": 2}, "manners": MANNERS,
            "queries": {"bench": {"pictures": count, "settings": {"listed": {"base": pictures.search(0)}}}},
            "loopback": [f"{host}:{port}" for host, port in zip(HOSTS, pictures.ports, strict=True)],
        }  # fmt: skip
        folder.mkdir(parents=True)
        (folder / "job.json").write_text(json.dumps(job))
        started = time.monotonic()
        for kill in range(kills):
            run_child(folder, run, until=(kill + 1) * count // (kills + 1))
        run_child(folder, run, until=None)
        run.seconds = time.monotonic() - started
        run.seen = {host: server.seen for host, server in zip(HOSTS, (one, two), strict=True)}
    return run


def run_child(folder: Path, run: Run, until: int | None) -> None:
    """Collect in a child process, killed when the journal has so many lines."""
    command = [sys.executable, str(Path(__file__).with_name("collecting_child.py")), str(folder / "job.json")]
    with (folder / "log.txt").open("a") as log, subprocess.Popen(command, stdout=log, stderr=log) as child:
        process = psutil.Process(child.pid)
        while child.poll() is None:
            try:
                run.memory_mb.append(process.memory_info().rss / 2**20)
            except psutil.NoSuchProcess:
                break
            if until is not None and lines_of(folder / "bench/journal.jsonl") > until:
                child.kill()
                run.kills += 1
                break
            time.sleep(0.05)
    if until is None and child.returncode != 0:
        sys.exit((folder / "log.txt").read_text())


def lines_of(path: Path) -> int:
    """Lines of a file; 0 where there is none."""
    return path.read_bytes().count(b"\n") if path.exists() else 0


def most_at_once(seen: list[Seen]) -> int:
    """Most requests that one server had at the same time."""
    changes = sorted([(s.began, 1) for s in seen] + [(s.ended or s.began, -1) for s in seen])
    now = most = 0
    for _, change in changes:
        now += change
        most = max(most, now)
    return most


def most_in_a_second(seen: list[Seen]) -> int:
    """Most pictures that one server was asked for within a second."""
    starts = sorted(s.began for s in seen if s.path.endswith(".jpg"))
    most = first = 0
    for last, start in enumerate(starts):
        while starts[first] < start - 1:
            first += 1
        most = max(most, last - first + 1)
    return most


def growth_mb(memory_mb: list[float]) -> float:
    """How much the last fifth of a run takes more than its second fifth, in which everything is loaded."""
    fifth = len(memory_mb) // 5
    early, late = memory_mb[fifth : 2 * fifth] or memory_mb, memory_mb[-fifth:] or memory_mb
    return sum(late) / len(late) - sum(early) / len(early)


def content_of(folder: Path) -> tuple[list[Any], dict[str, int]]:
    """Ledger without times and ports, and the picture files by size."""
    rows = [
        (row.address.rpartition("/")[2], row.file, row.sha256, row.phash, row.verdict, row.reason, row.status,
         row.robots, row.width, row.height)
        for row in read_ledger(folder / "bench/ledger.csv")
    ]  # fmt: skip
    return rows, {path.name: path.stat().st_size for path in (folder / "bench/images").iterdir()}


def judge(count: int, clean: Run, killed: Run) -> dict[str, Any]:
    """The figures, and each promise with whether it was kept."""
    rows, files = content_of(clean.folder)
    wanted = [FAULTS.get(fault_of(number), "kept") for number in range(count)]
    sent = Counter(s.path for seen in killed.seen.values() for s in seen if s.status == 200 and ".jpg" in s.path)
    faulty = {f"/{number}.jpg" for number in range(count) if fault_of(number)}
    twice = sum(times - 1 for path, times in sent.items() if path not in faulty)
    at_once = {host: max(most_at_once(run.seen[host]) for run in (clean, killed)) for host in HOSTS}
    rate = {host: most_in_a_second(clean.seen[host]) for host in HOSTS}
    kept = [row for row in rows if row[4] == "kept"]
    return {
        "candidates": count,
        "faults": sum(bool(fault_of(number)) for number in range(count)),
        "verdicts": dict(Counter(row[4] for row in rows)),
        "seconds": round(clean.seconds, 1),
        "pictures_per_second": round(count / clean.seconds, 1),
        "seconds_with_kills": round(killed.seconds, 1),
        "kills": killed.kills,
        "asked_again_after_kills": twice,
        "most_at_once": at_once,
        "most_in_a_second": rate,
        "memory_mb": {"peak": round(max(clean.memory_mb), 1), "growth": round(growth_mb(clean.memory_mb), 1)},
        "promises": {
            "a row for each candidate, with the verdict of its fault": [row[4] for row in rows] == wanted,
            "nothing is kept twice": len({row[2] for row in kept}) == len(kept) == len(files),
            "at most two requests to a host at once": max(at_once.values()) <= PER_HOST,
            "the delay between requests is kept": max(rate.values()) <= 1 / DELAY_S + PER_HOST,
            "memory is flat": growth_mb(clean.memory_mb) < FLAT_MB,
            "the same ledger and pictures after the kills": content_of(killed.folder) == (rows, files),
            "no second download but of what was on its way": twice <= killed.kills * PER_HOST * len(HOSTS),
        },
    }


def main() -> None:
    """Run both collections and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=10_000, help="candidates")
    parser.add_argument("--kills", type=int, default=5, help="of the second collection")
    parser.add_argument("--folder", type=Path, help="keep what was collected here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        clean = collect(folder / "clean", arguments.pictures, 0)
        killed = collect(folder / "killed", arguments.pictures, arguments.kills)
        figures = judge(arguments.pictures, clean, killed)
    print(json.dumps(figures | {"cores": os.cpu_count()}, indent=2))
    sys.exit(0 if all(figures["promises"].values()) else 1)


if __name__ == "__main__":
    main()
