"""Uploads, exports and plans, beside the peers that do anything of the kind; called by run.py.

The endpoint is the program in `sink`, built here: it reads, counts and echoes, and lists a file. What arrived is what it
counted. curl and aiohttp get their payloads from the same few lines of Python, the reading of the file included; stockport
surveys the file, plans, keeps its journal and checks each answer. Nobody lists, plans or checks but stockport.
"""
import importlib.util, json, os, pathlib, shutil, subprocess, sys, time, urllib.request

HERE = pathlib.Path(__file__).parent
PORT, SLOW_PORT, DELAY_MS, CONNECTIONS = 18771, 18772, 50, 64

PAYLOADS = r"""
import csv, itertools, json, sys
def payloads(source, batch):
    with open(source, newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        keys = [header.lower().replace(" ", "_") for header in next(rows)]
        while part := list(itertools.islice(rows, batch)):
            items = [{k: None if v in ("", "None", "N/A") else v for k, v in zip(keys, row)} for row in part]
            yield items if batch > 1 else items[0]
source, url, batch = sys.argv[1], sys.argv[2], int(sys.argv[3])
"""

# curl takes its requests from a file in which quotes and backslashes have a backslash before them.
CURL = PAYLOADS + r"""
import subprocess, tempfile
quoted = lambda text: '"' + text.replace('\\', '\\\\').replace('"', '\\"') + '"'
with tempfile.NamedTemporaryFile("w") as config:
    for number, payload in enumerate(payloads(source, batch)):
        config.write("next\n" if number else "")
        config.write(f'url = {quoted(url)}\nheader = "content-type: application/json"\noutput = /dev/null\nsilent\nfail\n')
        config.write(f'data-raw = {quoted(json.dumps(payload))}\n')
    config.flush()
    sys.exit(subprocess.call(["curl", "-s", "--parallel", "--parallel-max", "64", "-K", config.name]))
"""

AIOHTTP = PAYLOADS + r"""
import aiohttp, asyncio
async def main():
    waiting = payloads(source, batch)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64)) as session:
        async def work():
            for payload in waiting:
                async with session.post(url, json=payload) as answer:
                    await answer.read()
                    answer.raise_for_status()
        await asyncio.gather(*(work() for _ in range(64)))
asyncio.run(main())
"""

DUCKDB = r"""
import duckdb, shutil, sys, tempfile, urllib.request
url, out, fields = sys.argv[1], sys.argv[2], sys.argv[3].split()
with tempfile.NamedTemporaryFile(suffix=".json") as file:  # DuckDB reads http only through an extension
    shutil.copyfileobj(urllib.request.urlopen(url), file, 1 << 20)
    file.flush()
    columns = "{" + ", ".join(f"{field}: 'VARCHAR'" for field in fields) + "}"
    duckdb.sql(f"COPY (SELECT * FROM read_json('{file.name}', format='array', columns={columns})) TO '{out}' (FORMAT csv)")
"""

XLSXWRITER = r"""
import json, sys, urllib.request, xlsxwriter
url, out, fields = sys.argv[1], sys.argv[2], sys.argv[3].split()
book = xlsxwriter.Workbook(out, {"constant_memory": True})
sheet = book.add_worksheet()
sheet.write_row(0, 0, fields)
for y, item in enumerate(json.load(urllib.request.urlopen(url)), 1):
    for x, field in enumerate(fields):
        if item.get(field) is not None:
            sheet.write_string(y, x, str(item[field]))
book.close()
"""


class Sink:
    def __init__(self, program, port, *more):
        self.base = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen([program, str(port), *map(str, more)])
        for _ in range(600):
            try:
                self.get("/reset")
                return
            except OSError:
                time.sleep(0.1)
        sys.exit("the sink doesn't answer")

    def get(self, path):
        return json.load(urllib.request.urlopen(self.base + path))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def make_list(run, path, count):
    with open(path, "w", encoding="utf-8") as file:
        for at, row in enumerate(run.rows(count)):
            item = {field: None if value in run.BLANK else value for field, value in zip(run.FIELDS, row)}
            file.write(("," if at else "[") + json.dumps(item, ensure_ascii=False, separators=(",", ":")))
        file.write("]")


def measure(run, options, only, absent, results):
    folder, outputs, stockport = options.folder, options.outputs, os.environ["STOCKPORT"]
    target = folder / "sink"
    built = subprocess.call(["cargo", "build", "-q", "--release", "--manifest-path", HERE / "sink" / "Cargo.toml"],
                            env={**os.environ, "CARGO_TARGET_DIR": str(target)})
    if built:
        sys.exit("the sink can't be built")
    program = target / "release" / "sink"
    if shutil.which("curl") is None:
        absent.append("curl")
        print("absent: curl")
    # Journals and spools go beside the data.
    state, temporary = folder / "state", folder / "tmp"
    temporary.mkdir(exist_ok=True)
    os.environ.update(XDG_STATE_HOME=str(state), TMPDIR=str(temporary), CANNLYTICS_API_KEY="key")
    for name in ("STOCKPORT_ORG", "CANNLYTICS_API_URL"):
        os.environ.pop(name, None)

    def ours(command, *arguments, base):
        # Each run is the first of its state folder.
        script = f'rm -rf "{state}"; exec "$0" "$@"'
        return ["sh", "-c", script, stockport, command, *map(str, arguments), "--api", f"{base}/api", "--org", "bench",
                "--no-progress"]

    def table(kind, count, make):
        path = folder / f"{count}.{kind}"
        if not path.exists():
            make(path, count)
        return path

    def upload(sink, count, batch, jobs, peers):
        source = table("csv", count, run.make_csv)
        url = f"{sink.base}/api/inventory?organization_id=bench"
        commands = {"stockport": ours("import", source, "--batch", batch, "--jobs", jobs, base=sink.base)}
        for name, script in peers:
            if name not in absent:
                commands[name] = [sys.executable, "-c", script, source, url, str(batch)]
        sink.get("/reset")
        delay = f", {DELAY_MS} ms an answer" if sink.base.endswith(str(SLOW_PORT)) else ""
        measured = run.compare(f"upload, {count:,} items, {batch} a request{delay}", commands, options.runs)
        arrived, sent = sink.get("/stats")["items"], count * options.runs * len(commands)
        print(f"upload, {count:,} items, {batch} a request{delay}: {arrived:,} of {sent:,} arrived")
        for result in measured:
            result["items_per_second"] = count / result["wall"]
            print(f"  {result['what']}: {result['items_per_second']:,.0f} items/s")
        results.extend(measured)
        if arrived != sent:
            sys.exit("an upload lost items, or sent some twice")
        return measured[0]

    both = [("curl", CURL), ("aiohttp", AIOHTTP)]
    if "upload" in only:
        with Sink(program, PORT) as sink:
            upload(sink, min(options.rows, 200_000), 100, 16, both[:1])
            upload(sink, min(options.rows, 20_000), 1, CONNECTIONS, both)
        with Sink(program, SLOW_PORT, "--delay", DELAY_MS) as sink:
            ours_slow = upload(sink, min(options.rows, 6_000), 1, CONNECTIONS, both)
            share = ours_slow["items_per_second"] / (CONNECTIONS * 1000 / DELAY_MS)
            print(f"  that is {share:.2f} of {CONNECTIONS} connections ÷ {DELAY_MS} ms, the start included")
    if not {"export", "plan"} & set(only):
        return
    def items(count):
        return table("json", count, lambda path, count: make_list(run, path, count))

    if "export" in only:
        count = min(options.rows, 100_000)
        workbook = outputs / "exported.xlsx"
        with Sink(program, PORT, "--list", items(count)) as sink:
            commands = {"stockport": ours("export", workbook, "--force", base=sink.base)}
            if importlib.util.find_spec("xlsxwriter") is None:
                print("absent: XlsxWriter")
            else:
                commands["XlsxWriter"] = [sys.executable, "-c", XLSXWRITER, f"{sink.base}/list.json", outputs / "peer.xlsx",
                                          " ".join(run.FIELDS)]
            results.extend(run.compare(f"export, {count:,} items → xlsx", commands, options.runs))
            # What was written is read back by the program that the other rows hold to the plain reading.
            back = outputs / "exported.jsonl"
            subprocess.run([stockport, "convert", "--force", "--no-progress", workbook, back], check=True)
            written = sum(1 for _ in open(back, encoding="utf-8", newline="\n"))
            print(f"export: {written:,} of {count:,} items in the workbook")
            if written != count:
                sys.exit("an export is short")
    count = options.rows
    listed = items(count)
    with Sink(program, PORT, "--list", listed) as sink:
        export = ours("export", outputs / "stockport.csv", "--force", base=sink.base)
        if "export" in only:
            commands = {"stockport": export}
            if "duckdb" not in absent:
                commands["duckdb"] = [sys.executable, "-c", DUCKDB, f"{sink.base}/list.json", outputs / "peer.csv",
                                      " ".join(run.FIELDS)]
            results.extend(run.compare(f"export, {count:,} items → csv", commands, options.runs))
            written = sum(1 for _ in run.csv.reader(open(outputs / "stockport.csv", newline="", encoding="utf-8"))) - 1
            print(f"export: {written:,} of {count:,} items written")
            if written != count:
                sys.exit("an export is short")
        if "plan" in only:
            source = table("csv", count, run.make_csv)
            parts = {
                "stockport": ours("import", source, "--dry-run", base=sink.base),
                "reading the file alone": [stockport, "convert", source, outputs / "stockport.jsonl", "--force", "--no-progress"],
                "fetching and parsing alone": export,
            }
            measured = run.compare(f"plan, {count:,} rows against {count:,} items", parts, options.runs)
            results.extend(measured)
            apart = sum(result["wall"] for result in measured[1:])
            print(f"plan: {measured[0]['wall'] / apart:.2f} of reading and fetching apart")
