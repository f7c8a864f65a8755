"""Weights to start a training from: published or given files, loaded by layer name, with a report of what came.

What may stay fresh is said beforehand: the layers that a user excludes, the heads that depend on the classes, and
layers of ours that the 2017 implementation does not have. Anything else that is missing or of another shape is refused.
"""

import hashlib
import json
import logging
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tryon.config import MaskRCNNConfig
from tryon.downloads import Published, cache_folder, fetch
from tryon.errors import ConfigError, ModelError
from tryon.models.mask_rcnn.network import MaskRCNN
from tryon.models.mask_rcnn.reference.building import with_reference_conventions
from tryon.models.mask_rcnn.weight_files import (
    Shapes,
    WeightFile,
    layer_shapes,
    name_of,
    read_content,
    set_weights,
)

logger = logging.getLogger("tryon")

# Depend on the number of classes; a new task starts them anew.
CLASS_HEADS = ("mrcnn_class_logits", "mrcnn_bbox_fc", "mrcnn_mask")
BACKBONE = r"conv1(_\d)?|bn_conv1|(res|bn)\d.*"
# The layers that every file of the 2017 implementation has.
REFERENCE = (
    BACKBONE
    + r"|fpn_(c\dp\d|p\d)|rpn_.*|mrcnn_class_(conv\d|bn\d|logits)|mrcnn_bbox_fc|mrcnn_mask(_(conv|bn)[1-4]|_deconv)?"
)


@dataclass(frozen=True)
class KnownWeights:
    """Published weights: the file, the backbone they are of, and the layers of a network that they do not fill."""

    file: Published
    backbone: str
    fresh: Callable[[str], bool]


_KERAS = "https://github.com/fchollet/deep-learning-models/releases/download/v0.2"
_REFERENCE = "https://github.com/matterport/Mask_RCNN/releases/download/v2.0"
# The md5 of the first is that of Keras' own loader of the time; that of the second stands in several public set-up
# guides.
_IMAGENET = Published(
    f"{_KERAS}/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5", 94653016, "a268eb855778b3df3c7506639542a6af"
)
_COCO = Published(f"{_REFERENCE}/mask_rcnn_coco.h5", 257557808, "e98aaff6f99e307b5e2a8a3ff741a518")
PUBLISHED = {
    "imagenet": KnownWeights(_IMAGENET, "resnet50", lambda name: re.fullmatch(BACKBONE, name) is None),
    "coco": KnownWeights(_COCO, "resnet101", lambda name: name in CLASS_HEADS),
}


@dataclass(frozen=True)
class WeightReport:
    """What a file gave a network, by layer name.

    Args:
        source: as in `params.yaml`.
        sha256: of the file.
        vouched: who says that this is the hash it should have; empty: nobody.
        loaded: filled from the file.
        fresh: kept as drawn from the seed, on purpose.
        missing: layers of ours that the file does not know.
        mismatched: class-specific layers of another number of classes, with both shapes; kept as drawn.
        unused: layers of the file that the network does not have.
    """

    source: str
    sha256: str
    vouched: str
    loaded: tuple[str, ...]
    fresh: tuple[str, ...]
    missing: tuple[str, ...]
    mismatched: tuple[str, ...]
    unused: tuple[str, ...]

    def log(self) -> None:
        """Say all of it, the long list of what was loaded as a count with its ends."""
        ends = f" ({self.loaded[0]} ... {self.loaded[-1]})" if self.loaded else ""
        logger.info("weights %s: %d layers loaded%s", self.source, len(self.loaded), ends)
        for what, names in (
            ("skipped, start fresh", self.fresh),
            ("skipped, not in the file", self.missing),
            ("skipped, no use for them here", self.unused),
            ("mismatched, start fresh", self.mismatched),
        ):
            if names:
                logger.info("weights %s: %s: %s", self.source, what, ", ".join(names))
        if not self.vouched:
            logger.warning(
                "weights %s: no hash is known for the file: a changed byte that leaves a credible number is not found; "
                "write one beside it (sha256sum FILE > FILE.sha256)", self.source,
            )  # fmt: skip

    def facts(self) -> dict[str, Any]:
        """The report as JSON values for `model.json`."""
        lists = {name: list(getattr(self, name)) for name in ("fresh", "missing", "mismatched")}
        return {"source": name_of(self.source), "sha256": self.sha256, "loaded": len(self.loaded), **lists}


def suited_to_weights(config: MaskRCNNConfig) -> MaskRCNNConfig:
    """The configuration with the conventions that its starting weights were trained under.

    That is the reference's for COCO weights and for a ResNet's file of the 2017 implementation, or of ours that was
    trained under the reference's; otherwise nothing is changed.

    Raises:
        ConfigError: `weights` names nothing that can be loaded.
        ModelError: the file cannot be read.
    """
    if config.conventions == "reference" or config.backbone == "light" or config.weights in ("none", "imagenet"):
        return config
    if config.weights != "coco":
        with WeightFile(read_content(_given_file(config.weights)), config.weights) as file:
            if file.conventions == "ours":
                return config
    logger.warning("weights %s select mask_rcnn.conventions: reference, and leave out what it lacks", config.weights)
    return with_reference_conventions(config)


def load_initial_weights(network: MaskRCNN) -> WeightReport | None:
    """Give a network the weights that its configuration names; None for `none`.

    Raises:
        ConfigError: the name is no file and no published weights, or those are of another backbone; an excluded name
            is no layer's.
        ModelError: the file is damaged, or does not fit the network.
        ServiceError: published weights cannot be fetched.
    """
    config = network.config
    if config.weights == "none":
        _check_expected(config, "")
        return None
    known = PUBLISHED.get(config.weights)
    if known is not None:
        if config.backbone != known.backbone:
            raise ConfigError(
                f"params.yaml: mask_rcnn.weights: {config.weights} are of another backbone",
                received=config.backbone,
                needed=f"mask_rcnn.backbone: {known.backbone}",
                remedy=f"set it, or mask_rcnn.weights: none or a file of {config.backbone}",
            )
        path, fresh = fetch(known.file, cache_folder() / "weights"), known.fresh
    else:
        path, fresh = _given_file(config.weights), lambda name: False
    content = read_content(path)
    sha256 = hashlib.sha256(content).hexdigest()
    vouched = _check_expected(config, sha256)
    vouched = "its publisher's md5" if known is not None else check_hash(path, sha256) or vouched
    report = transfer(network, content, config.weights, sha256, vouched, fresh, config.weights_exclude)
    report.log()
    return report


def weights_digest(weights: str) -> str:
    """What tells starting weights apart beside their name: the sha256 of a given file; of published ones the md5.

    Raises:
        ConfigError: the name is no file.
    """
    if weights == "none":
        return ""
    if weights in PUBLISHED:
        return PUBLISHED[weights].file.md5
    with _given_file(weights).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_hash(path: Path, sha256: str) -> str:
    """Compare a file's hash with the one beside it, in `FILE.sha256` or our own `model.json`; returns which, or "".

    Raises:
        ModelError: it is another one, or the file beside it holds none.
    """
    sidecar, description = path.with_name(path.name + ".sha256"), path.with_name("model.json")
    if sidecar.is_file():
        said, where = sidecar.read_text(encoding="utf-8", errors="replace").lower().split(maxsplit=1)[:1], sidecar
    elif path.name == "weights.h5" and description.is_file():
        said, where = [_described_hash(description)], description
    else:
        return ""
    if said != [sha256]:
        raise ModelError(
            f"{path} is not the file that {where} describes",
            received=f"sha256 {sha256}",
            needed=f"sha256 {said[0] if said else '(64 hexadecimal digits)'}",
            remedy="get the file again, or its hash if it was changed on purpose",
        )
    return where.name


def _check_expected(config: MaskRCNNConfig, sha256: str) -> str:
    """Compare a file's hash with the one that the configuration expects; returns its key, or "" if it expects none."""
    if config.weights_sha256 and config.weights_sha256 != sha256:
        raise ModelError(
            f"{config.weights} are not the weights that mask_rcnn.weights_sha256 in params.yaml expects",
            received=f"sha256 {sha256}" if sha256 else "no file",
            needed=f"sha256 {config.weights_sha256}",
            remedy='get that file again; if it was changed on purpose, set mask_rcnn.weights_sha256: "" or run '
            "`tryon experiment` again, which fills it in",
        )
    return "mask_rcnn.weights_sha256" if config.weights_sha256 else ""


def transfer(
    network: MaskRCNN,
    content: bytes,
    source: str,
    sha256: str,
    vouched: str,
    fresh: Callable[[str], bool] = lambda name: False,
    exclude: Sequence[str] = (),
) -> WeightReport:
    """Fill a network from the bytes of a file, layer by layer of the same name.

    Args:
        fresh: whether a layer of this name starts anew whatever the file holds.
        exclude: names, or regular expressions for whole names, of further layers that start anew.

    Raises:
        ConfigError: an excluded name is no layer's.
        ModelError: the file is damaged; a layer is missing or of another shape without being allowed to; the
            backbone is another one.
    """
    ours = layer_shapes(network)
    _refuse_exclusion_of_nothing(exclude, ours)
    skipped = {name for name in ours if fresh(name) or any(re.fullmatch(pattern, name) for pattern in exclude)}
    with WeightFile(content, source) as file:
        _refuse_other_backbone(file, set(ours))
        anew = _other_classes(file, ours, skipped)
        present = [name for name in ours if name in file.shapes and name not in skipped | set(anew)]
        missing = [name for name in ours if name not in file.shapes and name not in skipped]
        _refuse_misfits(file, ours, present, missing)
        values = {name: file.read(name, ours[name]) for name in present}
        if file.check_digest(values):
            vouched = vouched or "its own digest"
        unused = [name for name in file.shapes if name not in ours]
    set_weights(network, values)
    return WeightReport(
        source, sha256, vouched, tuple(present), tuple(name for name in ours if name in skipped), tuple(missing),
        tuple(anew.values()), tuple(unused),
    )  # fmt: skip


def _refuse_exclusion_of_nothing(exclude: Sequence[str], names: Iterable[str]) -> None:
    idle = [pattern for pattern in exclude if not any(re.fullmatch(pattern, name) for name in names)]
    if idle:
        raise ConfigError(
            "params.yaml: mask_rcnn.weights_exclude names no layer of the network",
            received=", ".join(idle),
            needed="names of layers with weights, or regular expressions for whole names",
            remedy="correct the name, or leave it out",
        )


def _refuse_other_backbone(file: WeightFile, ours: set[str]) -> None:
    """By name alone a deeper network's first blocks would fit a shallower one, and mean nothing there."""
    own, theirs = ({name for name in names if re.fullmatch(BACKBONE, name)} for names in (ours, set(file.shapes)))
    if own != theirs:
        lacks, has_more = sorted(own - theirs)[:3], sorted(theirs - own)[:3]
        raise ModelError(
            f"{file.source}: the file is of another backbone",
            received=f"without {', '.join(lacks)}" if lacks else f"with {', '.join(has_more)}",
            needed=f"exactly the {len(own)} backbone layers of the network",
            remedy="set mask_rcnn.backbone to the one of the file",
        )


def _other_classes(file: WeightFile, ours: dict[str, Shapes], skipped: set[str]) -> dict[str, str]:
    """The class-specific layers whose number of classes is another one, described; they must agree on that number."""
    present = [name for name in CLASS_HEADS if name in file.shapes and name not in skipped and name in ours]
    counts = {name: (_classes(name, file.shapes[name]), _classes(name, ours[name])) for name in present}
    if len({theirs for theirs, _ in counts.values()}) > 1:
        raise ModelError(
            f"{file.source}: the heads do not agree on the number of classes",
            received=", ".join(f"{name} {theirs or 'none'}" for name, (theirs, _) in counts.items()),
            needed="one number",
            remedy="get the file again from where it came",
        )
    return {
        name: f"{name} {file.shapes[name]} in the file, {ours[name]} here"
        for name, (theirs, own) in counts.items()
        if theirs and theirs != own
    }


def _classes(name: str, shapes: Shapes) -> float:
    """How many classes the bias of a head stands for; 0 if it has none."""
    outputs = shapes[-1][0] if shapes and len(shapes[-1]) == 1 else 0
    return outputs / 4 if name == "mrcnn_bbox_fc" else outputs


def _refuse_misfits(file: WeightFile, ours: dict[str, Shapes], present: list[str], missing: list[str]) -> None:
    faults = [
        f"{name} {file.shapes[name]} in the file, {ours[name]} here"
        for name in present
        if file.shapes[name] != ours[name]
    ]
    faults += [f"{name} is not in the file" for name in missing if re.fullmatch(REFERENCE, name)]
    if faults or not present:
        raise ModelError(
            f"{file.source}: the weights do not fit the network",
            received="; ".join(faults) or "no layer of a name that the network has",
            needed="the same layers with the same shapes",
            remedy="change the sizes in params.yaml, mask_rcnn, to those of the file, or name the layers that shall "
            "start fresh in mask_rcnn.weights_exclude",
        )


def _given_file(weights: str) -> Path:
    path = Path(weights)
    path = path / "weights.h5" if path.is_dir() else path
    if not path.is_file():
        raise ConfigError(
            "params.yaml: mask_rcnn.weights names no weights that can be loaded",
            received=weights,
            needed="`none`, `imagenet`, `coco`, or the path of an HDF5 file or a model folder",
            remedy="set mask_rcnn.weights: none to train from scratch",
        )
    return path


def _described_hash(description: Path) -> str:
    try:
        return str(json.loads(description.read_text(encoding="utf-8"))["weights_sha256"])
    except (ValueError, TypeError, KeyError) as error:
        raise ModelError(f"{description} does not describe weights", received=error, needed="weights_sha256") from error
