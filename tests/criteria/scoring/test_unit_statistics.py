"""What a hidden unit's feature is."""

import pytest
import torch

from leastloss.criteria.scoring.unit_statistics import by_unit
from leastloss.errors import InputError


@pytest.mark.parametrize("flat", [True, False])
def test_the_feature_of_a_channel_is_its_mean_over_positions(flat: bool) -> None:
    values = torch.arange(24.0).reshape(2, 3, 2, 2)
    read = by_unit(values.flatten(1) if flat else values, 3)
    torch.testing.assert_close(read.mean(dim=2), values.mean(dim=(2, 3)))


def test_sequences_are_read_by_their_last_axis() -> None:
    values = torch.rand(2, 5, 3)
    torch.testing.assert_close(by_unit(values, 3).mean(dim=2), values.mean(dim=1))
    for wrong in (torch.zeros(2, 5), torch.zeros(2, 5, 4), torch.zeros(2, 4, 3, 3)):
        with pytest.raises(InputError, match="is not that of 3 units"):
            by_unit(wrong, 3)
