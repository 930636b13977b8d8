"""``cvfast swap mask label``: a page to draw masks on faces."""

from __future__ import annotations

import webbrowser
from typing import Annotated

from cyclopts import Parameter

from cvfast.cli.common import Common
from cvfast.cli.swap_masking import Side, WorkspaceFolder, chosen_network

__all__ = ["EXAMPLES", "USAGE", "swap_mask_label"]

EXAMPLES = ("cvfast swap mask label work --side source",)
USAGE = "WORKSPACE [OPTIONS]"


def swap_mask_label(
    folder: WorkspaceFolder,
    /,
    *,
    side: Side = "source",
    port: Annotated[int, Parameter(help="0: any that is free.")] = 0,
    open_browser: Annotated[
        bool, Parameter(name="--browser", help="Open the page in a browser.")
    ] = True,
    common: Common | None = None,
) -> int:
    """Draw what is face and what is not, on a page in your browser; Ctrl-C ends it.

    The page is on this machine alone, under a secret address. All is saved at once, into the face
    pictures. A few dozen faces, the difficult ones, are enough for ``swap mask train``.
    """
    from cvfast.swap.mask_server import LabelServer
    from cvfast.swap.workspace import Workspace

    report = (common or Common()).report("swap")
    workspace = Workspace.open(folder)
    network, _ = chosen_network(workspace, None, generic=False)
    with LabelServer(workspace.faces(side), network=network, port=port) as server:
        report.result(f"{server.url} (Ctrl-C ends it)", kind="mask label", url=server.url)
        if open_browser:
            webbrowser.open(server.url)
        try:
            server.serve()
        except KeyboardInterrupt:
            report.note("ended; what was drawn is saved")
    return 0
