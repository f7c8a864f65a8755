"""`params.yaml` as frozen dataclasses, one for each section.

An unknown key, a missing key, a wrong type or a value out of range is a `ConfigError` that names file, key path, value
and what is accepted. Every field without a default must stand in the file. A stage reads its own section and `seed`.
"""

import re
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import Field, TypeAdapter, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from tryon.config_collections import CleaningConfig, CollectingConfig
from tryon.config_fields import (
    STRICT,
    AtLeastOne,
    Count,
    Flag,
    Fraction,
    HashBits,
    PatternName,
    Positive,
    Sha256,
    Side,
)
from tryon.errors import ConfigError
from tryon.yaml_files import read_yaml

PARAMS_FILE = Path("params.yaml")

LANDMARK_CLASS = "short sleeve top"
# What a pixel may show, where `mask_rcnn.other_garments` tells the shirts from what is worn with them.
GARMENT_KINDS = ("nothing", "shirt", "upper", "lower", "dress")
ALL_PATTERNS = "all"  # stands for every pattern of `garments.select` where one CycleGAN draws them all
NAMED_WEIGHTS = ("none", "imagenet", "coco")  # any other value of `weights` is a path

Section = TypeVar("Section")


@dataclass(frozen=True, config=STRICT)
class RenderConfig:
    """How much is rendered: the embedded default data."""

    size_px: Side
    photos: dict[Literal["train", "validation", "test"], Count]
    garments_per_pattern: dict[Literal["train", "validation", "test"], Count]
    answer_patterns: list[PatternName]


@dataclass(frozen=True, config=STRICT)
class PhotosConfig:
    """Which photos of a DeepFashion2 folder are used, and how they are divided."""

    path: str
    splits: dict[Literal["train", "validation", "test"], str]
    validation_fraction: Fraction
    categories: list[Annotated[int, Field(strict=True, ge=1, le=13)]]
    viewpoints: list[Annotated[int, Field(strict=True, ge=1, le=3)]]
    scales: list[Annotated[int, Field(strict=True, ge=1, le=3)]]
    occlusions: list[Annotated[int, Field(strict=True, ge=1, le=3)]]
    min_side_px: AtLeastOne
    max_side_px: AtLeastOne
    min_sharpness: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0)]
    exposure: tuple[Fraction, Fraction]
    near_duplicate_bits: HashBits
    max_photos: dict[Literal["train", "validation", "test"], Count]

    @model_validator(mode="after")
    def _shared_folder_is_divided(self) -> Self:
        """Only train and validation may name the same folder, and `validation_fraction` is what divides it."""
        folders = list(self.splits.values())
        shared = "train" in self.splits and self.splits.get("validation") == self.splits["train"]
        if len(set(folders)) < len(folders) - shared:
            raise ValueError("test must have a source folder of its own: only train and validation may share one")
        if shared != (0 < self.validation_fraction < 1):
            raise ValueError(
                "validation_fraction must lie between 0 and 1 where train and validation name the same folder, "
                "and be 0 where they do not"
            )
        return self


@dataclass(frozen=True, config=STRICT)
class GarmentsConfig:
    """Which garments of a collection are used, and which rows of its labels make up a pattern."""

    path: str
    select: dict[PatternName, dict[str, list[str]]]
    views: list[str]
    validation_fraction: Fraction
    min_side_px: AtLeastOne
    max_side_px: AtLeastOne
    near_duplicate_bits: HashBits


@dataclass(frozen=True, config=STRICT)
class ValidationConfig:
    """What the curated data must meet before anything is trained on it."""

    min_photos: dict[Literal["train", "validation", "test"], Count]
    min_garments_per_pattern: Count
    min_side_px: AtLeastOne
    categories: list[Annotated[int, Field(strict=True, ge=1, le=13)]]
    near_duplicate_bits: dict[Literal["photos", "garments"], HashBits]
    max_split_leaks: Count
    max_invalid_polygons: Fraction
    max_landmarks_outside: Fraction
    max_boxes_off: Fraction
    max_label_doubts: Fraction
    licences: list[Annotated[str, Field(min_length=1)]]
    drift: Literal["record", "fail"]


@dataclass(frozen=True, config=STRICT)
class AnnotationsConfig:
    """How the outlines are drawn that training learns from."""

    outline: Literal["landmarks", "segmentation"]


@dataclass(frozen=True, config=STRICT)
class MaskRCNNConfig:
    """Architecture and training of Mask R-CNN."""

    backbone: Literal["light", "resnet50", "resnet101"]
    conventions: Literal["ours", "reference"]
    class_names: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]
    image_size_px: Side
    image_min_px: Count
    fpn_channels: AtLeastOne
    rpn_channels: AtLeastOne
    rpn_levels: Annotated[list[Annotated[int, Field(strict=True, ge=2, le=6)]], Field(min_length=1)]
    anchor_scales: Annotated[list[Positive], Field(min_length=1)]
    anchor_ratios: Annotated[list[Positive], Field(min_length=1)]
    rpn_anchors: Annotated[int, Field(strict=True, ge=2)]
    proposals: AtLeastOne
    train_proposals: AtLeastOne
    rois_per_image: Annotated[int, Field(strict=True, ge=2)]
    head_channels: AtLeastOne
    mask_features: Literal["pyramid", "fine"]
    mask_channels: AtLeastOne
    mask_convolutions: AtLeastOne
    mask_pool_px: AtLeastOne
    mask_upsamplings: Annotated[int, Field(strict=True, ge=1, le=3)]
    mask_margin: Fraction
    landmarks: Flag
    landmark_channels: AtLeastOne
    face: Flag
    other_garments: Flag
    box_passes: Annotated[int, Field(strict=True, ge=1, le=3)]
    max_instances: AtLeastOne
    detections: AtLeastOne
    min_confidence: Fraction
    second_look: Flag
    second_look_margin: Fraction
    refinement: Literal["none", "guided", "graph_cut"]
    weights: str
    weights_sha256: Sha256
    weights_exclude: list[str]
    layers: Literal["heads", "3+", "4+", "5+", "all"]
    repetition: Count
    epochs: AtLeastOne
    batch_size: AtLeastOne
    optimizer: Literal["adamw", "sgd"]
    learning_rate: Positive
    warm_up_epochs: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0)]
    weight_decay: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0)]
    flip: Flag
    max_shift: Fraction
    max_scale: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, lt=1)]
    max_rotation_degrees: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=45)]
    recolour: Fraction
    colour_jitter: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, lt=1)]
    close_ups: Fraction
    surroundings: Fraction
    blanks: Fraction
    early_stop_epochs: Count
    keep_weights: Literal["last", "best"]
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"]
    devices: AtLeastOne

    def __post_init__(self) -> None:
        if len(self.rpn_levels) != len(self.anchor_scales):
            raise ValueError(f"anchor_scales needs one scale for each of the {len(self.rpn_levels)} rpn_levels")
        if self.rpn_levels != sorted(set(self.rpn_levels)):
            raise ValueError("rpn_levels must rise")
        if len(set(self.class_names)) < len(self.class_names):
            raise ValueError("class_names must differ from each other")
        if self.image_min_px and self.conventions == "ours":
            raise ValueError("image_min_px is of the reference's conventions: ours always fill the square")
        if self.mask_margin and self.conventions == "reference":
            raise ValueError("mask_margin is of our conventions: the reference's masks cover their boxes alone")
        if self.landmarks and LANDMARK_CLASS not in self.class_names:
            raise ValueError(f"landmarks are those of a {LANDMARK_CLASS}: name it in class_names or turn them off")
        if self.face and not self.landmarks:
            raise ValueError("face: the landmark head finds it; set landmarks: true, or face: false")
        if self.other_garments and self.mask_features != "fine":
            raise ValueError("other_garments are told apart on the fine map: set mask_features: fine")
        if self.early_stop_epochs and self.keep_weights == "last":
            raise ValueError("early_stop_epochs: the last epochs are the worse ones; set keep_weights: best")
        for pattern in self.weights_exclude:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"weights_exclude: {pattern!r} is no regular expression: {error}") from error
        if self.batch_size % self.devices:
            raise ValueError(f"batch_size must be a multiple of the {self.devices} devices")


@dataclass(frozen=True, config=STRICT)
class QualityConfig:
    """What Mask R-CNN must reach on the test photos before its cut-outs are used."""

    min_found_rate: Fraction
    min_mask_iou: Fraction
    min_boundary_iou: Fraction
    max_border_ciede2000: Positive


@dataclass(frozen=True, config=STRICT)
class CutoutsConfig:
    """Cut-outs of garments and worn shirts: pictures and masks on a neutral ground."""

    size_px: Side
    margin: Fraction
    min_area: Fraction
    max_train_photos: AtLeastOne


@dataclass(frozen=True, config=STRICT)
class DomainsConfig:
    """The two sides of each CycleGAN."""

    source: PatternName
    min_pictures: AtLeastOne
    max_pictures: AtLeastOne
    flips: Flag
    max_shift: Fraction
    max_scale: Fraction


@dataclass(frozen=True, config=STRICT)
class CycleGANConfig:
    """Architecture and training of the CycleGAN of one pattern, or of one for all of them."""

    mode: Literal["per_pattern", "conditional"]
    unseen_patterns: list[PatternName]
    size_px: Side
    generator_filters: AtLeastOne
    generator_blocks: AtLeastOne
    critic_filters: AtLeastOne
    edge_kernel_px: Literal[3, 5, 7]
    upsampling: Literal["transposed", "resize"]
    objective: Literal["cycle", "contrastive"]
    cycle_weight: Positive
    identity_weight: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0)]
    contrast_weight: Positive
    contrast_identity_weight: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0)]
    contrast_patches: Annotated[int, Field(strict=True, ge=2)]
    contrast_features: AtLeastOne
    loss_region: Literal["picture", "garment"]
    augmentation: list[Literal["colour", "translation", "cutout"]]
    plain_in_grey: Flag
    mask_composite: Flag
    mask_input: Flag
    position_input: Flag
    garment_input: Flag
    garment_code: Count
    weight_averaging: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, lt=1)]
    pool_size: Count
    load_px: Count
    flip: Flag
    learning_rate: Positive
    constant_epochs: AtLeastOne
    decay_epochs: Count
    steps_per_epoch: AtLeastOne
    batch_size: AtLeastOne
    keep_weights: Literal["last", "best"]
    grid_every_epochs: AtLeastOne
    threads: Count

    def __post_init__(self) -> None:
        if self.mode == "conditional" and not (self.garment_input or self.garment_code):
            raise ValueError("mode: conditional needs the garment: garment_input, a garment_code, or both")
        if self.mode == "per_pattern" and self.unseen_patterns:
            raise ValueError("unseen_patterns are of mode: conditional; a pattern of its own is always seen")
        if 0 < self.load_px < self.size_px:
            raise ValueError(f"load_px must be 0, or at least size_px ({self.size_px})")
        if (self.load_px or self.flip) and (self.garment_input or self.garment_code):
            raise ValueError("load_px and flip cut pictures anew; with garment_input or garment_code, set 0 and false")


@dataclass(frozen=True, config=STRICT)
class FittingConfig:
    """Photo and garment to result."""

    pairs_path: str
    border_px: Positive
    min_shirt_area: Fraction
    cloth: Literal["garment", "generator"]
    detail: Fraction
    match_colour: Fraction
    max_look_distance: Positive


@dataclass(frozen=True, config=STRICT)
class Params:
    """The whole of `params.yaml`."""

    seed: Annotated[int, Field(strict=True, ge=0, lt=2**31)]
    patterns: Annotated[list[PatternName], Field(min_length=1)]
    render: RenderConfig
    photos: PhotosConfig
    garments: GarmentsConfig
    validation: ValidationConfig
    annotations: AnnotationsConfig
    mask_rcnn: MaskRCNNConfig
    quality: QualityConfig
    cutouts: CutoutsConfig
    domains: DomainsConfig
    cyclegan: CycleGANConfig
    fitting: FittingConfig
    collecting: CollectingConfig
    cleaning: CleaningConfig

    @model_validator(mode="after")
    def _cutouts_are_not_enlarged(self) -> Self:
        """A CycleGAN sees what the photo shows, at its own size, not a smaller cut-out drawn larger."""
        if self.cutouts.size_px < self.cyclegan.size_px:
            raise ValueError(
                f"cutouts.size_px ({self.cutouts.size_px}) must be cyclegan.size_px ({self.cyclegan.size_px}) or more"
            )
        return self

    @model_validator(mode="after")
    def _patterns_fit_the_mode(self) -> Self:
        """One model for all patterns has one name; what is drawn, started from or kept unseen is there to select."""
        if (self.cyclegan.mode == "conditional") != (self.patterns == [ALL_PATTERNS]):
            raise ValueError(f"patterns must be [{ALL_PATTERNS}] where cyclegan.mode is conditional, and only there")
        named = {
            "patterns": [name for name in self.patterns if name != ALL_PATTERNS],
            "domains.source": [self.domains.source],
            "cyclegan.unseen_patterns": self.cyclegan.unseen_patterns,
        }
        for key, names in named.items():
            unknown = sorted(set(names) - set(self.garments.select))
            if unknown:
                raise ValueError(f"{key}: garments.select has no {', '.join(unknown)}")
        return self


def load_params(path: Path = PARAMS_FILE) -> Params:
    """Read and check a parameter file.

    Raises:
        ConfigError: the file is missing, not YAML, or a key is unknown, missing or out of range; all faults are listed.
    """
    content = read_yaml(path)
    try:
        return TypeAdapter(Params).validate_python(content)
    except ValidationError as error:
        raise ConfigError(
            f"{path} does not describe a run: {_first_faults(error)}",
            remedy=f"correct {path}; docs/reference/params.md explains every key",
        ) from error


def _first_faults(error: ValidationError) -> str:
    """Every fault as `key.path: what is wrong (got value)`, separated by semicolons."""
    faults = []
    for fault in error.errors(include_url=False):
        path = ".".join(str(part) for part in fault["loc"] if part != "[key]")
        wording = {"unexpected_keyword_argument": "unknown key", "missing": "missing key"}.get(
            fault["type"], fault["msg"]
        )
        whole_section = fault["type"] in {"unexpected_keyword_argument", "missing", "value_error"}
        got = "" if whole_section else f" (got {fault['input']!r})"
        faults.append(": ".join(filter(None, [path, f"{wording.removeprefix('Value error, ')}{got}"])))
    return "; ".join(faults)
