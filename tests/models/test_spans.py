"""What runs behind a layer."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from leastloss.models.spans import norms_behind, spans_of


def test_norms_belong_to_the_layer_before_them_and_other_states_are_opaque() -> None:
    net = nn.Sequential(
        *(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.BatchNorm2d(2), nn.Flatten(), nn.BatchNorm1d(8)),
        *(nn.Linear(8, 3), nn.BatchNorm1d(3), nn.PReLU(), nn.Linear(3, 2)),
    )
    found = spans_of(net.train(), torch.rand(2, 1, 4, 4))
    assert net.training
    assert list(found) == ["0", "5", "8"]
    assert [list(span.norms) for span in found.values()] == [["2", "4"], ["6"], []]
    assert [span.opaque for span in found.values()] == [[], ["7"], []]
    assert [span.reader for span in found.values()] == ["", "6", ""]  # "2" reads it behind the ReLU
    assert found["5"].inputs.shape == (2, 8)
    assert found["0"].outputs.shape == (2, 2, 2, 2)


def test_a_norm_that_runs_twice_is_opaque_and_one_before_all_layers_is_nobodys() -> None:
    class Twice(nn.Sequential):
        def forward(self, x: Tensor) -> Tensor:
            """Run the norm in front and behind."""
            return self[2](self[1](self[1](self[0](x))))

    assert spans_of(Twice(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Linear(3, 2)), torch.rand(1, 3))[
        "0"
    ].opaque == ["1", "1"]
    net = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 2))
    (span,) = spans_of(net, torch.rand(1, 3)).values()
    assert (span.norms, span.opaque) == ({}, [])


class Reads(nn.Module):
    """A convolution without bias, and what reads it: given as a function of (BatchNorm, output)."""

    def __init__(self, reader: Callable[[nn.Module, Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.norm = nn.Conv2d(1, 4, 3, bias=False), nn.BatchNorm2d(4)
        self.head, self.reader = nn.Linear(4, 2), reader

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(self.reader(self.norm, self.conv(x)).relu().mean((2, 3)))
        return out


def in_place(norm: nn.Module, z: Tensor) -> Tensor:
    out: Tensor = norm(z.relu_())
    return out


def added_in_place(norm: nn.Module, z: Tensor) -> Tensor:
    z += 0.5 * z.flip(1)
    out: Tensor = norm(z)
    return out


READERS: dict[str, tuple[Callable[[nn.Module, Tensor], Tensor], bool]] = {
    "alone": (lambda norm, z: norm(z), True),
    "two": (lambda norm, z: norm(z) + z, False),
    "in place": (in_place, False),
    "added": (added_in_place, False),
}


@pytest.mark.parametrize("case", READERS)
def test_a_norm_stands_for_a_bias_only_where_it_alone_reads_the_layer(case: str) -> None:
    reader, alone = READERS[case]
    net, x = Reads(reader).eval(), torch.rand(3, 1, 5, 5)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    assert norms_behind(net, x) == ({"conv": "norm"} if alone else {})
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in net.modules())


def test_a_norm_over_positions_stands_for_no_bias() -> None:
    net = nn.Sequential(nn.Linear(5, 4, bias=False), nn.BatchNorm1d(4), nn.Flatten())
    assert norms_behind(net, torch.rand(3, 4, 5)) == {}
    flat = nn.Sequential(nn.Linear(5, 4, bias=False), nn.BatchNorm1d(4))
    assert norms_behind(flat, torch.rand(3, 5)) == {"0": "1"}
