"""The two ways a request can fail for a reason its author can mend."""


class InputError(ValueError):
    """A value that the caller gave is wrong; the message says what was given and what is allowed.

    The command line turns it into a usage error (exit code 2).

    Example:
        >>> raise InputError("to_sparsity is 1.5; it must lie in (0, 1)")
        Traceback (most recent call last):
        leastloss.errors.InputError: to_sparsity is 1.5; it must lie in (0, 1)
    """


class ResourceError(RuntimeError):
    """Something outside the call is wrong: a corrupt file, no network, a missing run.

    The command line prints the message as one line and ends with exit code 1.

    Example:
        >>> raise ResourceError("mnist: train-images is truncated")
        Traceback (most recent call last):
        leastloss.errors.ResourceError: mnist: train-images is truncated
    """
