"""Registered models: versions of logged networks, and the aliases by which others load them."""

import re
from collections.abc import Mapping

from mlflow.exceptions import MlflowException

from leastloss.errors import InputError
from leastloss.tracking._store import client, store_errors


def check_model_name(name: str) -> None:
    """Refuse a name that no registered model can have.

    Raises:
        InputError: If it is blank, or has a slash, a colon or an at sign in it, which end a name in
            an address.

    Example:
        >>> check_model_name("digits/small")
        Traceback (most recent call last):
        leastloss.errors.InputError: register is 'digits/small'; a name without / : @ is needed
    """
    if not name.strip() or re.search("[/:@]", name):
        raise InputError(f"register is {name!r}; a name without / : @ is needed")


def register_model(name: str, model_id: str, run_id: str, tags: Mapping[str, str]) -> str:
    """Make a logged model the next version of a registered one, which is made if need be.

    Returns:
        The version.

    Raises:
        ResourceError: If the store does not take it.
    """
    with store_errors():
        try:
            client().create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        version = client().create_model_version(
            name, f"models:/{model_id}", run_id, tags=dict(tags), model_id=model_id
        )
    return str(version.version)


def set_alias(name: str, alias: str, version: str) -> None:
    """Let ``models:/<name>@<alias>`` be this version."""
    with store_errors():
        client().set_registered_model_alias(name, alias, version)
