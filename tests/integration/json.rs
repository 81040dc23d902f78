//! JSON as other programs arrange it: arrays of arrays, a list under a key, nested and flattened packages.

use serde_json::{Value, json};

use crate::support::Stockport;

/// The items that `convert` makes of a file of this text.
fn items(name: &str, text: &str) -> Vec<Value> {
    let stockport = Stockport::new();
    stockport.write(name, text);
    let run = stockport.run(["convert", name, "-"]).ok();
    run.stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// What `convert` says of a file of this text, which it refuses.
fn refused(name: &str, text: &str) -> String {
    let stockport = Stockport::new();
    stockport.write(name, text);
    let run = stockport.run(["convert", name, "-"]).exit(1);
    assert_eq!(run.stdout, "", "{text}");
    run.stderr
}

#[test]
fn arrays_of_arrays_are_rows_below_their_header() {
    for text in [
        "[[\"item_id\",\"quantity\"],[\"A1\",1],[\"A2\",2]]\n",
        "[[\"Stock\"],[\"Item ID\",\"Quantity\"],[\"A1\",1],[\"A2\",\"2\"],[\"Total\",3]]",
        "{\"sheet\":\"Stock\",\"values\":[[\"item_id\",\"quantity\"],[\"A1\",1],[\"A2\",2]]}",
        "[\"item_id\",\"quantity\"]\n[\"A1\",1]\n[\"A2\",2]\n",
    ] {
        assert_eq!(
            items("stock.json", text),
            [
                json!({"item_id": "A1", "quantity": 1}),
                json!({"item_id": "A2", "quantity": 2})
            ],
            "{text}"
        );
    }
}

#[test]
fn a_row_of_an_array_is_rejected_by_its_number_and_comes_back_from_the_reject_file() {
    let stockport = Stockport::new();
    stockport.write(
        "stock.json",
        r#"[["item_id","quantity",null,"Tag"],["A1",1],["A2","about 2","x"],["A/3",3],["A4",4,"x","y","z"]]"#,
    );
    let run = stockport.run(["import", "stock.json", "--sandbox"]).exit(3);
    let all = run.stdout + &run.stderr;
    assert!(all.contains("row 3, column \"quantity\""), "{all}");
    let rejects = stockport.read("stock.rejects.json");
    stockport.write(
        "stock.rejects.json",
        rejects.replace("about 2", "2").replace("A/3", "A3"),
    );
    let again = stockport.run(["import", "stock.rejects.json", "--sandbox", "--json"]);
    assert_eq!(again.json()["created"], 2, "{again:?}\n{rejects}");
}

#[test]
fn the_one_key_that_holds_a_list_of_objects_holds_the_items_and_two_are_refused_by_name() {
    for key in ["items", "results", "inventory", "Data"] {
        let text = format!(r#"{{"ok":true,"tags":["x"],"{key}":[{{"item_id":"A1","quantity":1}}],"next":null}}"#);
        assert_eq!(items("a.json", &text), [json!({"item_id": "A1", "quantity": 1})]);
    }
    let two = refused("a.json", r#"{"items":[{"item_id":"A1"}],"areas":[{"name":"Vault"}]}"#);
    assert!(
        two.contains("is not JSON that can be read as rows: it has two lists, \"items\" and \"areas\""),
        "{two}"
    );
}

#[test]
fn the_list_may_stand_up_to_three_keys_deep() {
    let item = r#"{"item_id":"A1","name":"a"}"#;
    for text in [
        format!(r#"{{"result":{{"items":[{item}]}}}}"#),
        format!(
            r#"{{"success":true,"data":{{"inventory":{{"total":1,"items":[{item}],"next":null}},"n":{{}}}},"time":1}}"#
        ),
        format!(r#"{{"meta":{{"page":{{"n":1}},"tags":["x"]}},"response":{{"results":[{item}]}}}}"#),
        format!(r#"{{"links":{{"pages":[{{"href":"x"}}]}},"data":{{"rows":[{item}]}}}}"#),
        r#"{"data":{"rows":[["item_id","name"],["A1","a"]]}}"#.to_owned(),
    ] {
        assert_eq!(
            items("a.json", &text),
            [json!({"item_id": "A1", "name": "a"})],
            "{text}"
        );
    }
    // A row stays a row, whatever lists are in its objects.
    let row = r#"{"item_id":"A1","source":{"lots":[{"item_id":"B1","name":"b","quantity":1}]}}"#;
    assert_eq!(items("a.json", row), [json!({"item_id": "A1"})]);
    for (text, lists) in [
        (
            format!(r#"{{"data":{{"items":[{item}],"packages":[{item}]}}}}"#),
            "\"data.items\" and \"data.packages\"",
        ),
        (
            format!(r#"{{"old":{{"items":[{item}]}},"new":{{"items":[{item}]}}}}"#),
            "\"old.items\" and \"new.items\"",
        ),
        (
            format!(r#"{{"data":{{"items":[{item}]}},"errors":[{{"code":1}}]}}"#),
            "\"data.items\" and \"errors\"",
        ),
    ] {
        let told = refused("a.json", &text);
        assert!(told.contains(&format!("it has two lists, {lists}")), "{text}: {told}");
    }
    for cut in [
        r#"{"data":{"items":[{"item_id":"A1"}]"#,
        r#"{"data":{"items":[{"item_id":"A1"}]}"#,
        r#"{"data":{"items":[{"item_id":"A1"}],}}"#,
        r#"{"data":{"items":[{"item_id":"A1"}]}}}"#,
    ] {
        refused("a.json", cut);
    }
}

#[test]
fn columns_and_objects_of_rows_are_refused_by_the_name_of_their_arrangement() {
    for (text, name) in [
        (
            r#"{"item_id":["A1","A2"],"name":["a","b"]}"#,
            "arranged by columns: \"item_id\"",
        ),
        (
            r#"{"ok":true,"data":{"name":["a"],"item_id":["A1"]}}"#,
            "arranged by columns: \"item_id\"",
        ),
        (r#"{"item_id":{"0":"A1"},"name":{"0":"a"}}"#, "orient=\"columns\""),
        (
            r#"{"columns":["item_id","name"],"index":[0],"data":[["A1","a"]]}"#,
            "orient=\"split\"",
        ),
        (r#"{"0":{"item_id":"A1"},"1":{"item_id":"A2"}}"#, "orient=\"index\""),
    ] {
        let told = refused("a.json", text);
        assert!(
            told.contains(name) && told.contains("orient=\"records\""),
            "{text}: {told}"
        );
    }
}

#[test]
fn json_of_another_shape_is_never_nothing_read_and_all_well() {
    for text in [
        "[\"A1\",\"A2\"]",
        "[1,2]",
        "[\"item_id\",\"quantity\"]",
        "[[\"item_id\",\"quantity\"],{\"item_id\":\"A1\"}]",
        "[['item_id','quantity'],['A1',1]]",
        "{item_id: \"A1\", quantity: 1}",
        "{'item_id': 'A1', 'quantity': 1}",
    ] {
        let told = refused("a.json", text);
        assert!(
            told.contains("is not JSON that can be read as rows: "),
            "{text}: {told}"
        );
    }
    for text in [
        "{\"A1\":{\"quantity\":1},\"A2\":{\"quantity\":2}}",
        "{\"items\":[\"A1\",\"A2\"]}",
        "[[1,2],[3,4]]",
        "\"[{\\\"item_id\\\":\\\"A1\\\"}]\"",
        "5",
        "null",
        "{}",
    ] {
        refused("a.json", text);
    }
}

#[test]
fn a_nested_or_dotted_id_is_never_the_items_own() {
    for (name, text) in [
        ("a.jsonl", "{\"item.id\":7,\"quantity\":1}\n"),
        ("a.json", "[{\"item\":{\"id\":7,\"name\":\"Buds\"},\"quantity\":1}]"),
        ("a.json", "[{\"product\":{\"id\":7,\"name\":\"Buds\"},\"quantity\":1}]"),
        (
            "a.json",
            "[{\"product.id\":7,\"quantity\":1},{\"product.id\":8,\"quantity\":1}]",
        ),
        ("a.json", "[{\"package\":{\"id\":7},\"package.id\":7,\"quantity\":1}]"),
        ("a.csv", "item.id,item.name,quantity\n7,Buds,1\n"),
        ("a.csv", "item/id,name,quantity\n7,Buds,1\n"),
        ("a.csv", "item__id,name,quantity\n7,Buds,1\n"),
        ("a.json", "[[\"item.id\",\"name\"],[7,\"Buds\"]]"),
    ] {
        let told = refused(name, text);
        assert!(told.contains("no column holds the item id"), "{text}: {told}");
    }
    let nested =
        "[{\"item_id\":\"A1\",\"item\":{\"id\":7,\"name\":\"Buds\"},\"location\":{\"id\":3,\"name\":\"Vault\"}}]";
    assert_eq!(
        items("a.json", nested),
        [json!({"item_id": "A1", "name": "Buds", "area_id": 3, "area_name": "Vault"})]
    );
    let stockport = Stockport::new();
    stockport.write("a.csv", "item.id,name\n7,Buds\n");
    stockport.write("map.toml", "[columns]\n\"item.id\" = \"item_id\"\n");
    let run = stockport.run(["convert", "a.csv", "-", "--map", "map.toml"]).ok();
    assert_eq!(run.stdout, "{\"item_id\":\"7\",\"name\":\"Buds\"}\n");
}

#[test]
fn packages_of_metrc_and_of_the_vendors_programs_are_known_by_their_label() {
    let wanted = json!({"item_id": "1A4", "name": "Buds", "quantity": 2.5, "units": "Ounces"});
    let package = json!({"Id": 1, "Label": "1A4", "Quantity": 2.5, "UnitOfMeasureName": "Ounces", "Item": {"Id": 7, "Name": "Buds"}});
    let snake = json!({"id": 1, "label": "1A4", "quantity": 2.5, "unit_of_measure_name": "Ounces", "item": {"id": 7, "name": "Buds"}});
    let flat = json!({"id": 1, "label": "1A4", "quantity": 2.5, "unit_of_measure_name": "Ounces", "item.id": 7, "item.name": "Buds"});
    for text in [
        json!({"Data": [package], "Total": 1, "TotalRecords": 1, "PageSize": 20}),
        json!({"data": [snake], "total": 1, "total_records": 1, "page_size": 20}),
        json!({"data": [flat]}),
        json!([snake]),
    ] {
        assert_eq!(items("a.json", &text.to_string())[0], wanted, "{text}");
    }
    let csv = "id,item.id,item.name,label,quantity,unit_of_measure_name\n1,7,Buds,1A4,2.5,Ounces\n";
    assert_eq!(items("a.csv", csv), [wanted]);
    let stockport = Stockport::new();
    stockport.write(
        "page.json",
        r#"{"Data":[{"Label":"1A4"}],"Total":1,"TotalRecords":57,"PageSize":1}"#,
    );
    let run = stockport.run(["convert", "page.json", "-"]).ok();
    assert!(
        run.stderr
            .contains("declares 57 records (TotalRecords), but 1 row was read"),
        "{}",
        run.stderr
    );
}
