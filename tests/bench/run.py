"""Runs stockport and its peers in turn and compares them; started by run.sh, which says how."""
import argparse, csv, importlib.util, json, os, pathlib, platform, random, re, shutil, statistics, subprocess, sys, tempfile, time

FIELDS = """admin_method approved approved_at approved_at_time area_id area_name category_name category_type dose
dose_number dose_units item_id item_type moved_at moved_at_time name quantity quantity_type serving_size status
strain_name supply_duration_days units volume volume_units weight weight_units""".split()
NUMBERS = {"quantity", "dose", "dose_number", "serving_size", "supply_duration_days", "volume", "weight"}
BLANK = {"", "None", "N/A"}
TIME = shutil.which("time") or sys.exit("GNU time is missing: it is the package 'time' of most distributions")


def title(field):
    return " ".join("ID" if word == "id" else word.capitalize() for word in field.split("_"))


def rows(count, seed=7):
    """The same rows for the same arguments. On purpose: leading zeros, ids of digits beyond 2**53, quotes, commas,
    letters beyond ASCII, a line break in some names, 5.00 and 1,234.50, dates in two spellings, half of the cells blank."""
    r = random.Random(seed)
    strains = ["Blue Dream", "Gelato #33", 'Girl Scout "Cookies"', "Crème Brûlée", "Wedding Cake, Phenotype 2", "1E5", "大麻"]
    blanks = ["", "", "", "None", "N/A"]

    def some(share, value):
        return value if r.random() < share else r.choice(blanks)

    for at in range(count):
        year, month, day = 2024 + at % 3, r.randint(1, 12), r.randint(1, 28)
        date = f"{year}-{month:02}-{day:02}" if at % 2 else f"{month:02}/{day:02}/{year}"
        clock = f"{r.randint(0, 23):02}:{r.randint(0, 59):02}:{r.randint(0, 59):02}"
        tag = f"{10**15 + at:024}" if at % 97 == 13 else f"1A40603000{at:014}"
        strain = r.choice(strains)
        name = strain + " Flower 3.5g" + ("\nsecond line" if at % 500 == 7 else "")
        weight = f"1,{r.uniform(0, 999):06.2f}" if at % 50 == 3 else f"{r.uniform(0, 1500):.2f}"
        yield [
            some(.2, "Oral"), some(.8, "true"), some(.6, date), some(.4, clock), some(.5, f"{r.randint(0, 399):05}"),
            some(.6, "Drying, North"), some(.9, "Shake/Trim"), some(.7, "ShakeTrim"), some(.15, f"{r.uniform(0, 10):.1f}"),
            some(.15, f"{r.randint(0, 39):03}"), some(.15, "mg"), tag, some(.8, "Flower"), some(.4, date), some(.3, clock),
            name, some(.95, str(r.randint(0, 4999))), some(.7, "WeightBased"), some(.1, "1"), some(.9, "active"),
            some(.7, strain), some(.1, str(r.randint(0, 89))), some(.9, "g"), some(.1, f"{r.uniform(0, 50):.3f}"),
            some(.1, "mL"), some(.5, weight), some(.5, "Grams"),
        ]


def make_csv(path, count):
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(map(title, FIELDS))
        out.writerows(rows(count))


def make_xlsx(path, count, inline=True):
    """With texts in their cells, or in the table that they share, as Excel writes them."""
    import xlsxwriter
    book = xlsxwriter.Workbook(path, {"constant_memory": inline, "strings_to_numbers": False})
    sheet = book.add_worksheet("Inventory")
    for y, row in enumerate([[title(field) for field in FIELDS], *rows(count)]):
        for x, value in enumerate(row):
            if value:
                sheet.write_string(y, x, value)
    book.close()


def wanted(field, value):
    """What a cell is to become, by the rules of the README."""
    if value in BLANK:
        return None
    if field in NUMBERS:
        bare = value.replace(",", "") if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", value) else value
        return float(bare) if re.fullmatch(r"(0|[1-9]\d*)(\.\d+)?", bare) else value
    if field.endswith("_at") and (date := re.fullmatch(r"(\d\d)/(\d\d)/(\d{4})", value)):
        return f"{date[3]}-{date[1]}-{date[2]}"
    return value


def differences(count, path):
    found = 0
    with open(path, encoding="utf-8", newline="\n") as file:
        for row in rows(count):
            line = file.readline()
            got = json.loads(line) if line else {}
            found += sum(got.get(field) != wanted(field, value) for field, value in zip(FIELDS, row))
        found += sum(1 for _ in file)
    return found


PEERS = {
    "polars": ("polars", """
import polars as pl, sys
pl.scan_csv(sys.argv[1], infer_schema=False, null_values=["", "None", "N/A"]).rename(
    lambda h: h.strip().lower().replace(" ", "_")).sink_ndjson(sys.argv[2])"""),
    "duckdb": ("duckdb", """
import duckdb, sys
duckdb.sql(f"COPY (SELECT * FROM read_csv('{sys.argv[1]}', all_varchar=true, nullstr=['', 'None', 'N/A'], "
           f"normalize_names=true)) TO '{sys.argv[2]}' (FORMAT json)")"""),
    "polars + fastexcel": ("fastexcel", """
import polars as pl, sys
frame = pl.read_excel(sys.argv[1], engine="calamine", infer_schema_length=0)
frame.rename(lambda h: h.strip().lower().replace(" ", "_")).write_ndjson(sys.argv[2])"""),
    "python-calamine": ("python_calamine", """
import json, sys
from python_calamine import CalamineWorkbook
rows = iter(CalamineWorkbook.from_path(sys.argv[1]).get_sheet_by_index(0).to_python())
keys = [h.strip().lower().replace(" ", "_") for h in next(rows)]
with open(sys.argv[2], "w", encoding="utf-8") as out:
    for row in rows:
        print(json.dumps({k: None if v in ("", "None", "N/A") else v for k, v in zip(keys, row)}, ensure_ascii=False), file=out)"""),
}


def once(command):
    """Wall and processor seconds and peak memory (MiB) of one run. The peak comes from GNU time: a child of this program
    would be charged with this program's own memory too."""
    with tempfile.NamedTemporaryFile("r") as accounts, tempfile.TemporaryFile("w+") as said:
        began = time.monotonic()
        code = subprocess.call([TIME, "-q", "-f", "%U %S %M", "-o", accounts.name, *command],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said)
        wall = time.monotonic() - began
        if code:
            said.seek(0)
            sys.exit(f"{command[0]} ended with {code}: {said.read()[-500:]}")
        user, system, peak = accounts.read().split()
    return wall, float(user) + float(system), int(peak) / 1024


def compare(work, commands, runs):
    """Runs the commands in turn, so that a machine that slows down slows down all of them."""
    taken = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            taken[name].append(once(command))
    results = []
    for name, measured in taken.items():
        ratios = [ours[0] / theirs[0] for ours, theirs in zip(taken["stockport"], measured)]
        wall, cpu, memory = zip(*measured)
        results.append({"work": work, "what": name, "wall": statistics.median(wall), "least": min(wall), "most": max(wall),
                        "cpu": statistics.median(cpu), "peak_mib": max(memory), "ratio": statistics.median(ratios)})
    return results


def show(results):
    lines = ["| work | what | wall s, median (least–most) | CPU s | peak MiB | stockport's wall ÷ this |", "|---|---|---|---|---|---|"]
    for r in results:
        ratio = "" if r["what"] == "stockport" else f"{r['ratio']:.2f}"
        lines.append(f"| {r['work']} | {r['what']} | {r['wall']:.2f} ({r['least']:.2f}–{r['most']:.2f}) | {r['cpu']:.2f} "
                     f"| {r['peak_mib']:.0f} | {ratio} |")
    print("\n".join(lines))


def main():
    options = argparse.ArgumentParser(description="Compares stockport with its peers.")
    options.add_argument("--folder", type=pathlib.Path, required=True)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--only", default="csv,xlsx,upload,export,plan,start")
    options = options.parse_args()
    stockport, folder, only = os.environ["STOCKPORT"], options.folder, options.only.split(",")
    absent = [name for name, (module, _) in PEERS.items() if importlib.util.find_spec(module) is None]
    for name in absent:
        print(f"absent: {name}")
    results, wrong = [], 0
    # On a file system in memory where there is one, so that nobody's time is the disk's. Journals and spools stay on the disk.
    memory = pathlib.Path("/dev/shm")
    space = shutil.disk_usage(memory).free if memory.is_dir() else 0
    place = tempfile.TemporaryDirectory(dir=memory if space > options.rows * 4000 else folder)
    outputs = options.outputs = pathlib.Path(place.name)

    def reading(kind, count, make, peers, name=None):
        nonlocal wrong
        source = folder / f"{name or count}.{kind}"
        if not source.exists():
            make(source, count)
        ours = outputs / "stockport.jsonl"
        commands = {"stockport": [stockport, "convert", "--force", "--no-progress", source, ours]}
        for name in peers:
            if name not in absent:
                commands[name] = [sys.executable, "-c", PEERS[name][1], source, outputs / "peer.jsonl"]
        shared = ", shared strings" if str(source).endswith("-shared.xlsx") else ""
        results.extend(compare(f"{kind} → jsonl, {count:,} rows{shared}", commands, options.runs))
        found = differences(count, ours)
        print(f"{kind}, {count:,} rows: {found} differences from the plain reading")
        wrong += found

    if "csv" in only:
        for count in sorted({min(options.rows, 100_000), options.rows}):
            reading("csv", count, make_csv, ["polars", "duckdb"])
    if "xlsx" in only:
        if importlib.util.find_spec("xlsxwriter") is None:
            print("absent: XlsxWriter, which makes the workbooks")
        else:
            for count in sorted({min(options.rows, 10_000), min(options.rows, 100_000)}):
                reading("xlsx", count, make_xlsx, ["polars + fastexcel", "python-calamine"])
            count = min(options.rows, 100_000)
            reading("xlsx", count, lambda path, count: make_xlsx(path, count, inline=False), ["polars + fastexcel"], f"{count}-shared")
    if {"upload", "export", "plan"} & set(only):
        import network
        network.measure(sys.modules[__name__], options, only, absent, results)
    if "start" in only:
        results.extend(compare("--help", {"stockport": [stockport, "--help"]}, max(options.runs, 20)))
    show(results)
    size = os.path.getsize(stockport) / 1e6
    print(f"\nthe program's size: {size:.1f} MB")
    machine = {"cpus": os.cpu_count(), "machine": platform.machine(), "system": platform.platform()}
    document = {"machine": machine, "rows": options.rows, "runs": options.runs, "megabytes": size, "absent": absent, "results": results}
    (folder / "results.json").write_text(json.dumps(document, indent=1))
    print(f"written: {folder / 'results.json'}")
    place.cleanup()
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
