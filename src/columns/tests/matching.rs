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

/// Asserts what headers are mapped to: `=` stands before the field that one is mapped to, `?` before one that is offered.
fn matched(headers: &str) -> Matching {
    let headers: Vec<&str> = headers.split(", ").collect();
    let names: Vec<&str> = headers
        .iter()
        .map(|header| header.split(['=', '?']).next().unwrap())
        .collect();
    let matching = match_one(&csv(&names, &[])).expect("columns");
    let found = matching.columns.iter().map(|column| match &column.field {
        Some(field) => format!("{}{}{field}", column.header, if column.weak { '?' } else { '=' }),
        None => column.header.clone(),
    });
    assert_eq!(found.collect::<Vec<_>>(), headers);
    matching
}

/// How each column was matched.
fn ways(matching: &Matching) -> String {
    let ways: Vec<String> = matching.columns.iter().map(|column| column.by.to_string()).collect();
    ways.join(" ")
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
    matched("Tag, Item ID=item_id, Product, Name=name, id");
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
    let headers = "item_id=item_id, Type?item_type, Quantitty?quantity, Lab Testing?status, Source Package Tag, StrainId, \
                   UnitThcPercent";
    let by = "exact synonym similar synonym unknown unknown unknown";
    assert_eq!(ways(&matched(headers)), by);
}

#[test]
fn a_reject_files_columns_and_the_servers_fields_mean_nothing() {
    let matching = matched("_row, _column, _value, _reason, item_id=item_id, id, updated_at, updated_by");
    let by = "ignored ignored ignored ignored exact ignored ignored ignored";
    assert_eq!(ways(&matching), by);
}

/// Files of other systems: what each is called, and what its headers are mapped to ([`matched`]).
const EXPORTS: &[(&str, &str)] = &[
    (
        "Metrc API packages",
        "Id, Label=item_id, PackageType=item_type, LocationName=area_name, Quantity=quantity, \
         UnitOfMeasureName=units, UnitOfMeasureAbbreviation, ProductCategoryName=category_name, \
         PackagedDate?moved_at, ReceivedDateTime=moved_at, LabTestingStateName?status, InitialQuantity",
    ),
    (
        "Metrc API items",
        "Id=item_id, Name=name, ProductCategoryName=category_name, ProductCategoryType=category_type, \
         QuantityType=quantity_type, UnitOfMeasureName=units, ApprovalStatus=approved, \
         ApprovalStatusDateTime=approved_at, StrainId, StrainName=strain_name, \
         AdministrationMethod=admin_method, UnitCbdPercent, UnitThcContentDose=dose, \
         UnitThcContentDoseUnitOfMeasureName?dose_units, UnitVolume=volume, \
         UnitVolumeUnitOfMeasureName=volume_units, UnitWeight=weight, \
         UnitWeightUnitOfMeasureName=weight_units, ServingSize=serving_size, \
         SupplyDurationDays=supply_duration_days, NumberOfDoses=dose_number, UnitQuantity",
    ),
    (
        "Metrc grid",
        "Tag=item_id, Source Package(s), Location=area_name, Item=name, Category=category_name, \
         Item Strain=strain_name, Quantity=quantity, Unit of Measure=units, Packaged Date=moved_at, \
         Lab Testing?status, Received?moved_at",
    ),
    (
        "Metrc create-package",
        "New Package Tag=item_id, Source Package Tag, Source Package Quantity Used, Item=name, \
         New Package Quantity=quantity, New Package Unit=units, Location=area_name",
    ),
    (
        "Washington CCRS",
        "LicenseNumber, Strain=strain_name, Area=area_name, Product=name, InitialQuantity, \
         QuantityOnHand=quantity, TotalCost, IsMedical, ExternalIdentifier=item_id, InventoryIdentifier, \
         InventoryType=category_name, InventoryCategory=category_type, UnitWeightGrams=weight",
    ),
    (
        "Leaf",
        "global_id=item_id, inventory_type_name=name, qty=quantity, uom=units, strain_name=strain_name, \
         area_name=area_name, area_id=area_id, serving_size=serving_size",
    ),
    (
        "BioTrack",
        "barcodeid=item_id, productname=name, inventorytype=item_type, remaining_quantity=quantity, \
         strain=strain_name, currentroom=area_id",
    ),
];

#[test]
fn the_files_of_other_systems_are_known() {
    for (kind, headers) in EXPORTS {
        assert_eq!(matched(headers).export.as_deref(), Some(*kind));
    }
    for headers in [
        "PackageId=item_id, InStockQuantity=quantity, RoomId=area_id",
        "state_tracking_id=item_id, productname=name, amount=weight, unit_of_measure=weight_units, location_id=area_id",
        "SKU=item_id, Product Category=category_name, Unit Type Name=units",
        "Tag*=item_id, Unit*=units, Location*=area_name, Status*=status",
        "SKU=item_id, productName=name, quantityAvailable=quantity, strainName=strain_name, inventoryUnitOfMeasure=units",
    ] {
        matched(headers);
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
    let values = r#"{"category_name":"Flower","item_type":"Product","name":"Buds","quantity":2.5,"strain_name":null,"units":"Ounces","weight":3.5}"#;
    assert_eq!(item(&seen[0]), ("1A4".to_owned(), values.to_owned()));
}

#[test]
fn columns_left_out_are_told() {
    let (_, survey) = read(vec![csv(&["item_id", "Notes", "Type"], &[])], ColumnOptions::default());
    decided(&survey, "ignored columns: \"Notes\"");
    decided(&survey, "\"Type\" (column 3) may mean item_type");
}
