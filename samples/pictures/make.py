"""Makes the README's pictures anew, from real runs: `pip install rich`, `cargo build`, `python3 samples/pictures/make.py`."""

import io
import os
import pathlib
import subprocess
import tempfile

from rich.console import Console
from rich.text import Text

ROOT = pathlib.Path(__file__).resolve().parents[2]
PICTURES = {
    "import.svg": ["import", "samples/inventory.csv", "--sandbox", "--dry-run"],
    "inspect.svg": ["inspect", "samples/mapping/count.csv"],
    "diff.svg": ["diff", "samples/formats/inventory.xlsx", "samples/formats/inventory.xls"],
}

for name, args in PICTURES.items():
    with tempfile.TemporaryDirectory() as home:
        run = subprocess.run(
            [ROOT / "target/debug/stockport", *args, "--color", "always", "--no-progress"],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={"PATH": os.environ["PATH"], "HOME": home, "LANG": "C.UTF-8"},
        )
    text = Text.from_ansi(f"$ stockport {' '.join(args)}\n{run.stdout.decode()}")
    console = Console(record=True, width=100, file=io.StringIO(), force_terminal=True, color_system="standard")
    console.print(text)
    svg = console.export_svg(title="stockport", unique_id=name.removesuffix(".svg"))
    # Fonts come from the reader's machine, not from the network.
    start, end = svg.index("@font-face"), svg.rindex("@font-face")
    end = svg.index("}", end) + 1
    (ROOT / "samples/pictures" / name).write_text(svg[:start] + svg[end:], encoding="utf-8")
