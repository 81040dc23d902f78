//! Header rows: which names are taken, offered, refused; the known exports.

use super::*;
use crate::error::UserError as _;

fn fields(names: &[&str]) -> Vec<Option<String>> {
    match_one(&csv(names, &[]))
        .expect("columns")
        .columns
        .into_iter()
        .map(|c| c.field.filter(|_| !c.weak))
        .collect()
}

fn match_one(table: &Table) -> Result<Matching, ColumnError> {
    super::super::matching::match_columns(table, &super::super::vocabulary::Vocabulary::new(), None)
}

fn error(names: &[&str]) -> String {
    match Source::new(vec![csv(names, &[])], ColumnOptions::default()) {
        Ok(_) => panic!("{names:?} match"),
        Err(error) => {
            assert!(!error.hint().is_empty());
            error.to_string()
        }
    }
}

#[test]
fn the_27_fields_match_by_name_and_by_title_in_any_dress() {
    for dress in [
        |name: &str| name.to_owned(),
        |name: &str| name.to_uppercase(),
        |name: &str| format!("{}*\n", name.replace('_', " ")),
    ] {
        let names: Vec<String> = crate::item::FIELDS.iter().map(|field| dress(field.name)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for (found, field) in fields(&names).iter().zip(&crate::item::FIELDS) {
            assert_eq!(found.as_deref(), Some(field.name));
        }
    }
    let titles: Vec<&str> = crate::item::FIELDS.iter().map(|field| field.title).collect();
    assert!(
        fields(&titles)
            .iter()
            .zip(&crate::item::FIELDS)
            .all(|(found, field)| found.as_deref() == Some(field.name))
    );
}

#[test]
fn a_fields_own_name_wins_over_a_synonym() {
    let found = fields(&["Tag", "Item ID", "Product", "Name", "id"]);
    assert_eq!(found, [None, Some("item_id".into()), None, Some("name".into()), None]);
}

#[test]
fn two_columns_for_one_field_are_refused_by_name_and_place() {
    assert_eq!(
        error(&["Item ID", "Name", "item_id"]),
        "inventory.csv: two columns map to item_id: \"Item ID\" (column 1) and \"item_id\" (column 3)"
    );
    assert_eq!(
        error(&["Barcode", "SKU", "Name"]),
        "inventory.csv: two columns map to item_id: \"Barcode\" (column 1) and \"SKU\" (column 2)"
    );
    let sheet = workbook(&["Item ID", "Name", "ITEM ID"], &[]);
    let error = Source::new(vec![sheet], ColumnOptions::default())
        .err()
        .expect("a refusal")
        .to_string();
    assert!(
        error.ends_with("\"Item ID\" (Sheet1!A6) and \"ITEM ID\" (Sheet1!C6)"),
        "{error}"
    );
}

#[test]
fn one_header_twice_is_refused_even_where_it_means_nothing() {
    assert_eq!(
        error(&["id", "name", "id", "age", "id"]),
        "inventory.csv: two columns have the same header: \"id\" (column 1) and \"id\" (column 3)"
    );
    assert!(error(&["item_id", "Notes", "Notes"]).contains("two columns have the same header"));
}

#[test]
fn a_file_without_an_id_names_its_headers_and_the_nearest() {
    let error = error(&["Name", "Quantity", "Itm ID"]);
    assert!(
        error.starts_with("inventory.csv: no column holds the item id (line 1: \"Name\", \"Quantity\", \"Itm ID\")"),
        "{error}"
    );
    assert!(error.ends_with("the nearest is \"Itm ID\""), "{error}");
}

#[test]
fn a_file_of_which_nothing_is_recognized_has_no_header_row() {
    assert!(error(&["red", "green", "7"]).contains("no header row was found"));
}

#[test]
fn weak_and_similar_names_are_offered_and_not_taken() {
    let matching = match_one(&csv(
        &[
            "item_id",
            "Type",
            "Quantitty",
            "Lab Testing",
            "Source Package Tag",
            "StrainId",
            "UnitThcPercent",
        ],
        &[],
    ))
    .expect("columns");
    let seen: Vec<(Option<&str>, bool, String)> = matching
        .columns
        .iter()
        .map(|c| (c.field.as_deref(), c.weak, c.by.to_string()))
        .collect();
    assert_eq!(seen[1], (Some("item_type"), true, "synonym".into()));
    assert_eq!(seen[2], (Some("quantity"), true, "similar".into()));
    assert_eq!(seen[3], (Some("status"), true, "synonym".into()));
    for never in &seen[4..] {
        assert_eq!(*never, (None, false, "unknown".into()));
    }
}

#[test]
fn a_reject_files_columns_and_the_servers_fields_mean_nothing() {
    let matching = match_one(&csv(
        &[
            "_row",
            "_column",
            "_value",
            "_reason",
            "item_id",
            "id",
            "updated_at",
            "updated_by",
        ],
        &[],
    ))
    .expect("columns");
    for column in matching.columns.iter().filter(|column| column.header != "item_id") {
        assert_eq!(
            (column.field.as_deref(), &column.by),
            (None, &By::Ignored),
            "{}",
            column.header
        );
    }
}

fn export(names: &[&str], wanted: &[(&str, &str)], offered: &[(&str, &str)]) -> Option<String> {
    let matching = match_one(&csv(names, &[])).expect("columns");
    for column in &matching.columns {
        let list = if column.weak { offered } else { wanted };
        let want = list
            .iter()
            .find(|(header, _)| *header == column.header)
            .map(|(_, field)| *field);
        assert_eq!(column.field.as_deref(), want, "{} ({})", column.header, column.by);
    }
    for (header, _) in wanted.iter().chain(offered) {
        assert!(names.contains(header), "{header} is not in the sample");
    }
    matching.export
}

#[test]
fn metrcs_api_knows_a_package_by_its_label() {
    let found = export(
        &[
            "Id",
            "Label",
            "PackageType",
            "LocationName",
            "Quantity",
            "UnitOfMeasureName",
            "UnitOfMeasureAbbreviation",
            "ProductCategoryName",
            "PackagedDate",
            "ReceivedDateTime",
            "LabTestingStateName",
            "InitialQuantity",
        ],
        &[
            ("Label", "item_id"),
            ("PackageType", "item_type"),
            ("LocationName", "area_name"),
            ("Quantity", "quantity"),
            ("UnitOfMeasureName", "units"),
            ("ProductCategoryName", "category_name"),
            ("ReceivedDateTime", "moved_at"),
        ],
        &[("LabTestingStateName", "status"), ("PackagedDate", "moved_at")],
    );
    assert_eq!(found.as_deref(), Some("Metrc API packages"));
}

#[test]
fn metrcs_api_knows_an_item_by_its_id() {
    let found = export(
        &[
            "Id",
            "Name",
            "ProductCategoryName",
            "ProductCategoryType",
            "QuantityType",
            "UnitOfMeasureName",
            "ApprovalStatus",
            "ApprovalStatusDateTime",
            "StrainId",
            "StrainName",
            "AdministrationMethod",
            "UnitCbdPercent",
            "UnitThcContentDose",
            "UnitThcContentDoseUnitOfMeasureName",
            "UnitVolume",
            "UnitVolumeUnitOfMeasureName",
            "UnitWeight",
            "UnitWeightUnitOfMeasureName",
            "ServingSize",
            "SupplyDurationDays",
            "NumberOfDoses",
            "UnitQuantity",
        ],
        &[
            ("Id", "item_id"),
            ("Name", "name"),
            ("ProductCategoryName", "category_name"),
            ("ProductCategoryType", "category_type"),
            ("QuantityType", "quantity_type"),
            ("UnitOfMeasureName", "units"),
            ("ApprovalStatus", "approved"),
            ("ApprovalStatusDateTime", "approved_at"),
            ("StrainName", "strain_name"),
            ("AdministrationMethod", "admin_method"),
            ("UnitThcContentDose", "dose"),
            ("UnitVolume", "volume"),
            ("UnitVolumeUnitOfMeasureName", "volume_units"),
            ("UnitWeight", "weight"),
            ("UnitWeightUnitOfMeasureName", "weight_units"),
            ("ServingSize", "serving_size"),
            ("SupplyDurationDays", "supply_duration_days"),
            ("NumberOfDoses", "dose_number"),
        ],
        &[("UnitThcContentDoseUnitOfMeasureName", "dose_units")],
    );
    assert_eq!(found.as_deref(), Some("Metrc API items"));
}

#[test]
fn metrcs_grid_and_create_package_files_are_known() {
    let found = export(
        &[
            "Tag",
            "Source Package(s)",
            "Location",
            "Item",
            "Category",
            "Item Strain",
            "Quantity",
            "Unit of Measure",
            "Packaged Date",
            "Lab Testing",
            "Received",
        ],
        &[
            ("Tag", "item_id"),
            ("Location", "area_name"),
            ("Item", "name"),
            ("Category", "category_name"),
            ("Item Strain", "strain_name"),
            ("Quantity", "quantity"),
            ("Unit of Measure", "units"),
            ("Packaged Date", "moved_at"),
        ],
        &[("Lab Testing", "status"), ("Received", "moved_at")],
    );
    assert_eq!(found.as_deref(), Some("Metrc grid"));
    let found = export(
        &[
            "New Package Tag",
            "Source Package Tag",
            "Source Package Quantity Used",
            "Item",
            "New Package Quantity",
            "New Package Unit",
            "Location",
        ],
        &[
            ("New Package Tag", "item_id"),
            ("Item", "name"),
            ("New Package Quantity", "quantity"),
            ("New Package Unit", "units"),
            ("Location", "area_name"),
        ],
        &[],
    );
    assert_eq!(found.as_deref(), Some("Metrc create-package"));
}

#[test]
fn the_state_systems_files_are_known() {
    let ccrs = export(
        &[
            "LicenseNumber",
            "Strain",
            "Area",
            "Product",
            "InitialQuantity",
            "QuantityOnHand",
            "TotalCost",
            "IsMedical",
            "ExternalIdentifier",
            "InventoryIdentifier",
            "InventoryType",
            "InventoryCategory",
            "UnitWeightGrams",
        ],
        &[
            ("Strain", "strain_name"),
            ("Area", "area_name"),
            ("Product", "name"),
            ("QuantityOnHand", "quantity"),
            ("ExternalIdentifier", "item_id"),
            ("InventoryType", "category_name"),
            ("InventoryCategory", "category_type"),
            ("UnitWeightGrams", "weight"),
        ],
        &[],
    );
    assert_eq!(ccrs.as_deref(), Some("Washington CCRS"));
    let leaf = export(
        &[
            "global_id",
            "inventory_type_name",
            "qty",
            "uom",
            "strain_name",
            "area_name",
            "area_id",
            "serving_size",
        ],
        &[
            ("global_id", "item_id"),
            ("inventory_type_name", "name"),
            ("qty", "quantity"),
            ("uom", "units"),
            ("strain_name", "strain_name"),
            ("area_name", "area_name"),
            ("area_id", "area_id"),
            ("serving_size", "serving_size"),
        ],
        &[],
    );
    assert_eq!(leaf.as_deref(), Some("Leaf"));
    let biotrack = export(
        &[
            "barcodeid",
            "productname",
            "inventorytype",
            "remaining_quantity",
            "strain",
            "currentroom",
        ],
        &[
            ("barcodeid", "item_id"),
            ("productname", "name"),
            ("inventorytype", "item_type"),
            ("remaining_quantity", "quantity"),
            ("strain", "strain_name"),
            ("currentroom", "area_id"),
        ],
        &[],
    );
    assert_eq!(biotrack.as_deref(), Some("BioTrack"));
}

#[test]
fn other_systems_match_by_their_names() {
    for (names, wanted) in [
        (
            vec!["PackageId", "InStockQuantity", "RoomId"],
            vec!["item_id", "quantity", "area_id"],
        ),
        (
            vec![
                "state_tracking_id",
                "productname",
                "amount",
                "unit_of_measure",
                "location_id",
            ],
            vec!["item_id", "name", "weight", "weight_units", "area_id"],
        ),
        (
            vec!["SKU", "Product Category", "Unit Type Name"],
            vec!["item_id", "category_name", "units"],
        ),
        (
            vec!["Tag*", "Unit*", "Location*", "Status*"],
            vec!["item_id", "units", "area_name", "status"],
        ),
        (
            vec![
                "SKU",
                "productName",
                "quantityAvailable",
                "strainName",
                "inventoryUnitOfMeasure",
            ],
            vec!["item_id", "name", "quantity", "strain_name", "units"],
        ),
    ] {
        let found: Vec<String> = fields(&names).into_iter().flatten().collect();
        assert_eq!(found, wanted, "{names:?}");
    }
}

#[test]
fn a_weight_in_grams_says_its_unit() {
    let table = csv(
        &["ExternalIdentifier", "LicenseNumber", "UnitWeightGrams"],
        &[&["A", "1", "3.5"]],
    );
    let (seen, _) = read(vec![table], ColumnOptions::default());
    assert_eq!(column(&seen, "weight"), ["3.5"]);
    assert_eq!(column(&seen, "weight_units"), ["\"Grams\""]);
}

#[test]
fn metrcs_nested_item_gives_its_keys_as_columns() {
    let table = json(
        r#"[{"Id":1,"Label":"1A4","PackageType":"Product","Quantity":2.5,"UnitOfMeasureName":"Ounces",
             "Item":{"Id":7,"Name":"Buds","ProductCategoryName":"Flower","StrainName":null,"UnitWeight":3.50,"UnitThcPercent":20}}]"#,
    );
    let (seen, _) = read(vec![table], ColumnOptions::default());
    let Seen::Item(id, values) = &seen[0] else {
        panic!("{seen:?}")
    };
    assert_eq!(id, "1A4");
    assert_eq!(
        Value::Object(values.clone()).to_string(),
        r#"{"category_name":"Flower","item_type":"Product","name":"Buds","quantity":2.5,"strain_name":null,"units":"Ounces","weight":3.5}"#
    );
}

#[test]
fn columns_left_out_are_told() {
    let (_, survey) = read(vec![csv(&["item_id", "Notes", "Type"], &[])], ColumnOptions::default());
    assert!(told(&survey.decisions, "ignored columns: \"Notes\""), "{survey:?}");
    assert!(
        told(&survey.decisions, "\"Type\" (column 3) may mean item_type"),
        "{survey:?}"
    );
}
