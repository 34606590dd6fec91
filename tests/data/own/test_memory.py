import pytest

from leastloss.data.own.memory import check_memory, machine_memory
from leastloss.errors import ResourceError


def test_what_is_larger_than_the_machine_is_refused():
    check_memory("a.npz", machine_memory())
    with pytest.raises(ResourceError, match=r"a\.npz would take 1,048,576 GiB of memory"):
        check_memory("a.npz", 2**50)
