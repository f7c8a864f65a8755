"""`tryon adopt`: models that were trained elsewhere."""

from pathlib import Path
from typing import Annotated

import typer

from tryon.cli.application import app
from tryon.errors import UsageError


@app.command()
def adopt(
    to_pattern: Annotated[Path, typer.Argument(metavar="TO_PATTERN", help="*_net_G_A.pth, from plain to the pattern.")],
    to_plain: Annotated[Path, typer.Argument(metavar="TO_PLAIN", help="*_net_G_B.pth, from the pattern to plain.")],
    out: Annotated[Path, typer.Option(help="Model folder to write; its name is the pattern's.")],
    garments: Annotated[Path, typer.Option(help="Cut-outs (RGBA) of garments of the pattern.")],
    size: Annotated[int, typer.Option(min=32, max=1024, help="Side that the generators were trained at.")] = 256,
) -> None:
    """Use generators trained with the PyTorch CycleGAN.

    Nothing in the checkpoints is executed.

    \b
    Example:
    tryon adopt latest_net_G_A.pth latest_net_G_B.pth --garments data/domains/blue/trainB --out models/cyclegan/blue
    """
    if size % 4:
        raise UsageError("--size must be a multiple of 4", received=size)
    from tryon.models.cyclegan.reference.generators import adopt_generators

    found = adopt_generators(to_pattern, to_plain, garments, out, size)
    print(f"{out}: generators of {found.generator_blocks} blocks, {found.generator_filters} filters, {size} px")
