"""Writes the workbooks of this folder with the programs that a user's file may come from.

Each holds the same sheet "Stock", as far as the program can write it; `../writers.rs` says what is read from it. The tests
need none of these programs: the files are committed. Run by `make.sh`, which installs the programs.
"""

import datetime
import os
import subprocess
import sys

HEADER = ["item_id", "name", "quantity", "moved_at", "approved", "status"]
DAY = datetime.date(2026, 7, 22)
MOMENT = datetime.datetime(2026, 7, 22, 15, 52, 30)
TIME = datetime.time(9, 5, 0)
# Ids with leading zeros are text; the fourth row is blank; C5 is a formula whose value is 25, C6 an error.
FIRST = ["00187", "Crème brûlée 🍋", 12.5, DAY, True, TIME]
SECOND = ["1A4FF0100000022000000123", "two\nlines", -3, MOMENT, False]
FORMULA = ["00188", "柚子"]
ERROR = ["00189", "007"]


def openpyxl_file(name):
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Stock"
    for row in (HEADER, FIRST, SECOND):
        sheet.append(row)
    for line, row in ((5, FORMULA), (6, ERROR)):
        for column, value in enumerate(row, 1):
            sheet.cell(line, column, value)
    # openpyxl writes no value of a formula.
    sheet["C5"] = 25
    sheet["C6"] = "#DIV/0!"
    sheet["C6"].data_type = "e"
    book.save(name)


def xlsxwriter_file(name, options=None):
    import xlsxwriter

    book = xlsxwriter.Workbook(name, options or {})
    sheet = book.add_worksheet("Stock")
    formats = {
        datetime.date: book.add_format({"num_format": "yyyy-mm-dd"}),
        datetime.datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        datetime.time: book.add_format({"num_format": "hh:mm:ss"}),
    }
    for line, row in ((0, HEADER), (1, FIRST), (2, SECOND), (4, FORMULA), (5, ERROR)):
        for column, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(line, column, value)
            else:
                sheet.write(line, column, value, formats.get(type(value)))
        if line == 4:
            sheet.write_formula(4, 2, "=C2*2", None, 25)
        if line == 5:
            sheet.write_formula(5, 2, "=1/0", None, "#DIV/0!")
    book.close()


def pyexcelerate_file(name):
    from pyexcelerate import Format, Style, Workbook

    book = Workbook()
    sheet = book.new_sheet("Stock", data=[HEADER, FIRST, SECOND, [], [*FORMULA, 25], [*ERROR]])
    for line, code in ((2, "yyyy-mm-dd"), (3, "yyyy-mm-dd hh:mm:ss")):
        sheet.set_cell_style(line, 4, Style(format=Format(code)))
    sheet.set_cell_style(2, 6, Style(format=Format("hh:mm:ss")))
    book.save(name)


def xlwt_file(name):
    import xlwt

    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("Stock")
    formats = {
        datetime.date: xlwt.easyxf(num_format_str="yyyy-mm-dd"),
        datetime.datetime: xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm:ss"),
        datetime.time: xlwt.easyxf(num_format_str="hh:mm:ss"),
    }
    for line, row in ((0, HEADER), (1, FIRST), (2, SECOND), (4, FORMULA), (5, ERROR)):
        for column, value in enumerate(row):
            style = formats.get(type(value))
            sheet.write(line, column, value, *([style] if style else []))
    # xlwt writes no value of a formula.
    sheet.write(4, 2, 25)
    sheet.row(5).set_cell_error(2, "#DIV/0!")
    book.save(name)


def long_text_file(name):
    """A table of texts that goes on in a further record, with the halves of a letter in both."""
    import xlwt

    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("Stock")
    for column, value in enumerate(["item_id", "name"]):
        sheet.write(0, column, value)
    # One letter of one unit moves the border of the records into a letter of two.
    sheet.write(1, 0, "00187")
    sheet.write(1, 1, "a" + "🍋" * 2100)
    book.save(name)


def converted(program, source, name):
    """Has LibreOffice or Gnumeric write a file that it reads from another."""
    if program == "ssconvert":
        kinds = {"xls": "Gnumeric_Excel:excel_biff8", "biff5.xls": "Gnumeric_Excel:excel_biff7", "xlsx": "Gnumeric_Excel:xlsx2"}
        kinds["ods"] = "Gnumeric_OpenCalc:odf"
        kind = kinds[name.split(".", 1)[1]]
        subprocess.run(["ssconvert", "-T", kind, source, name], check=True)
        return
    kinds = {"xls": "xls:MS Excel 97", "xlsx": "xlsx:Calc MS Excel 2007 XML"}
    kinds["ods"] = "ods"
    ending = name.split(".", 1)[1]
    out = "converted"
    subprocess.run(["soffice", "--headless", "--convert-to", kinds[ending], "--outdir", out, source], check=True)
    made = os.path.splitext(os.path.basename(source))[0] + "." + ending.rsplit(".", 1)[-1]
    os.replace(os.path.join(out, made), name)
    os.rmdir(out)


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    openpyxl_file("openpyxl.xlsx")
    xlsxwriter_file("xlsxwriter.xlsx")
    xlsxwriter_file("xlsxwriter-inline.xlsx", {"constant_memory": True})
    pyexcelerate_file("pyexcelerate.xlsx")
    xlwt_file("xlwt.xls")
    long_text_file("xlwt-long-text.xls")
    for ending in ("xlsx", "xls", "ods"):
        converted("soffice", "xlsxwriter.xlsx", f"libreoffice.{ending}")
    for ending in ("xlsx", "xls", "biff5.xls", "ods"):
        converted("ssconvert", "xlsxwriter.xlsx", f"gnumeric.{ending}")
