//! The pictures of the README and of the help topics, held to what the tool prints.

use std::collections::BTreeSet;
use std::fs;

use crate::readme::{pages, root, text};
use crate::support::Stockport;

/// What makes the pictures.
const MAKER: &str = "make.py";

/// The pictures, and the commands that they show.
const PICTURES: [(&str, &[&str]); 3] = [
    ("import.svg", &["import", "samples/inventory.csv", "--sandbox"]),
    ("inspect.svg", &["inspect", "samples/mapping/count.csv"]),
    (
        "diff.svg",
        &["diff", "samples/formats/inventory.xlsx", "samples/formats/stock.xlsb"],
    ),
];

/// The picture of a workbook's cells, and the workbook.
const MESSY: (&str, &str) = ("samples/pictures/messy.svg", "samples/messy.xlsx");

/// A text as it stands in a picture.
fn unescaped(text: &str) -> String {
    text.replace("&#160;", " ")
        .replace("&#x27;", "'")
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

#[test]
fn the_messy_workbooks_red_cells_are_those_that_inspect_names() {
    let (picture, workbook) = MESSY;
    let svg = text(picture);
    let cells = svg.split("<g class=\"bad\" data-cell=\"").skip(1);
    let red: BTreeSet<(String, String)> = cells
        .map(|cell| {
            let (place, rest) = cell.split_once('"').unwrap();
            let shown = rest.split_once("<text").unwrap().1.split_once('>').unwrap().1;
            (place.to_owned(), unescaped(shown.split_once("</text>").unwrap().0))
        })
        .collect();
    let stockport = Stockport::new();
    fs::create_dir(stockport.path("samples")).unwrap();
    fs::copy(root().join(workbook), stockport.path(workbook)).unwrap();
    let inspected = stockport.run(["inspect", workbook, "--json"]).ok().json();
    let problems = inspected["problems"].as_array().unwrap();
    let named = |problem: &serde_json::Value| {
        let (cell, value) = (problem["cell"].as_str().unwrap(), problem["value"].as_str().unwrap());
        // Excel shows the number in the cell's own format.
        let shown = if value == "10000000000" { "1.00E+10" } else { value };
        (cell.to_owned(), shown.to_owned())
    };
    assert!(problems.len() > 5, "{inspected}");
    assert_eq!(red, problems.iter().map(named).collect());

    let lines = svg.split("<text class=\"line\"").skip(1);
    let lines = lines.map(|line| unescaped(line.split_once('>').unwrap().1.split_once("</text>").unwrap().0));
    let squeezed = |text: &str| text.split_whitespace().collect::<String>();
    let shown = squeezed(&lines.collect::<Vec<_>>().concat());
    let run = stockport.run(["import", workbook, "--sandbox", "--dry-run"]).exit(3);
    for line in run.stdout.lines().chain(run.stderr.lines()) {
        assert!(
            shown.contains(&squeezed(line)),
            "{picture} lacks {line:?}; {MAKER} makes it anew:\n{shown}"
        );
    }
}

/// The same without the name of the run, which is another one each time.
fn nameless(shown: &str) -> String {
    match shown.split_once("stockportundo2") {
        Some((before, after)) => format!("{before}stockportundo{}", &after[after.find("--org").unwrap()..]),
        None => shown.to_owned(),
    }
}

#[test]
fn the_pictures_show_what_is_printed_today() {
    for (name, args) in PICTURES {
        let is_shown = |page: &String| text(page).contains(&format!("samples/pictures/{name}"));
        assert!(pages().iter().any(is_shown), "{name} is on no page");
        let svg = text(&format!("samples/pictures/{name}"));
        let matrix = svg.split_once("-matrix\">").unwrap().1;
        let shown: String = matrix
            .split("<text")
            .skip(1)
            .filter_map(|text| Some(text.split_once('>')?.1.split_once("</text>")?.0))
            .collect::<Vec<_>>()
            .concat();
        let shown = unescaped(&shown);
        let squeezed = |text: &str| text.split_whitespace().collect::<String>();
        let shown = nameless(&squeezed(&shown));
        // The samples under the names by which the command has them.
        let stockport = Stockport::new();
        for arg in args.iter().filter(|arg| arg.starts_with("samples/")) {
            fs::create_dir_all(stockport.path(arg).parent().unwrap()).unwrap();
            fs::copy(root().join(arg), stockport.path(arg)).unwrap();
        }
        let run = stockport.run([args, &["--no-progress"]].concat());
        let command = format!("$ stockport {}", args.join(" "));
        let told: Vec<String> = std::iter::once(command.as_str())
            .chain(run.stdout.lines())
            .chain(run.stderr.lines())
            // How long it took was another day's.
            .filter(|line| !line.contains(" requests in "))
            .map(|line| nameless(&squeezed(line)))
            .collect();
        for line in &told {
            assert!(
                shown.contains(line.as_str()),
                "{name} lacks {line:?}; {MAKER} beside it makes it anew:\n{shown}"
            );
        }
        let steady = if name == "import.svg" {
            // The bar stands between the plan and the summary, on a terminal only; how long it took is the end.
            let (before, rest) = shown.split_once("Uploading[==").unwrap();
            let (_, after) = rest.split_once("atonce").unwrap();
            let (summary, took) = after.split_once("created").unwrap();
            let (_, next) = took.split_once("items/s").unwrap();
            format!("{before}{summary}created{next}")
        } else {
            shown
        };
        // In which order the two streams come is the terminal's affair.
        assert_eq!(steady.len(), told.concat().len(), "{name} shows more than is printed");
    }
}
