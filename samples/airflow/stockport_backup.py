"""A backup each night, and a check of its snapshots, as an Airflow DAG (Airflow 2.4 or newer).

The worker needs the environment STOCKPORT_ORG, and STOCKPORT_KEY_FILE with the path of a file that holds the API key and
that its user alone can read. COMMAND names the binary; or, a word an element, the image of samples/container (user 65532):

    docker run --rm -v stockport:/state -v /srv/backups:/backups -v /etc/stockport.key:/key:ro
        -e STOCKPORT_ORG -e STOCKPORT_KEY_FILE=/key stockport:0.2.0
"""

import json
import subprocess
from datetime import datetime, timedelta

from airflow.decorators import dag, task
from airflow.exceptions import AirflowException, AirflowFailException

COMMAND = ["stockport"]
BACKUPS = "/backups"

# Exit codes that another attempt doesn't change (`stockport help exit-codes`). Any other failure is tried again.
FINAL = {
    2: "the command line is wrong",
    3: "some rows were rejected or failed; the summary names the file that holds them",
    4: "a list is incomplete, a verification found a difference, or a snapshot is damaged",
}


def stockport(*arguments):
    """Runs stockport and returns its JSON summary. What it prints for people goes to the task's log."""
    done = subprocess.run([*COMMAND, *arguments, "--json"], stdout=subprocess.PIPE, encoding="utf-8", check=False)
    try:
        summary = json.loads(done.stdout)
    except ValueError:
        summary = {}
    if done.returncode == 0:
        return summary
    reason = summary.get("error") or FINAL.get(done.returncode) or "see the log"
    message = f"stockport ended with exit code {done.returncode}: {reason}"
    if done.returncode in FINAL:
        raise AirflowFailException(message)
    raise AirflowException(message)


@dag(
    schedule="0 2 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    # One at a time: a second backup would wait for the first.
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=10), "execution_timeout": timedelta(hours=4)},
    tags=["stockport"],
)
def stockport_backup():
    @task
    def create():
        return stockport("backup", "create", BACKUPS, "--keep-daily", "14", "--keep-weekly", "8", "--keep-monthly", "24")

    @task
    def verify():
        return stockport("backup", "verify", BACKUPS)

    create() >> verify()


stockport_backup()
