"""Makes the README's pictures anew, from real runs on a real terminal (tmux): `pip install rich`, `cargo build`, `python3 samples/pictures/make.py`."""

import io
import pathlib
import subprocess
import tempfile
import time

from rich.console import Console
from rich.text import Text

ROOT = pathlib.Path(__file__).resolve().parents[2]
COLUMNS = 100
PICTURES = {
    "import.svg": ["import", "samples/inventory.csv", "--sandbox"],
    "inspect.svg": ["inspect", "samples/mapping/count.csv"],
    "diff.svg": ["diff", "samples/formats/inventory.xlsx", "samples/formats/stock.xlsb"],
}


def seen(args):
    """What the terminal shows at the end."""
    with tempfile.TemporaryDirectory() as home:
        tmux = ["tmux", "-u", "-f", "/dev/null", "-S", f"{home}/tmux"]
        command = f"cd '{ROOT}'; env -i HOME='{home}' PATH=\"$PATH\" LANG=C.UTF-8 TERM=tmux-256color target/debug/stockport {' '.join(args)}"
        subprocess.run([*tmux, "new-session", "-d", "-x", str(COLUMNS), "-y", "120", f"{command}; printf '[ended]'; sleep 60"], check=True)
        try:
            screen = ""
            while "[ended]" not in screen:
                time.sleep(0.1)
                screen = subprocess.run([*tmux, "capture-pane", "-p", "-e"], check=True, capture_output=True, text=True).stdout
            return screen.split("[ended]")[0]
        finally:
            subprocess.run([*tmux, "kill-server"], check=True)


for name, args in PICTURES.items():
    text = Text.from_ansi(f"$ stockport {' '.join(args)}\n{seen(args)}".rstrip())
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="standard")
    console.print(text)
    svg = console.export_svg(title="stockport", unique_id=name.removesuffix(".svg"))
    # Fonts come from the reader's machine, not from the network.
    start, end = svg.index("@font-face"), svg.rindex("@font-face")
    end = svg.index("}", end) + 1
    (ROOT / "samples/pictures" / name).write_text(svg[:start] + svg[end:], encoding="utf-8")
