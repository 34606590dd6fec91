"""What runs behind a layer."""

import torch
from torch import Tensor, nn

from leastloss.models.spans import spans_of


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
