"""The preset `paper`: the reference's own options."""

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import yaml

from tryon.config import CycleGANConfig, load_params

ROOT = Path(__file__).parents[3]


def paper_config() -> CycleGANConfig:
    """The default with the preset's values in their place."""
    default = asdict(load_params(ROOT / "params.yaml").cyclegan)
    return CycleGANConfig(**{**default, **preset()})


def preset() -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load((ROOT / "experiments/cyclegan_paper.yaml").read_text())["cyclegan"]
    return values


def test_preset_has_the_references_options() -> None:
    options = json.loads((Path(__file__).parent / "goldens" / "default_options.json").read_text())
    config = paper_config()
    assert (config.size_px, config.load_px, config.flip) == (
        options["crop_size"],
        options["load_size"],
        not options["no_flip"],
    )
    assert options["preprocess"] == "resize_and_crop"
    assert options["netG"] == f"resnet_{config.generator_blocks}blocks" and options["no_dropout"]
    assert (options["netD"], options["n_layers_D"], options["norm"]) == ("basic", 3, "instance")
    assert (config.generator_filters, config.critic_filters) == (options["ngf"], options["ndf"])
    assert options["gan_mode"] == "lsgan" and config.objective == "cycle"
    assert config.cycle_weight == options["lambda_A"] == options["lambda_B"]
    assert config.identity_weight == options["lambda_identity"] * options["lambda_A"]
    assert (config.constant_epochs, config.decay_epochs) == (options["n_epochs"], options["n_epochs_decay"])
    assert (config.pool_size, config.learning_rate) == (options["pool_size"], options["lr"])
    assert (config.batch_size, config.grid_every_epochs) == (options["batch_size"], options["save_epoch_freq"])
    assert (options["lr_policy"], options["init_type"], options["init_gain"]) == ("linear", "normal", 0.02)
    assert options["beta1"] == 0.5


def test_experiment_says_every_key() -> None:
    # Keys of the contrastive objective mean nothing here.
    assert preset() == {k: value for k, value in asdict(paper_config()).items() if not k.startswith("contrast_")}


def test_preset_differs_from_the_default() -> None:
    default, paper = load_params(ROOT / "params.yaml").cyclegan, paper_config()
    same = {field.name for field in fields(paper) if getattr(default, field.name) == getattr(paper, field.name)}
    assert not same & {"size_px", "generator_blocks", "upsampling", "mask_input", "mask_composite", "load_px"}


def test_constants_of_networks_and_optimiser_are_the_references() -> None:
    from tryon.models.cyclegan import networks
    from tryon.training import cyclegan_step

    options = json.loads((Path(__file__).parent / "goldens" / "default_options.json").read_text())
    assert options["init_gain"] == networks.INITIAL_STD
    assert (options["beta1"], 0.2) == (cyclegan_step.ADAM_BETA_1, networks.CRITIC_SLOPE)
    assert networks.INSTANCE_NORM_EPSILON == 1e-5
