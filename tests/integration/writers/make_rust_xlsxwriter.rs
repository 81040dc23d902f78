//! The workbook of `rust_xlsxwriter`; see make.py.

use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook, XlsxError};

fn main() -> Result<(), XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("Stock")?;
    let shown = |code: &str| Format::new().set_num_format(code);
    for (column, header) in (0..).zip(["item_id", "name", "quantity", "moved_at", "approved", "status"]) {
        sheet.write(0, column, header)?;
    }
    let texts = [(1, "00187", "Crème brûlée 🍋"), (2, "1A4FF0100000022000000123", "two\nlines"), (4, "00188", "柚子"), (5, "00189", "007")];
    for (row, id, name) in texts {
        sheet.write(row, 0, id)?.write(row, 1, name)?;
    }
    sheet.write(1, 2, 12.5)?.write(2, 2, -3)?.write(1, 4, true)?.write(2, 4, false)?;
    sheet.write(4, 2, Formula::new("=C2*2").set_result("25"))?;
    sheet.write(5, 2, Formula::new("=1/0").set_result("#DIV/0!"))?;
    let day = ExcelDateTime::from_ymd(2026, 7, 22)?;
    sheet.write_with_format(1, 3, &day, &shown("yyyy-mm-dd"))?;
    sheet.write_with_format(2, 3, &day.and_hms(15, 52, 30)?, &shown("yyyy-mm-dd hh:mm:ss"))?;
    sheet.write_with_format(1, 5, &ExcelDateTime::from_hms(9, 5, 0)?, &shown("hh:mm:ss"))?;
    book.save("rust_xlsxwriter.xlsx")
}
