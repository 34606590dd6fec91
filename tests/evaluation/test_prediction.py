import pytest
import torch
from torch import nn

from leastloss.errors import InputError
from leastloss.evaluation import predict


def network():
    torch_state = torch.Generator().manual_seed(0)
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(12, 5), nn.BatchNorm1d(5), nn.Dropout(), nn.ReLU()
    )
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=torch_state))
    return model


def test_evaluation_mode_during_and_each_mode_back_afterwards():
    model = network()
    model.train()
    model[2].eval()
    before = [module.training for module in model.modules()]
    statistics = model[2].running_mean.clone()
    x = torch.rand(9, 3, 2, 2)
    first, second = predict(model, x), predict(model, x)
    assert torch.equal(first, second)  # dropout would make them differ
    assert [module.training for module in model.modules()] == before
    assert torch.equal(model[2].running_mean, statistics)
    assert not first.requires_grad


def test_mode_comes_back_after_a_failure():
    model = network().train()
    with pytest.raises(InputError, match="does not run on samples of shape"):
        predict(model, torch.rand(4, 7))
    assert model.training


def test_batches_do_not_matter():
    model, x = network(), torch.rand(10, 12)
    assert torch.allclose(predict(model, x, batch_size=3), predict(model, x), atol=1e-6)


class Exported(nn.Module):
    """Behaves as what torch.export gives: always ready to evaluate, and no mode to set."""

    def forward(self, x):
        return 2 * x

    def train(self, mode=True):
        raise NotImplementedError("Calling train() is not supported yet.")

    def eval(self):
        raise NotImplementedError("Calling eval() is not supported yet.")


def test_logits_of_positions_stay_where_they_are():
    x = torch.rand(5, 3, 4)
    assert torch.equal(predict(nn.Identity(), x, batch_size=2), x)


def test_an_exported_program_can_be_evaluated():
    assert torch.equal(predict(Exported(), torch.eye(3)), 2 * torch.eye(3))


@pytest.mark.parametrize(
    ("model", "x", "batch_size", "message"),
    [
        (nn.Identity(), torch.zeros(0, 3), 8, "no samples"),
        (nn.Identity(), torch.zeros(2, 3), 0, "batch_size is 0"),
        (nn.Flatten(0), torch.zeros(2, 3), 8, "must return logits"),
    ],
)
def test_bad_input(model, x, batch_size, message):
    with pytest.raises(InputError, match=message):
        predict(model, x, batch_size)
