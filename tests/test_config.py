"""params.yaml: what is accepted, what is refused and in which words, and that every key is explained."""

import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tryon.config import Params, load_params
from tryon.errors import ConfigError
from tryon.yaml_files import read_yaml

ROOT = Path(__file__).parent.parent


@pytest.fixture
def content() -> dict[str, Any]:
    """The repository's own parameters."""
    return yaml.safe_load((ROOT / "params.yaml").read_text())


def message_of(tmp_path: Path, content: object) -> str:
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigError) as caught:
        load_params(path)
    return str(caught.value)


def test_the_repositorys_own_parameters_are_accepted_and_frozen() -> None:
    params = load_params(ROOT / "params.yaml")
    assert params.domains.source in params.garments.select
    assert set(params.patterns) <= set(params.garments.select)
    with pytest.raises(AttributeError):
        params.seed = 1  # type: ignore[misc]


def test_an_unknown_key_is_named_with_its_path(tmp_path: Path, content: dict[str, Any]) -> None:
    content["mask_rcnn"]["epoch"] = 3
    content["cyclgan"] = {}
    said = message_of(tmp_path, content)
    assert "mask_rcnn.epoch: unknown key" in said
    assert "cyclgan: unknown key" in said
    assert "docs/reference/params.md" in said


def test_a_missing_key_is_named(tmp_path: Path, content: dict[str, Any]) -> None:
    del content["fitting"]["border_px"]
    del content["seed"]
    said = message_of(tmp_path, content)
    assert "fitting.border_px: missing key" in said
    assert "seed: missing key" in said


@pytest.mark.parametrize(
    ("section", "key", "value", "accepted"),
    [
        ("mask_rcnn", "epochs", 0, "greater than or equal to 1"),
        ("mask_rcnn", "epochs", "14", "valid integer"),
        ("mask_rcnn", "epochs", 3.5, "valid integer"),
        ("mask_rcnn", "epochs", True, "valid integer"),
        ("mask_rcnn", "backbone", "vgg", "'light', 'resnet50' or 'resnet101'"),
        ("mask_rcnn", "flip", "maybe", "valid boolean"),
        ("mask_rcnn", "flip", 1, "valid boolean"),
        ("mask_rcnn", "learning_rate", 0, "greater than 0"),
        ("mask_rcnn", "learning_rate", float("inf"), "finite number"),
        ("mask_rcnn", "learning_rate", float("nan"), "finite number"),
        ("mask_rcnn", "learning_rate", True, "valid number"),
        ("mask_rcnn", "image_size_px", 100, "multiple of 32"),
        ("mask_rcnn", "weights_sha256", "12ab", "match pattern"),
        ("cutouts", "margin", 1.5, "less than or equal to 1"),
        ("photos", "categories", [14], "less than or equal to 13"),
        ("photos", "exposure", [0.1], "missing"),
        ("render", "photos", {"train": 1, "tests": 2}, "'train', 'validation' or 'test'"),
        ("garments", "select", {"Blue shirts": {}}, "match pattern"),
        ("collecting", "contact", "nobody", "match pattern"),
        ("collecting", "domains", [], "at least 1 item"),
        ("collecting", "domains", ["*"], "match pattern"),
        ("collecting", "domains", ["https://example.org"], "match pattern"),
        ("collecting", "licences", [], "at least 1 item"),
        ("collecting", "per_host", 10_000, "less than or equal to 8"),
        ("collecting", "picture_delay_s", 0, "greater than 0"),
        ("collecting", "page_delay_s", -1, "greater than 0"),
        ("collecting", "queries", {"a": {"words": "a", "sources": ["b"], "pictures": 10**9, "labels": {}}}, "100000"),
    ],
)
def test_a_value_that_is_not_accepted_is_named_with_what_is(
    tmp_path: Path, content: dict[str, Any], section: str, key: str, value: object, accepted: str
) -> None:
    content[section][key] = value
    said = message_of(tmp_path, content)
    assert f"{section}.{key}" in said
    assert accepted in said


def test_whole_numbers_are_accepted_where_fractions_are(tmp_path: Path, content: dict[str, Any]) -> None:
    content["cyclegan"]["cycle_weight"] = 10
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    assert load_params(tmp_path / "params.yaml").cyclegan.cycle_weight == 10.0


def test_a_name_of_layers_that_is_no_regular_expression_is_refused(tmp_path: Path, content: dict[str, Any]) -> None:
    content["mask_rcnn"]["weights_exclude"] = ["fpn_.*", "mrcnn_(mask"]
    assert "mask_rcnn: weights_exclude: 'mrcnn_(mask' is no regular expression" in message_of(tmp_path, content)


def test_cut_outs_smaller_than_the_cyclegan_sees_are_refused(tmp_path: Path, content: dict[str, Any]) -> None:
    content["cutouts"]["size_px"], content["cyclegan"]["size_px"] = 128, 256
    assert "cutouts.size_px (128) must be cyclegan.size_px (256) or more" in message_of(tmp_path, content)


@pytest.mark.parametrize("missing", ["plain", "striped"])
def test_a_pattern_or_source_that_is_not_selected_is_refused_before_anything_runs(
    tmp_path: Path, content: dict[str, Any], missing: str
) -> None:
    del content["garments"]["select"][missing]
    assert f"garments.select has no {missing}" in message_of(tmp_path, content)


def test_no_pattern_at_all_is_refused(tmp_path: Path, content: dict[str, Any]) -> None:
    content["patterns"] = []
    assert "patterns" in message_of(tmp_path, content)


def test_a_missing_file_says_where_to_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="run from the root of the repository"):
        load_params(tmp_path / "params.yaml")


CONDITIONAL = {"mode": "conditional", "garment_input": True, "garment_code": 4}


@pytest.mark.parametrize(
    ("patterns", "changes", "said"),
    [
        (["blue"], CONDITIONAL, "patterns must be [all]"),
        (["all", "blue"], CONDITIONAL, "patterns must be [all]"),
        (["all"], {}, "patterns must be [all]"),
        (["all"], CONDITIONAL | {"unseen_patterns": ["plaid"]}, "garments.select has no plaid"),
        (["all"], {"mode": "conditional", "garment_input": False}, "needs the garment"),
        (["blue"], {"unseen_patterns": ["striped"]}, "unseen_patterns are of mode: conditional"),
        (["blue"], {"garment_input": True, "flip": True}, "load_px and flip cut pictures anew"),
    ],
)
def test_what_does_not_go_with_one_model_for_all_patterns_is_refused(
    tmp_path: Path, content: dict[str, Any], patterns: list[str], changes: dict[str, Any], said: str
) -> None:
    content["patterns"] = patterns
    content["cyclegan"] |= changes
    assert said in message_of(tmp_path, content)


def test_one_model_for_all_patterns_is_accepted(tmp_path: Path, content: dict[str, Any]) -> None:
    content["patterns"] = ["all"]
    content["cyclegan"] |= CONDITIONAL | {"unseen_patterns": ["striped"]}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    assert load_params(tmp_path / "params.yaml").cyclegan.unseen_patterns == ["striped"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seed: [", "not readable YAML"),
        ("seed: 1\nseed: 2\n", "key 'seed' is given twice"),
        ("a: {b: 1, b: 2}", "key 'b' is given twice"),
        ("- 1\n- 2\n", "holds no mapping"),
        ("", "holds no mapping"),
        ("a: !!python/object/apply:os.getcwd []", "not readable YAML"),
        ("? [1, 2]\n: 3\n", "not readable YAML"),
    ],
)
def test_yaml_that_is_no_plain_mapping_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=re.escape(said)):
        read_yaml(path)


def test_bytes_that_are_not_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"a: \xff\xfe")
    with pytest.raises(ConfigError, match="not readable YAML"):
        read_yaml(path)


def all_keys() -> set[str]:
    """Every `section.key` (or top-level key) that params.yaml must have."""
    keys = set()
    for section in fields(Params):
        inner = section.type
        if is_dataclass(inner):
            keys |= {f"{section.name}.{field.name}" for field in fields(inner)}
        else:
            keys.add(section.name)
    return keys


def test_every_key_is_explained_and_nothing_else() -> None:
    page = (ROOT / "docs/reference/params.md").read_text()
    section = ""
    explained = []
    for line in page.splitlines():
        if heading := re.fullmatch(r"## `(\w+)`.*", line):
            section = heading[1] + "."
        elif line.startswith("## "):
            section = ""
        if row := re.match(r"\| `(\w+)` \| (.+) \| (.+) \| (.+) \|$", line):
            explained.append(section + row[1])
            assert all(cell.strip() for cell in row.groups())
    assert sorted(explained) == sorted(all_keys())


def test_the_explanation_shows_the_values_of_the_file(content: dict[str, Any]) -> None:
    page = (ROOT / "docs/reference/params.md").read_text()
    assert page == with_present_values(page, content), "run `python tests/test_config.py`"


def with_present_values(page: str, content: dict[str, Any]) -> str:
    """The page with its last column taken from the parameters."""
    lines, section = [], content
    for line in page.splitlines():
        if heading := re.fullmatch(r"## `(\w+)`.*", line):
            section = content[heading[1]]
        if (row := re.match(r"(\| `(\w+)` \| .+ \| )`.+` \|$", line)) and row[2] in section:
            shown = yaml.safe_dump(section[row[2]], default_flow_style=True, sort_keys=False, width=10_000)
            shown = shown.strip().removesuffix("...").strip()
            line = f"{row[1]}`{shown}` |"
        lines.append(line)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    explanation = ROOT / "docs/reference/params.md"
    values = yaml.safe_load((ROOT / "params.yaml").read_text())
    explanation.write_text(with_present_values(explanation.read_text(), values))
