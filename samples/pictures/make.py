"""Makes the README's pictures anew, from real runs on a real terminal (tmux): `pip install rich openpyxl`, `cargo build`, `python3 samples/pictures/make.py`."""

import html
import io
import json
import pathlib
import subprocess
import tempfile
import time

import openpyxl
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


def sheet(book, problems):
    """The rows of a workbook as a table, the cells at fault in red."""
    cells = book.active
    # A title runs over into the next columns, which are drawn before it.
    filled = [row for row in cells.iter_rows() if sum(cell.value is not None for cell in row) > 1]
    widths = [26, *(max(len(shown(cell)) * 7.3 for cell in column) + 12 for column in zip(*filled))]
    lefts = [sum(widths[:at]) for at in range(len(widths) + 1)]
    parts = []

    def box(row, column, text, kind, name=""):
        left, top, width = lefts[column], 22 * row, widths[column]
        parts.append(f'<g class="{kind}"{name}><rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="22"/>')
        parts.append(f'<text x="{left + 6:.1f}" y="{top + 15}">{html.escape(text)}</text></g>')

    for column in range(1, cells.max_column + 1):
        box(0, column, openpyxl.utils.get_column_letter(column), "edge")
    for row in range(1, cells.max_row + 1):
        box(row, 0, str(row), "edge")
        for column in range(cells.max_column, 0, -1):
            cell = cells.cell(row, column)
            place = f"{cells.title}!{cell.coordinate}"
            bad = place in problems
            box(row, column, shown(cell), "bad" if bad else "cell", f' data-cell="{place}"' if bad else "")
    return parts, lefts[-1], 22 * (cells.max_row + 1)


def shown(cell):
    """A cell's text, as a spreadsheet shows it."""
    if cell.value is None:
        return ""
    if cell.is_date:
        return f"{cell.value:%Y-%m-%d}"
    if cell.number_format == "00000":
        return f"{cell.value:05}"
    return f"{cell.value:.2E}" if cell.number_format == "0.00E+00" else str(cell.value).removeprefix("=")


def beside(workbook):
    """A messy workbook with its rejected cells, and below it what an import makes of it."""
    binary = ROOT / "target/debug/stockport"
    found = subprocess.run([binary, "inspect", workbook, "--json"], cwd=ROOT, check=True, capture_output=True, text=True)
    problems = {problem["cell"] for problem in json.loads(found.stdout)["problems"]}
    table, width, height = sheet(openpyxl.load_workbook(ROOT / workbook), problems)
    args = ["import", workbook, "--sandbox", "--dry-run"]
    lines = f"$ stockport {' '.join(args)}\n{Text.from_ansi(seen(args)).plain.rstrip()}".split("\n")
    top = height + 24
    width = max(width, 8 * max(map(len, lines)))
    text = [f'<text class="line" x="8" y="{top + 17 * at}">{html.escape(line).replace(" ", "&#160;")}</text>' for at, line in enumerate(lines)]
    style = (
        "svg{font:12px ui-monospace,Menlo,Consolas,monospace}rect{fill:#fff;stroke:#c9c9c9}text{fill:#222;white-space:pre}"
        ".edge rect{fill:#eee}.edge text{fill:#777}.bad rect{fill:#ffc7ce}.bad text{fill:#9c0006}.page{fill:#fff;stroke:none}"
    )
    size = f"{width + 16:.0f} {top + 17 * len(lines):.0f}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-8 -8 {size}"><style>{style}</style><rect class="page" x="-8" y="-8" width="100%" height="100%"/>'
    return "\n".join([head, *table, *text, "</svg>", ""])


for name, args in PICTURES.items():
    text = Text.from_ansi(f"$ stockport {' '.join(args)}\n{seen(args)}".rstrip())
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="standard")
    console.print(text)
    svg = console.export_svg(title="stockport", unique_id=name.removesuffix(".svg"))
    # Fonts come from the reader's machine, not from the network.
    start, end = svg.index("@font-face"), svg.rindex("@font-face")
    end = svg.index("}", end) + 1
    (ROOT / "samples/pictures" / name).write_text(svg[:start] + svg[end:], encoding="utf-8")

(ROOT / "samples/pictures/messy.svg").write_text(beside("samples/messy.xlsx"), encoding="utf-8")
