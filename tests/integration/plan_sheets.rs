//! `--plan-out` as a sheet: old and new values for people, who open it in a spreadsheet program.

use calamine::{Data, Reader as _, Xlsx, open_workbook};
use serde_json::json;

use crate::support::Stockport;
use crate::support::faulty::Faulty;

const ORG: &str = "sandbox-company";

const COUNTED: &str = "item_id,name,quantity,status,area_name\n\
    0012,Kush,10.5,Active,\n\
    S-02,\"Amnesia, Haze\",3,,\n\
    N-01,=1+1,7,Active,a\n\
    S/03,Slash,1,,\n\
    S-04,Gone,two,,\n";

fn prepared() -> (Faulty, Stockport) {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    server.put(
        ORG,
        &json!({"item_id": "0012", "name": "Kush", "quantity": 12, "status": null}),
    );
    server.put(
        ORG,
        &json!({"item_id": "S-02", "name": "Haze", "quantity": 3, "status": "Old"}),
    );
    stockport.write("count.csv", COUNTED);
    (server, stockport)
}

#[test]
fn a_plan_as_csv_has_a_row_for_each_field_with_its_old_and_its_new_value() {
    let (server, stockport) = prepared();
    let run = stockport.run(["import", "count.csv", "--plan-out", "plan.csv"]).exit(3);
    assert!(run.stdout.contains("Plan for review: plan.csv"), "{}", run.stdout);
    let text = stockport.read("plan.csv");
    let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(
        lines[..8],
        [
            "action,item_id,name,field,old value,new value,row,file,reason",
            "update,0012,Kush,quantity,12,10.5,2,count.csv,",
            "update,0012,Kush,status,,Active,2,count.csv,",
            "update,S-02,Haze,name,Haze,\"Amnesia, Haze\",3,count.csv,",
            "create,N-01,=1+1,area_name,,a,4,count.csv,",
            "create,N-01,=1+1,name,,=1+1,4,count.csv,",
            "create,N-01,=1+1,quantity,,7,4,count.csv,",
            "create,N-01,=1+1,status,,Active,4,count.csv,",
        ]
    );
    assert!(
        lines[8].starts_with("reject,S/03,Slash,item_id,,S/03,5,count.csv,"),
        "{}",
        lines[8]
    );
    assert!(
        lines[9].starts_with("reject,S-04,Gone,quantity,,two,6,count.csv,"),
        "{}",
        lines[9]
    );
    assert_eq!(lines.len(), 10);
    assert!(server.posts().is_empty());
}

#[test]
fn a_plan_as_workbook_keeps_ids_as_text_and_numbers_as_numbers() {
    let (server, stockport) = prepared();
    stockport
        .run(["import", "count.csv", "--plan-out", "plan.xlsx"])
        .exit(3);
    let mut book: Xlsx<_> = open_workbook(stockport.path("plan.xlsx")).unwrap();
    let sheet = book.worksheet_range_at(0).unwrap().unwrap();
    let row = |number: usize| sheet.rows().nth(number).unwrap().to_vec();
    let text = |text: &str| Data::String(text.to_owned());
    assert_eq!(
        row(1)[..8],
        [
            text("update"),
            text("0012"),
            text("Kush"),
            text("quantity"),
            Data::Float(12.0),
            Data::Float(10.5),
            Data::Float(2.0),
            text("count.csv"),
        ]
    );
    assert_eq!(row(5)[5], text("=1+1"));
    assert_eq!(sheet.height(), 10);
    assert!(server.posts().is_empty());
}

#[test]
fn a_sheet_is_no_plan_to_carry_out() {
    let (server, stockport) = prepared();
    for name in ["plan.xlsx", "plan.csv", "plan.TSV", "plan.csv.gz"] {
        stockport.run(["import", "count.csv", "--plan-out", name]).exit(3);
        let run = stockport.run(["import", "count.csv", "--plan", name]).exit(1);
        assert!(
            run.stderr.contains("is a sheet for review, which can't be applied"),
            "{}",
            run.stderr
        );
        assert!(run.stderr.contains("--plan-out FILE.json"), "{}", run.stderr);
        // It is never overwritten.
        stockport.run(["import", "count.csv", "--plan-out", name]).exit(1);
    }
    stockport
        .run(["import", "count.csv", "--plan-out", "plan.json"])
        .exit(3);
    assert!(server.posts().is_empty());
    stockport.run(["import", "count.csv", "--plan", "plan.json"]).exit(3);
    assert_eq!(server.count(ORG), 3);
}

#[test]
fn the_rows_of_a_workbook_are_named_with_its_sheet() {
    let (server, stockport) = prepared();
    stockport
        .run(["convert", "count.csv", "count.xlsx", "--lenient"])
        .exit(3);
    stockport
        .run(["import", "count.xlsx", "--plan-out", "plan.csv", "--lenient"])
        .exit(0);
    let text = stockport.read("plan.csv");
    assert!(
        text.contains("\nupdate,0012,Kush,quantity,12,10.5,2,\"count.xlsx, Inventory\",\n"),
        "{text}"
    );
    assert!(server.posts().is_empty());
}
