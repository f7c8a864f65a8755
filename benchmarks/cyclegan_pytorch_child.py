"""The PyTorch CycleGAN's part of `benchmarks/side_by_side.py`; runs under an interpreter of its own, which has torch.

python cyclegan_pytorch_child.py CASE SIDE BATCH REPEATS THREADS

The networks and the step are written after the paper and the reference implementation's defaults: ResNet generators of
9 blocks and 64 filters, 70 x 70 critics, least-squares loss, cycle weight 10, identity weight 0.5, Adam. Prints one
JSON object as its last line.

Reference: Zhu et al., Unpaired image-to-image translation using cycle-consistent adversarial networks (2017), appendix
7.
"""

import itertools
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

BLOCKS, FILTERS = 9, 64
CYCLE_WEIGHT, IDENTITY_WEIGHT = 10.0, 0.5


class Residual(nn.Module):  # type: ignore[misc]
    """Two 3 x 3 convolutions behind mirrored borders, added to their input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        first, second = (
            [nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.InstanceNorm2d(channels)] for _ in range(2)
        )
        self.branch = nn.Sequential(*first, nn.ReLU(True), *second)

    def forward(self, x: Any) -> Any:
        return x + self.branch(x)


def generator() -> Any:
    """A ResNet generator: pictures (B, 3, S, S) of -1 to 1 to the same."""
    layers = [nn.ReflectionPad2d(3), *normalised(nn.Conv2d(3, FILTERS, 7), FILTERS)]
    for width in (2 * FILTERS, 4 * FILTERS):
        layers += normalised(nn.Conv2d(width // 2, width, 3, stride=2, padding=1), width)
    layers += [Residual(4 * FILTERS) for _ in range(BLOCKS)]
    for width in (2 * FILTERS, FILTERS):
        up = nn.ConvTranspose2d(2 * width, width, 3, stride=2, padding=1, output_padding=1)
        layers += normalised(up, width)
    return initialised(nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(FILTERS, 3, 7), nn.Tanh()))


def normalised(convolution: Any, width: int) -> list[Any]:
    return [convolution, nn.InstanceNorm2d(width), nn.ReLU(True)]


def critic() -> Any:
    """A critic that judges patches of 70 x 70: pictures (B, 3, S, S) to scores (B, 1, S / 8 - 2, S / 8 - 2)."""
    layers: list[Any] = [nn.Conv2d(3, FILTERS, 4, 2, 1), nn.LeakyReLU(0.2, True)]
    for width, stride in ((2 * FILTERS, 2), (4 * FILTERS, 2), (8 * FILTERS, 1)):
        convolution = nn.Conv2d(width // 2, width, 4, stride, 1)
        layers += [convolution, nn.InstanceNorm2d(width), nn.LeakyReLU(0.2, True)]
    return initialised(nn.Sequential(*layers, nn.Conv2d(8 * FILTERS, 1, 4, 1, 1)))


def initialised(network: Any) -> Any:
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, 0.0, 0.02)
            nn.init.zeros_(layer.bias)
    return network


def inference(pictures: Any) -> Callable[[], Any]:
    """One generator on pictures in memory."""
    network = generator().eval()

    def call() -> Any:
        with torch.no_grad():
            return network(pictures)

    return call


class Step:
    """A training step of both generators, then of both critics; the pool of earlier fakes is left out."""

    def __init__(self, plain: Any, pattern: Any) -> None:
        self.sides = (plain, pattern)
        self.generators, self.critics = (generator(), generator()), (critic(), critic())
        self.of_generators, self.of_critics = (
            torch.optim.Adam(itertools.chain(*(each.parameters() for each in networks)), 2e-4, (0.5, 0.999))
            for networks in (self.generators, self.critics)
        )

    def __call__(self) -> float:
        learn(self.critics, False)
        self.of_generators.zero_grad()
        losses, fakes = [], []
        for side in (0, 1):  # the generator of a side makes pictures of that side, its critic judges them
            own, other = self.sides[side], self.sides[1 - side]
            fake = self.generators[side](other)
            cycled = self.generators[1 - side](fake)
            same = self.generators[side](own)
            losses.append(judged(self.critics[side](fake), 1.0))
            losses.append(CYCLE_WEIGHT * nn.functional.l1_loss(cycled, other))
            losses.append(CYCLE_WEIGHT * IDENTITY_WEIGHT * nn.functional.l1_loss(same, own))
            fakes.append(fake.detach())
        total = torch.stack(losses).sum()
        total.backward()
        self.of_generators.step()
        learn(self.critics, True)
        self.of_critics.zero_grad()
        for own, fake, judge in zip(self.sides, fakes, self.critics, strict=True):
            (0.5 * (judged(judge(own), 1.0) + judged(judge(fake), 0.0))).backward()
        self.of_critics.step()
        return float(total.item())


def learn(networks: Iterable[Any], wanted: bool) -> None:
    for network in networks:
        network.requires_grad_(wanted)


def judged(scores: Any, target: float) -> Any:
    return torch.square(scores - target).mean()


def main() -> None:
    """Measure one case."""
    case = sys.argv[1]
    side, batch, repeats, threads = map(int, sys.argv[2:])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    plain, pattern = (2 * torch.rand(batch, 3, side, side) - 1 for _ in range(2))
    call = inference(plain) if case == "inference" else Step(plain, pattern)
    for _ in range(2):
        call()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    report = {
        "median_ms": 1000 * statistics.median(seconds),
        "least_ms": 1000 * min(seconds),
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
