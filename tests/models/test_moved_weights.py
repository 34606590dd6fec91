import torch
from torch import Tensor, nn

from leastloss.models import BinarizedMLP
from leastloss.models.moved_weights import alike, run_once

X = torch.rand(8, 4, generator=torch.Generator().manual_seed(0))


class Scaled(nn.Linear):
    def forward(self, x: Tensor) -> Tensor:
        return 2 * super().forward(x)


class Tied(nn.Module):
    """The weight of its layer is used a second time, outside of the layer."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x) @ self.layer.weight


def test_a_run_holds_what_layers_read_and_give() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(inplace=True), nn.Linear(3, 2))
    run = run_once(model, X, ["0", "2"])
    assert torch.equal(run.inputs["0"][0], X)
    assert torch.equal(run.inputs["2"][0], model[0](X).relu())
    assert torch.equal(run.logits[0], model(X))
    assert not run.strange


def test_with_outputs_fixed_moved_weights_change_nothing_but_where_they_are_used_twice() -> None:
    torch.manual_seed(0)
    for model, names, same in (
        (nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2)), ["0", "2"], True),
        (BinarizedMLP(4, (3,), 2), ["layers.0"], True),
        (Tied(), ["layer"], False),
    ):
        weights = {name: value.clone() for name, value in model.state_dict().items()}
        first = run_once(model, X, names)
        moved = run_once(model, X, names, first, names)
        assert alike(moved, first) is same
        assert all(torch.equal(weights[n], value) for n, value in model.state_dict().items())


def test_a_layer_that_gives_something_else_than_weight_times_input_is_strange() -> None:
    model = nn.Sequential(Scaled(4, 3), nn.Linear(3, 2))
    assert run_once(model, X, ["0", "1"]).strange == {"0"}
