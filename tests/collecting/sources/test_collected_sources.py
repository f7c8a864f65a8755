"""`tryon collect` with the real sources: services of one real server, from the words to the ledger."""

import io
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import yaml
from PIL import Image

from tests.collecting.sources.replaying import Asked, Replay, Reply, as_json, serving
from tests.collecting.sources.test_interfaces import commons_answer, commons_page, openverse_result
from tryon.formats.ledger import LedgerRow, read_ledger

ROOT = Path(__file__).parents[3]
HOST = "services.test"  # no address at all: the guard leads it to this machine


def picture(number: int) -> Reply:
    """A picture like no other."""
    content = io.BytesIO()
    pixels = np.random.default_rng(number).integers(0, 255, (140, 150, 3), np.uint8)
    Image.fromarray(pixels).save(content, "JPEG")
    return Reply(content.getvalue(), headers={"Content-Type": "image/jpeg"})


def services(asked: Asked) -> Reply:
    """Openverse, Wikimedia Commons and Google's page, the pictures of them all, and a robots.txt against pages."""
    base = f"http://{asked.headers['host']}"
    if asked.path == "/robots.txt":
        return Reply(b"User-agent: *\nDisallow: /w/\nDisallow: /wml/\n", headers={"Content-Type": "text/plain"})
    if asked.path.startswith("/pictures/"):
        return picture(int(Path(asked.path).stem))
    if asked.path == "/v1/images/":
        page = int(asked.values["page"])
        results = [openverse_result(page, url=f"{base}/pictures/{page}.jpg")]
        results.append(openverse_result(10 + page, url=f"{base}/pictures/{10 + page}.jpg", license="by-nc"))
        return as_json({"page_count": 2, "results": results})
    if asked.path == "/w/api.php":
        return commons_answer(
            [commons_page(5, url=f"{base}/pictures/5.jpg"), commons_page(1, url=f"{base}/pictures/1.jpg")]
        )
    return Reply(b'<a href="/imgres?imgurl=https://a.example/1.jpg">x</a>')


def collect(
    workspace: Path, server: Replay, sources: list[str], permitted: list[str]
) -> subprocess.CompletedProcess[str]:
    """The command on one query of these sources, all of them led to the server."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    endpoint = f"{HOST}:{urlsplit(server.base).port}"
    settings = {name: {"base": f"http://{endpoint}"} for name in sources}
    query = {"words": "blue t-shirt", "sources": sources, "pictures": 20, "labels": {}, "settings": settings}
    params["collecting"] |= {
        "contact": "tests@example.org",
        "queries": {"blue": query},
        "permitted_sources": permitted,
        "domains": [HOST],
        "picture_delay_s": 0.01,
        "page_delay_s": 0.01,
    }
    (workspace / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    env = {**os.environ, "TRYON_COLLECT_LOOPBACK": endpoint}
    command = [str(Path(sys.executable).parent / "tryon"), "collect", "blue"]
    return subprocess.run(command, cwd=workspace, env=env, capture_output=True, text=True, timeout=120)


def rows(workspace: Path) -> dict[str, LedgerRow]:
    """The ledger's rows by the last part of their addresses."""
    return {Path(row.address).stem: row for row in read_ledger(workspace / "data/collected/blue/ledger.csv")}


@pytest.mark.slow
def test_the_default_sources_fill_a_ledger_with_origins_and_licences(tmp_path: Path) -> None:
    with serving(services) as server:
        done = collect(tmp_path, server, ["openverse", "wikimedia_commons"], [])
    assert done.returncode == 0, done.stderr
    found = rows(tmp_path)
    verdicts = {name: row.verdict for name, row in found.items()}
    assert verdicts == {"1": "kept", "2": "kept", "5": "kept", "11": "no_licence", "12": "no_licence"}
    assert {name: found[name].source for name in ("1", "2", "5")} == {
        "1": "openverse",
        "2": "openverse",
        "5": "wikimedia_commons",
    }
    assert found["1"].licence == "CC BY-SA 2.0 (https://creativecommons.org/licenses/by-sa/2.0/)"
    assert found["5"].author == "Ada & Co"
    asked = [each.path for each in server.asked]
    assert asked.count("/w/api.php") == 1, "an interface is asked under its own terms, whatever robots.txt says"
    assert asked.count("/pictures/1.jpg") == 1, "both sources offered it"
    assert not {"/pictures/11.jpg", "/pictures/12.jpg"} & set(asked)
    assert all("tests@example.org" in each.headers["user-agent"] for each in server.asked)


@pytest.mark.slow
def test_a_result_page_is_off_without_permission_and_under_robots_txt_with_it(tmp_path: Path) -> None:
    with serving(services) as server:
        refused = collect(tmp_path, server, ["google_page"], [])
        assert (refused.returncode, server.asked) == (1, [])
        assert "permitted_sources" in refused.stderr and "Google's terms" in refused.stderr
        permitted = collect(tmp_path, server, ["google_page"], ["google_page"])
    assert permitted.returncode == 1
    assert "robots.txt" in permitted.stderr
    assert {each.path for each in server.asked} == {"/robots.txt"}
