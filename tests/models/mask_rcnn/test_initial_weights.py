"""Weights to start from: what is loaded by name, what starts fresh and is said to, and what is refused."""

import hashlib
import io
import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.models.mask_rcnn.mask_rcnn_cases import tiny
from tests.models.mask_rcnn.test_weight_files import attribute, changed, replaced
from tests.test_downloads import Server
from tryon.config import NAMED_WEIGHTS
from tryon.errors import ConfigError, ModelError, ServiceError

pytestmark = pytest.mark.slow
HEADS = ("mrcnn_bbox_fc", "mrcnn_class_logits", "mrcnn_mask")


@pytest.fixture(scope="module")
def content() -> bytes:
    from tryon.models.mask_rcnn import build_mask_rcnn
    from tryon.models.mask_rcnn.weight_files import weights_to_bytes

    return weights_to_bytes(build_mask_rcnn(tiny(), 3))


@pytest.fixture
def given(content: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "given.h5"
    path.write_bytes(content)
    return path


def start(weights: Path | str, seed: int = 4, **changes: Any) -> tuple[Any, Any]:
    """A network of another seed with the given weights, and the report."""
    from tryon.models.mask_rcnn import build_mask_rcnn
    from tryon.models.mask_rcnn.initial_weights import load_initial_weights

    network = build_mask_rcnn(tiny(weights=str(weights), **changes), seed)
    return network, load_initial_weights(network)


def of_layers(network: Any) -> dict[str, bytes]:
    return {name: b"".join(v.tobytes() for v in values) for name, values in network.weights_by_layer().items()}


def with_classes(content: bytes, classes: int) -> bytes:
    """The file as a model of another number of classes has it."""

    def change(file: h5py.File) -> None:
        for name, outputs in zip(("mrcnn_class_logits", "mrcnn_bbox_fc", "mrcnn_mask"), (1, 4, 1), strict=True):
            kernel = file[f"{name}/{name}/kernel:0"]
            replaced_shape = (*kernel.shape[:-1], classes * outputs)
            replaced(f"{name}/{name}/kernel:0", np.zeros(replaced_shape, np.float32))(file)
            replaced(f"{name}/{name}/bias:0", np.zeros(classes * outputs, np.float32))(file)

    return changed(content, change)


def test_our_own_file_fills_every_layer(given: Path, content: bytes) -> None:
    from tryon.models.mask_rcnn.weight_files import weights_to_bytes

    network, report = start(given)
    assert weights_to_bytes(network) == content
    assert len(report.loaded) == len(network.named_layers())
    assert (report.fresh, report.missing, report.mismatched, report.unused) == ((), (), (), ())
    assert report.facts()["sha256"] == hashlib.sha256(content).hexdigest()


def test_none_draws_from_the_seed() -> None:
    assert start("none")[1] is None


def test_heads_of_another_number_of_classes_start_fresh(given: Path, content: bytes) -> None:
    given.write_bytes(with_classes(content, 81))
    network, report = start(given)
    fresh, _ = start("none")
    assert sorted(line.split()[0] for line in report.mismatched) == list(HEADS)
    assert "mrcnn_class_logits ((32, 81), (81,)) in the file, ((32, 2), (2,)) here" in report.mismatched
    ours, drawn = of_layers(network), of_layers(fresh)
    same = {name for name in ours if ours[name] == drawn[name]}
    assert set(HEADS) <= same and "conv1" not in same and not set(report.loaded) & set(HEADS)


def test_excluded_layers_start_fresh(given: Path) -> None:
    _, report = start(given, weights_exclude=["mrcnn_mask", "rpn_.*"])
    assert report.fresh == ("rpn_conv_shared", "rpn_class_raw", "rpn_bbox_pred", "mrcnn_mask")
    assert report.unused == () and not set(report.fresh) & set(report.loaded)


def test_an_exclusion_of_no_layer_is_refused(given: Path) -> None:
    with pytest.raises(ConfigError, match=r"weights_exclude names no layer[\s\S]*received: mrcnn_masks, fpn\n"):
        start(given, weights_exclude=["mrcnn_mask", "mrcnn_masks", "fpn", "fpn_.*"])


def test_layers_that_the_network_does_not_have_are_named(given: Path, content: bytes) -> None:
    def with_another(file: h5py.File) -> None:
        file.copy("fpn_p2", "fpn_p7")
        file.attrs["layer_names"] = np.append(file.attrs["layer_names"], b"fpn_p7")

    given.write_bytes(changed(content, with_another))
    assert start(given)[1].unused == ("fpn_p7",)


def test_a_layer_that_the_reference_does_not_have_may_be_missing(given: Path, content: bytes) -> None:
    def without_fine_map(file: h5py.File) -> None:
        names = [name for name in file.attrs["layer_names"] if not name.startswith(b"mrcnn_fine")]
        file.attrs["layer_names"] = np.array(names)

    given.write_bytes(changed(content, without_fine_map))
    _, report = start(given)
    assert report.missing == ("mrcnn_fine_p2", "mrcnn_fine_c1", "mrcnn_fine_conv")


def without(name: str) -> Any:
    def change(file: h5py.File) -> None:
        file.attrs["layer_names"] = np.array([n for n in file.attrs["layer_names"] if n != name.encode()])

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without("res3a_branch2a"), r"another backbone[\s\S]*without res3a_branch2a"),
        (lambda file: file.copy("res3a_branch2a", "res3z_branch2a") or attribute(
            "/", "layer_names", np.append(file.attrs["layer_names"], b"res3z_branch2a"))(file),
         r"another backbone[\s\S]*with res3z_branch2a"),
        (without("fpn_p3"), "fpn_p3 is not in the file"),
        (replaced("fpn_p3/fpn_p3/bias:0", np.zeros(9, np.float32)),
         r"fpn_p3 .*\(9,\)\) in the file[\s\S]*weights_exclude"),
        (replaced("mrcnn_class_logits/mrcnn_class_logits/bias:0", np.zeros(81, np.float32)),
         r"do not agree on the number of classes[\s\S]*mrcnn_class_logits 81"),
        (replaced("conv1/conv1/bias:0", np.full(16, np.nan, np.float32)), "conv1 holds numbers that are not finite"),
        (attribute("/", "layer_names", np.array([b"rpn_model"])), "another backbone"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_by_name(given: Path, content: bytes, change: Any, said: str) -> None:
    given.write_bytes(changed(content, change))
    with pytest.raises(ModelError, match=said):
        start(given)


def test_nothing_that_fits_is_no_start(given: Path) -> None:
    with pytest.raises(ModelError, match="no layer of a name that the network has"):
        start(given, weights_exclude=[".*"])


@pytest.mark.parametrize("weights", ["nowhere/weights.h5", "cocoa"])
def test_a_name_of_nothing_says_what_can_be_named(weights: str) -> None:
    with pytest.raises(ConfigError, match=r"mask_rcnn.weights[\s\S]*`none`, `imagenet`, `coco`, or the path"):
        start(weights)


@pytest.mark.parametrize("weights", ["imagenet", "coco"])
def test_published_weights_of_another_backbone_are_refused_before_they_are_fetched(weights: str) -> None:
    with pytest.raises(ConfigError, match=r"another backbone[\s\S]*mask_rcnn.backbone: resnet"):
        start(weights)


def test_weights_of_the_2017_implementation_select_its_conventions(
    given: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    from tryon.models.mask_rcnn.initial_weights import suited_to_weights

    for weights in ("none", "imagenet", str(given)):
        assert suited_to_weights(config := tiny(backbone="resnet50", weights=weights)) is config
    assert caplog.text == ""
    given.write_bytes(changed(content, lambda file: file.attrs.pop("conventions")))
    for weights in ("coco", str(given)):
        selected = suited_to_weights(tiny(backbone="resnet50", weights=weights))
        assert (selected.conventions, selected.mask_features, selected.second_look) == ("reference", "pyramid", False)
        assert f"weights {weights} select mask_rcnn.conventions: reference" in caplog.text
    assert suited_to_weights(config := tiny(weights=str(given))) is config


def test_our_own_file_keeps_the_conventions_that_it_was_trained_under(given: Path, content: bytes) -> None:
    from tryon.models.mask_rcnn import build_mask_rcnn
    from tryon.models.mask_rcnn.initial_weights import suited_to_weights
    from tryon.models.mask_rcnn.reference.building import with_reference_conventions
    from tryon.models.mask_rcnn.weight_files import weights_to_bytes

    config = tiny(backbone="resnet50", weights=str(given))
    given.write_bytes(weights_to_bytes(build_mask_rcnn(with_reference_conventions(tiny()), 3)))
    assert suited_to_weights(config).conventions == "reference", "a second training forgot what the first one chose"
    given.write_bytes(changed(content, lambda file: file.attrs.pop("conventions"), keep_digest=True))
    assert suited_to_weights(config) is config
    for value, said in (("theirs", "unknown conventions"), (np.array([b"ours", b"ours"]), "conventions cannot be")):
        given.write_bytes(changed(content, attribute("/", "conventions", value)))
        with pytest.raises(ModelError, match=said):
            suited_to_weights(config)


def test_the_report_says_all_of_it(given: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "tryon")
    given.write_bytes(with_classes(content, 3))
    start(given, weights_exclude=["fpn_p2"])
    said = caplog.text
    assert "layers loaded (conv1 ... " in said and "skipped, start fresh: fpn_p2" in said
    assert "mismatched, start fresh: mrcnn_class_logits ((32, 3), (3,)) in the file" in said
    assert "no hash is known for the file" in said and "sha256sum" in said


@pytest.mark.parametrize("of", ["sidecar", "model.json"])
def test_a_hash_beside_the_file_finds_a_flipped_bit(content: bytes, tmp_path: Path, of: str) -> None:
    def strip(file: h5py.File) -> None:
        pass

    bare = bytearray(changed(content, strip))  # without our digest, as a file of the reference
    path = tmp_path / "weights.h5"
    path.write_bytes(bare)
    sha256 = hashlib.sha256(bare).hexdigest()
    if of == "sidecar":
        path.with_name("weights.h5.sha256").write_text(f"{sha256.upper()}  weights.h5\n")
    else:
        path.with_name("model.json").write_text(json.dumps({"weights_sha256": sha256}))
    assert start(tmp_path)[1].vouched == ("weights.h5.sha256" if of == "sidecar" else "model.json")
    with h5py.File(io.BytesIO(bare)) as file:
        bare[file["conv1/conv1/kernel:0"].id.get_offset()] ^= 1  # the last bit of a number: as credible as before
    path.write_bytes(bare)
    with pytest.raises(ModelError, match=r"weights.h5 is not the file that .* describes"):
        start(path)


def test_our_own_digest_vouches_for_a_file_whose_layers_are_all_loaded(
    given: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert start(given)[1].vouched == "its own digest" and "no hash is known" not in caplog.text
    assert start(given, weights_exclude=["fpn_p2"])[1].vouched == "", "the digest is over all layers"


def test_weights_other_than_params_yaml_expects_are_refused(
    given: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    sha256 = hashlib.sha256(content).hexdigest()
    assert start(given, weights_sha256=sha256)[1].vouched == "mask_rcnn.weights_sha256"
    assert "no hash is known" not in caplog.text
    for weights in (given, "none"):
        with pytest.raises(ModelError, match=rf"mask_rcnn\.weights_sha256[\s\S]*needed: sha256 {'0' * 64}"):
            start(weights, weights_sha256="0" * 64)
    given.with_name("given.h5.sha256").write_text("1" * 64)
    with pytest.raises(ModelError, match=r"is not the file that .*given\.h5\.sha256 describes"):
        start(given, weights_sha256=sha256)


@pytest.mark.parametrize("beside", ["weights.h5.sha256", "model.json"])
def test_a_hash_file_without_a_hash_is_refused(given: Path, beside: str) -> None:
    path = given.rename(given.with_name("weights.h5"))
    path.with_name(beside).write_text("")
    with pytest.raises(ModelError, match=beside):
        start(path)


def published(monkeypatch: pytest.MonkeyPatch, name: str, server: Server) -> None:
    """Let the published weights `name` be those of the tiny network, at a local address."""
    from tryon.models.mask_rcnn import initial_weights

    known = initial_weights.PUBLISHED[name]
    monkeypatch.setitem(initial_weights.PUBLISHED, name, replace(known, file=server.published(), backbone="light"))


@pytest.mark.parametrize("name", ["coco", "imagenet"])
def test_published_weights_come_by_name_with_fresh_heads(
    content: bytes, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import threading

    import tests.test_downloads as downloads

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(downloads, "CONTENT", with_classes(content, 81))
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        published(monkeypatch, name, server)
        _, report = start(name)
        server.shutdown()
        thread.join()
    assert (tmp_path / "tryon/weights/weights.h5").is_file() and report.vouched == "its publisher's md5"
    if name == "coco":
        assert sorted(report.fresh) == list(HEADS) and report.mismatched == ()
    else:
        assert all(layer.startswith(("conv", "res")) for layer in report.loaded)
        assert {"fpn_c5p5", "rpn_conv_shared", *HEADS} <= set(report.fresh)
    with pytest.MonkeyPatch.context() as offline:
        offline.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
        with pytest.raises(ServiceError, match="could not be fetched"):
            start(name)


def test_the_published_files_are_the_references() -> None:
    from tryon.models.mask_rcnn.initial_weights import PUBLISHED

    assert {name: (known.file.name, known.backbone) for name, known in PUBLISHED.items()} == {
        "imagenet": ("resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5", "resnet50"),
        "coco": ("mask_rcnn_coco.h5", "resnet101"),
    }
    assert set(NAMED_WEIGHTS) == {"none", *PUBLISHED}
    for known in PUBLISHED.values():
        assert known.file.url.startswith("https://github.com/") and len(bytes.fromhex(known.file.md5)) == 16


def test_which_layers_of_resnet50_each_source_fills() -> None:
    from tryon.models.mask_rcnn.initial_weights import PUBLISHED

    layers = json.loads((Path(__file__).parent / "fixtures/layers_resnet50.json").read_text())
    kept = {name: [layer for layer in layers if not known.fresh(layer)] for name, known in PUBLISHED.items()}
    assert len(kept["coco"]) == len(layers) - 3
    assert kept["imagenet"] == [name for name in layers if name.startswith(("conv1", "bn", "res"))]
