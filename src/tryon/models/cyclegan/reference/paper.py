"""The preset `paper`: networks, losses and recipe with the defaults of the PyTorch implementation."""

from tryon.config import CycleGANConfig


def paper_config() -> CycleGANConfig:
    """The section `cyclegan` with the reference's defaults, and without anything that is ours.

    `experiments/cyclegan_paper.yaml` says the same. An epoch of the reference shows every picture of the larger side
    once; here it is `steps_per_epoch` steps, 1000 as for 1000 pictures.

    Reference: Zhu et al. 2017 (arXiv 1703.10593), section 7.1; its implementation's options.
    """
    return CycleGANConfig(
        mode="per_pattern",
        unseen_patterns=[],
        size_px=256,
        generator_filters=64,
        generator_blocks=9,
        critic_filters=64,
        edge_kernel_px=7,
        upsampling="transposed",
        objective="cycle",
        cycle_weight=10.0,
        identity_weight=5.0,
        contrast_weight=1.0,
        contrast_identity_weight=1.0,
        contrast_patches=256,
        contrast_features=256,
        loss_region="picture",
        augmentation=[],
        plain_in_grey=False,
        mask_composite=False,
        mask_input=False,
        position_input=False,
        garment_input=False,
        garment_code=0,
        weight_averaging=0.0,
        pool_size=50,
        load_px=286,
        flip=True,
        learning_rate=0.0002,
        constant_epochs=100,
        decay_epochs=100,
        steps_per_epoch=1000,
        batch_size=1,
        keep_weights="last",
        grid_every_epochs=5,
    )
