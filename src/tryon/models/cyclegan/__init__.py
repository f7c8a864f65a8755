"""CycleGAN on Keras 3: generators and critics of one pattern.

The paper's letters and our names, by domain: X is `plain`, Y is the pattern, G is `plain_to_pattern`, F is
`pattern_to_plain`, D_Y is `pattern_critic`, D_X is `plain_critic`. Pictures are float32 RGB; in [0, 1] at this
package's edge, [-1, 1] within.
"""

from tryon.models.cyclegan.garments import place_in_box, placed_in_turn
from tryon.models.cyclegan.networks import Architecture, build_critic, build_generator
from tryon.models.cyclegan.storage import PatternGenerator, load_pattern_generator, save_pattern_generator

__all__ = [
    "Architecture",
    "PatternGenerator",
    "build_critic",
    "build_generator",
    "load_pattern_generator",
    "place_in_box",
    "placed_in_turn",
    "save_pattern_generator",
]
