// The workbooks of SheetJS (npm xlsx) and ExcelJS; see make.py.

const ExcelJS = require('exceljs');
const XLSX = require('xlsx');

const header = ['item_id', 'name', 'quantity', 'moved_at', 'approved', 'status'];
// Serial numbers, so that no time zone is involved: 2026-07-22, 15:52:30 of that day, 09:05.
const day = 46225;
const moment = day + (15 * 3600 + 52 * 60 + 30) / 86400;
const time = (9 * 3600 + 5 * 60) / 86400;

function sheetjs() {
  const text = (v) => ({ t: 's', v });
  const number = (v, z) => (z ? { t: 'n', v, z } : { t: 'n', v });
  const rows = [
    header.map(text),
    [text('00187'), text('Crème brûlée 🍋'), number(12.5), number(day, 'yyyy-mm-dd'), { t: 'b', v: true }, number(time, 'hh:mm:ss')],
    [text('1A4FF0100000022000000123'), text('two\nlines'), number(-3), number(moment, 'yyyy-mm-dd hh:mm:ss'), { t: 'b', v: false }],
    [],
    [text('00188'), text('柚子'), { t: 'n', v: 25, f: 'C2*2' }],
    [text('00189'), text('007'), { t: 'e', v: 7 }],
  ];
  const sheet = { '!ref': 'A1:F6' };
  rows.forEach((row, r) => row.forEach((cell, c) => { sheet[XLSX.utils.encode_cell({ r, c })] = cell; }));
  const book = XLSX.utils.book_new();
  XLSX.utils.book_append_sheet(book, sheet, 'Stock');
  for (const [name, options] of [
    ['sheetjs.xlsx', { bookSST: true }],
    ['sheetjs-inline.xlsx', { compression: true }],
    ['sheetjs.xlsb', { bookSST: true, compression: true }],
    ['sheetjs.xls', { bookType: 'biff8' }],
    ['sheetjs.biff5.xls', { bookType: 'biff5' }],
  ]) XLSX.writeFile(book, name, options);
}

async function exceljs() {
  const book = new ExcelJS.Workbook();
  const sheet = book.addWorksheet('Stock');
  sheet.addRow(header);
  sheet.addRow(['00187', 'Crème brûlée 🍋', 12.5, day, true, time]);
  sheet.addRow(['1A4FF0100000022000000123', { richText: [{ text: 'two\n' }, { font: { bold: true }, text: 'lines' }] }, -3, moment, false]);
  sheet.addRow([]);
  sheet.addRow(['00188', '柚子', { formula: 'C2*2', result: 25 }]);
  sheet.addRow(['00189', '007', { error: '#DIV/0!' }]);
  sheet.getCell('D2').numFmt = 'yyyy-mm-dd';
  sheet.getCell('D3').numFmt = 'yyyy-mm-dd hh:mm:ss';
  sheet.getCell('F2').numFmt = 'hh:mm:ss';
  await book.xlsx.writeFile('exceljs.xlsx');
}

sheetjs();
exceljs();
