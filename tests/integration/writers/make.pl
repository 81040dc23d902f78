# The workbooks of Perl's Spreadsheet::WriteExcel and Excel::Writer::XLSX; see make.py.
use strict;
use utf8;
use warnings;
use Excel::Writer::XLSX;
use Spreadsheet::WriteExcel;

for my $made (['Spreadsheet::WriteExcel', 'perl.xls'], ['Excel::Writer::XLSX', 'perl.xlsx']) {
    my ($class, $name) = @$made;
    my $book  = $class->new($name);
    my $sheet = $book->add_worksheet('Stock');
    my %shown = map { $_ => $book->add_format(num_format => $_) } 'yyyy-mm-dd', 'yyyy-mm-dd hh:mm:ss', 'hh:mm:ss';
    # By columns, as a program may: the cells of an xls then stand in that order.
    my @texts = (
        ['item_id',  '00187',             '1A4FF0100000022000000123', undef, '00188', '00189'],
        ['name',     'Crème brûlée 🍋', "two\nlines",               undef, '柚子',  '007'],
    );
    for my $column (0 .. 1) {
        for my $row (0 .. 5) {
            my $text = $texts[$column][$row];
            $sheet->write_string($row, $column, $text) if defined $text;
        }
    }
    my @header = ('quantity', 'moved_at', 'approved', 'status');
    $sheet->write_string(0, 2 + $_, $header[$_]) for 0 .. 3;
    $sheet->write_number(1, 2, 12.5);
    $sheet->write_number(2, 2, -3);
    # A number, as WriteExcel asks the program that opens the file to calculate its formulas.
    $sheet->write_number(4, 2, 25);
    $sheet->write_formula(5, 2, '=1/0', undef, '#DIV/0!');
    $sheet->write_date_time(1, 3, '2026-07-22T', $shown{'yyyy-mm-dd'});
    $sheet->write_date_time(2, 3, '2026-07-22T15:52:30', $shown{'yyyy-mm-dd hh:mm:ss'});
    $sheet->write_date_time(1, 5, 'T09:05:00', $shown{'hh:mm:ss'});
    if ($sheet->can('write_boolean')) {
        $sheet->write_boolean(1, 4, 1);
        $sheet->write_boolean(2, 4, 0);
    }
    $book->close();
}
