import torch

from leastloss.data import CORRUPTIONS, corrupt
from leastloss.data.corruptions.registry import Corruption
from leastloss.seeds import torch_stream


def test_severities_are_those_of_the_literature():
    # Typed from corruptions.py of MNIST-C; make_imagenet_c.py has the same where it has the same
    # corruption. Occlusion: 8, 16 and 20 of 32 pixels are Cutout's, for three data sets.
    assert {name: corruption.severities for name, corruption in CORRUPTIONS.items()} == {
        "gaussian": (0.08, 0.12, 0.18, 0.26, 0.38),
        "shot": (60, 25, 12, 5, 3),
        "impulse": (0.03, 0.06, 0.09, 0.17, 0.27),
        "speckle": (0.15, 0.2, 0.35, 0.45, 0.6),
        "gaussian-blur": (1, 2, 3, 4, 6),
        "motion-blur": ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15)),
        "brightness": (0.1, 0.2, 0.3, 0.4, 0.5),
        "contrast": (0.4, 0.3, 0.2, 0.1, 0.05),
        "pixelate": (0.6, 0.5, 0.4, 0.3, 0.25),
        "rotation": (0.2, 0.4, 0.6, 0.8, 1.0),
        "translation": (1, 2, 3, 4, 5),
        "occlusion": (4 / 32, 8 / 32, 12 / 32, 16 / 32, 20 / 32),
    }


def test_every_corruption_says_what_it_does_and_where_its_numbers_come_from():
    for corruption in CORRUPTIONS.values():
        assert corruption.summary
        assert corruption.source


def test_a_new_corruption_is_one_function_and_one_line(monkeypatch):
    def darken(x: torch.Tensor, amount: float, generator: torch.Generator) -> torch.Tensor:
        return x - amount

    line = Corruption(
        name="darken", summary="less light", severities=(0.1, 0.2, 0.3, 0.4, 0.5), function=darken
    )
    monkeypatch.setitem(CORRUPTIONS, "darken", line)
    dark = corrupt(torch.full((1, 1, 2, 2), 0.25), "darken", 3, torch_stream(0, "x"))
    assert dark.max() == 0
