//! Rows that are read in parts, on several threads: nothing may depend on how they are cut.

use proptest::prelude::*;

use super::*;

/// The survey, and all rows as `read_parts` gives them, with their lines.
fn in_parts(tables: Vec<Table>, options: &ColumnOptions) -> (Survey, Vec<(Origin, Seen)>) {
    let mut source = Source::new(tables, options.clone()).expect("columns that match");
    let survey = source.survey().expect("a survey");
    let mut rows = Vec::new();
    source
        .read_parts::<Vec<(Origin, Seen)>, ColumnError>(
            None,
            &|part, _, incoming| {
                part.push((incoming.origin, seen(incoming)));
                Ok(())
            },
            &mut |part| {
                rows.extend(part);
                Ok(())
            },
        )
        .expect("rows");
    (survey, rows)
}

const CELLS: [&[&str]; 4] = [
    &[
        "A1", "a1", "A1 ", "B2", "00123", "123", "45", "1E10", "", "TOTAL", "X1", "X2", "X3", "X4", "X5",
    ],
    &[
        "", "None", "1,5", "1.234,50", "1,234.50", "007", "12", "-", "some", "#REF!",
    ],
    &[
        "",
        "03/04/2021",
        "13/04/2021",
        "04/13/2021",
        "2021-04-05",
        "1/2/03",
        "never",
    ],
    &["", "", "x", "#N/A"],
];

proptest! {
    #[test]
    fn rows_in_parts_are_the_rows_as_a_whole(
        rows in prop::collection::vec((0..15_usize, 0..10_usize, 0..7_usize, 0..4_usize, 2..6_usize), 0..40),
        together in 1_usize..9,
        duplicates in prop::sample::select(vec![
            Duplicates::Reject, Duplicates::First, Duplicates::Last, Duplicates::Merge,
        ]),
        lenient in any::<bool>(),
    ) {
        let rows: Vec<Vec<&str>> = rows
            .into_iter()
            .map(|(id, quantity, moved, beside, width)| {
                let mut row = vec![CELLS[0][id], CELLS[1][quantity], CELLS[2][moved], CELLS[3][beside], "more"];
                row.truncate(width);
                row
            })
            .collect();
        let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
        // The fourth column has no header, and a cell beyond it makes a row too long.
        let table = || csv(&["item_id", "quantity", "moved_at", ""], &rows);
        let options = ColumnOptions { duplicates, lenient, ..ColumnOptions::default() };
        let (whole, survey) = read(vec![table().in_pieces_of(1_000), table()], options.clone());
        let cut = vec![table().in_pieces_of(together), table().in_pieces_of(together + 1)];
        let (found, parts) = in_parts(cut, &options);
        let lines: Vec<u64> = parts.iter().map(|(origin, _)| origin.line).collect();
        let tables: Vec<usize> = parts.iter().map(|(origin, _)| origin.table).collect();
        prop_assert!(tables.is_sorted() && lines.chunk_by(|a, b| a < b).count() <= 2);
        prop_assert_eq!(parts.into_iter().map(|(_, seen)| seen).collect::<Vec<_>>(), whole);
        prop_assert_eq!((found.rows, found.decisions, found.warnings), (survey.rows, survey.decisions, survey.warnings));
    }
}

#[test]
fn what_comes_before_an_error_in_a_part_is_still_given() {
    let rows: Vec<[String; 1]> = (0..20).map(|at| [format!("id-{at}")]).collect();
    let rows: Vec<Vec<&str>> = rows.iter().map(|row| vec![row[0].as_str()]).collect();
    let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
    let mut source = Source::new(vec![csv(&["item_id"], &rows).in_pieces_of(8)], ColumnOptions::default()).unwrap();
    source.survey().unwrap();
    let mut lines = 0;
    let ended = source.read_parts::<u64, ColumnError>(
        None,
        &|part, row, _| {
            if row.line == 12 {
                return Err(crate::sheet::ReadError::Empty("here".to_owned()).into());
            }
            *part += 1;
            Ok(())
        },
        &mut |part| {
            lines += part;
            Ok(())
        },
    );
    assert!(ended.is_err());
    assert_eq!(lines, 10);
}
