"""The recipe of the entry point ``export``: files of one network, written all or none."""

from pathlib import Path

import click

from leastloss.deploy import check_export, export_network
from leastloss.experiment.config import ExportConfig
from leastloss.experiment.export_run.chosen_network import chosen_network
from leastloss.options import names


def export(config: ExportConfig) -> Path:
    """Write the files of one network; returns their folder.

    Raises:
        InputError: If an option is wrong, a file is there already, the network cannot be written in
            a format, or ONNX Runtime gives other logits than the network.
        ResourceError: If the run or the file cannot be read, a package is missing, or nothing can
            be written.
    """
    out, formats, overwrite = Path(config.out), names(config.formats), config.overwrite == "yes"
    check_export(out, formats, overwrite=overwrite)  # before a network is fetched
    export_network(
        chosen_network(config),
        out,
        formats=formats,
        compacted=config.compact,
        license=config.license,
        overwrite=overwrite,
        say=click.echo,
    )
    return out
