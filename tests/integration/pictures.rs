//! The README's pictures, held to what the tool prints.

use std::fs;

use crate::readme::{root, text};
use crate::support::Stockport;

/// What makes the pictures of the README.
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
        assert!(
            text("README.md").contains(&format!("samples/pictures/{name}")),
            "{name} is not in the README"
        );
        let svg = text(&format!("samples/pictures/{name}"));
        let matrix = svg.split_once("-matrix\">").unwrap().1;
        let shown: String = matrix
            .split("<text")
            .skip(1)
            .filter_map(|text| Some(text.split_once('>')?.1.split_once("</text>")?.0))
            .collect::<Vec<_>>()
            .concat();
        let shown = shown
            .replace("&#160;", " ")
            .replace("&#x27;", "'")
            .replace("&quot;", "\"")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&");
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
