#!/bin/sh
# Writes the workbooks beside this script with the programs that users' files come from. They are committed, as is what
# stockport has to read from them (../writers.rs); this is run only to make them anew or to add one.
#
# Needs Python 3, Node.js with npm, cargo, and these packages of Debian 12 (in brackets: the versions that made the files):
#   libreoffice-calc (7.4.7), gnumeric (1.12.55), libspreadsheet-writeexcel-perl (2.40), libexcel-writer-xlsx-perl (1.10)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet openpyxl==3.1.5 XlsxWriter==3.3.1 xlwt==1.3.0 PyExcelerate==0.13.0
npm install --silent xlsx@0.18.5 exceljs@4.4.0
cargo init --quiet --vcs none --name writers rust
(cd rust && cargo add --quiet rust_xlsxwriter@0.102.0 && cp "$here/make_rust_xlsxwriter.rs" src/main.rs && cargo run --quiet)
mv rust/rust_xlsxwriter.xlsx .
cp "$here/make.js" . && node make.js
perl "$here/make.pl"
venv/bin/python "$here/make.py" .

rm -f "$here"/*.xls* "$here"/*.ods
cp ./*.xls* ./*.ods "$here"
