"""Take a picture of the first screens of a page, for the README.

    python scripts/screenshot.py <page.html or address> docs/images/report.png

Needs the dev extra and a Chromium or Chrome (LEASTLOSS_BROWSER names one elsewhere).
"""

import sys
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.browser import VARIABLE, browser, find_browser  # the folder is no package


@click.command(help=__doc__)
@click.argument("page")
@click.argument("picture", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--width", default=1280, show_default=True, help="Of the window, in pixels.")
@click.option("--height", default=1100, show_default=True, help="0: the whole page.")
@click.option("--dark", is_flag=True, help="In dark colours.")
@click.option("--anchor", default="", help="Start at this section.")
@click.option("--wait", default=0.3, show_default=True, help="Seconds to wait before the picture.")
def main(
    page: str, picture: Path, width: int, height: int, dark: bool, anchor: str, wait: float
) -> None:
    """Open the page and write the picture."""
    path = find_browser()
    if not path:
        raise click.UsageError(f"found no Chromium or Chrome; name one in {VARIABLE}")
    address = page if "://" in page else Path(page).resolve().as_uri()
    with browser(path) as opened:
        view = opened.new_page(
            viewport={"width": width, "height": height or 1000},
            color_scheme="dark" if dark else "light",
        )
        view.goto(f"{address}#{anchor}" if anchor else address)
        view.wait_for_timeout(1000 * wait)
        taken = view.screenshot(full_page=not height)
    from leastloss.plots import compact_png  # after the browser has answered

    picture.write_bytes(compact_png(taken))


if __name__ == "__main__":
    main()
