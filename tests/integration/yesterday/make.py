#!/usr/bin/env python3
"""Makes the files of stockport 0.1.0 that stand beside this script. Run once, with the binary of that version:

    python3 make.py PATH/TO/stockport-0.1.0

They are not made again: a later version has to read what that version wrote. Journals note absolute paths, so the
work is done in one known folder (PLACE), which `yesterday.rs` replaces by its own. Databases are packed with zstd.
"""

import os, pathlib, shutil, signal, subprocess, sys, time

PLACE = pathlib.Path("/tmp/stockport-yesterday")
HERE = pathlib.Path(__file__).resolve().parent
BINARY = os.path.abspath(sys.argv[1])
WORK = PLACE / "work"
ENV = {
    "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(PLACE), "TMPDIR": str(PLACE / "tmp"),
    "XDG_STATE_HOME": str(PLACE / "state"), "XDG_DATA_HOME": str(PLACE / "data"), "XDG_CONFIG_HOME": str(PLACE / "config"),
}
SANDBOX = ["--sandbox", "--sandbox-dir", "sb"]


def stockport(*args, code=0):
    """Runs a command to its end."""
    run = subprocess.run([BINARY, *args], cwd=WORK, env=ENV, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    print("$", *args, "->", run.returncode, run.stdout, run.stderr, sep=" ")
    assert run.returncode == code
    # Names of runs and snapshots have a resolution of a second at worst.
    time.sleep(1.1)
    return run


def cut_short(how, *args):
    """Begins a command that takes a second an item, and ends it in the middle."""
    child = subprocess.Popen([BINARY, *args], cwd=WORK, env=ENV, stdin=subprocess.DEVNULL)
    time.sleep(4.5)
    child.send_signal(how)
    print("$", *args, "->", child.wait())
    time.sleep(1.1)


def write(name, text):
    (WORK / name).write_text(text)


def rows(ids, quantity):
    return "item_id,name,quantity\n" + "".join(f"{id},Item {id},{quantity}\n" for id in ids)


assert subprocess.run([BINARY, "--version"], capture_output=True, text=True).stdout == "stockport 0.1.0\n"
shutil.rmtree(PLACE, ignore_errors=True)
for folder in [WORK, PLACE / "tmp"]:
    folder.mkdir(parents=True)
write("stored.csv", rows([f"A{n:02}" for n in range(1, 11)], 5))
write("extra.csv", rows(["E01"], 1))
# Three are updated, two created, one is rejected, one unchanged.
write("count.csv", "Lot,What,On hand\nA01,Kush,7\nA02,Item A02,8\nA03,Item A03,9\nN01,New,1\nN02,Newer,2\nB/1,Slash,1\nA04,Item A04,5\n")
write("load.csv", rows([f"L{n:02}" for n in range(1, 9)], 3))
write("late.csv", rows([f"K{n:02}" for n in range(1, 9)], 3))
write("planned.csv", rows(["A05"], 6) + "P01,Planned,1\n")

stockport("import", "stored.csv", *SANDBOX)
stockport("backup", "create", "bk", *SANDBOX)
stockport("import", "extra.csv", *SANDBOX)
# It keeps a safety copy in the backup's own folder.
stockport("backup", "restore", "bk", "--exact", "--yes", *SANDBOX)
stockport("inspect", "count.csv", "--save-map", "map.toml")
text = (WORK / "map.toml").read_text()
text = text.replace('# Lot = ""', '"Lot" = "item_id"').replace('# What = ""', '"What" = "name"')
text = text.replace('# "On hand"', '"On hand"')
write("map.toml", text)
stockport("import", "count.csv", "--map", "map.toml", *SANDBOX, code=3)
stockport("backup", "create", "bk", *SANDBOX)
# Nothing has changed: a manifest, which shares the data.
stockport("backup", "create", "bk", *SANDBOX)
stockport("delete", "--ids", "A10", "--yes", *SANDBOX)
stockport("undo", *SANDBOX)
stockport("migrate", "--from", "sandbox-company", "--to", "sandbox-branch", "--certificate", "certificate", *SANDBOX)
cut_short(signal.SIGINT, "import", "load.csv", *SANDBOX, "--rate", "1", "--batch", "1", "--jobs", "1")
cut_short(signal.SIGKILL, "import", "late.csv", *SANDBOX, "--rate", "1", "--batch", "1", "--jobs", "1")
stockport("import", "planned.csv", "--plan-out", "plan.json", *SANDBOX)
write("config.toml", 'profile = "main"\n\n[profiles.main]\norg = "sandbox-company"\nkey_file = "main.key"\n'
      'defaults = { jobs = 4, batch = 50, retries = 2, timeout = 30, rate = 200 }\n\n'
      '[profiles.branch]\napi = "https://cannlytics.com/api"\norg = "sandbox-branch"\nkey_command = "echo none"\n')
stockport("runs")
for made in PLACE.rglob("*"):
    print(made.relative_to(PLACE), made.stat().st_size if made.is_file() else "")

for kept in ["work", "state", "data"]:
    shutil.rmtree(HERE / kept, ignore_errors=True)
    for path in sorted((PLACE / kept).rglob("*")):
        name = path.relative_to(PLACE)
        if path.is_dir() or name.suffix == ".html" or name.name.endswith("-shm"):
            continue
        (HERE / name).parent.mkdir(parents=True, exist_ok=True)
        if ".sqlite" in name.name:
            subprocess.run(["zstd", "-q", "-19", "-f", str(path), "-o", f"{HERE / name}.zst"], check=True)
        else:
            shutil.copyfile(path, HERE / name)
shutil.rmtree(PLACE)
