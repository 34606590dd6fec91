"""Methods beside their controls."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from leastloss.controls import CONTROLS
from leastloss.evaluation import metric_of
from leastloss.report.formats import number, percent, span
from leastloss.report.missing_controls import Role
from leastloss.report.parts import Cell, Grid, Section


def controls_section(areas: pd.DataFrame, roles: Mapping[str, Role]) -> Section:
    """The section of controls.

    Args:
        areas: What :func:`leastloss.report.numbers.means` says of ``area:<metric>``.
        roles: Method -> its role.
    """
    grids: list[Grid] = []
    methods = {name: role for name, role in roles.items() if role.kind == "method"}
    for quantity, rows in areas.groupby("quantity", sort=False):
        metric = str(quantity).partition(":")[2]
        found = {row["method"]: row for row in rows.to_dict("records")}
        what = metric_of(metric).heading
        grids.append(
            Grid(
                caption=f"{what[0].upper()}{what[1:]}, mean up to {percent(rows['at'].iloc[0])}, "
                f"n = {int(rows['n'].max())}",
                unit="%",
                head=["itself", *[f"{name}{'…' * name.endswith('@')}" for name in CONTROLS]],
                rows={
                    name: [
                        _cell(found.get(name), metric),
                        *[_cell(found.get(other or ""), metric) for other in _in_order(role)],
                    ]
                    for name, role in methods.items()
                },
                folded=bool(grids),
            )
        )
    lead = [
        "What of a method's worth is its score? `random@` and `magnitude@` remove as many parts of "
        "each layer as the method does, `shuffled@` as its mask shuffled inside each layer, and "
        "`small-dense` is a dense network of equal size, trained from the start. A method that "
        "does not beat them owes its worth to something else; one without them is incomplete.",
    ]
    notes = [
        f"`{name}` is incomplete: {', '.join(role.missing)} not run."
        for name, role in methods.items()
        if role.missing
    ]
    if methods and not any(role.controls for role in methods.values()):
        grids = []
        notes = [
            "None of these methods has controls among the runs, so all of them are incomplete. "
            "`mlflow run . -e prune` makes them with the methods."
        ]
    return Section(anchor="controls", title="Controls", lead=lead, grids=grids, notes=notes)


def _in_order(role: Role) -> list[str | None]:
    """The method that is each of the controls, None for those that are not there."""
    return [
        next((other for one, other in role.controls.items() if one.startswith(control)), None)
        for control in CONTROLS
    ]


def _cell(row: Mapping[Any, Any] | None, metric: str) -> Cell:
    if row is None:
        return Cell()
    return Cell(value=number(row["mean"], metric), small=span(row["low"], row["high"], metric))
