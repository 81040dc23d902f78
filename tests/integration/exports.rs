//! The exports of other programs: `inspect` maps every column that means a field, and offers those that may.

use serde_json::Value;

use crate::support::{Stockport, sample};

/// What `inspect` has to make of a sample: header and field, in the sample's order.
struct Expected {
    file: &'static str,
    export: Option<&'static str>,
    header_row: Option<u64>,
    taken: &'static [(&'static str, &'static str)],
    offered: &'static [(&'static str, &'static str)],
    /// Columns that look like a field and are not it.
    left_out: &'static [&'static str],
}

#[rustfmt::skip]
const EXPECTED: &[Expected] = &[
    Expected {
        file: "vendor-workbook.xlsx", export: Some("the vendor's workbook"), header_row: Some(7),
        taken: &[
            ("Item ID", "item_id"), ("Name", "name"), ("Item Type", "item_type"), ("Status", "status"),
            ("Area Name", "area_name"), ("Area ID", "area_id"), ("Category Name", "category_name"),
            ("Category Type", "category_type"), ("Admin Method", "admin_method"), ("Approved", "approved"),
            ("Approved At", "approved_at"), ("Dose", "dose"), ("Dose Number", "dose_number"), ("Dose Units", "dose_units"),
            ("Moved At", "moved_at"), ("Quantity", "quantity"), ("Quantity Type", "quantity_type"),
            ("Serving Size", "serving_size"), ("Strain Name", "strain_name"),
            ("Supply Duration Days", "supply_duration_days"), ("Units", "units"), ("Volume", "volume"),
            ("Volume Units", "volume_units"), ("Weight", "weight"), ("Weight Units", "weight_units"),
        ],
        offered: &[], left_out: &[],
    },
    Expected {
        file: "metrc-packages-grid.csv", export: Some("Metrc grid"), header_row: Some(1),
        taken: &[
            ("Tag", "item_id"), ("Item", "name"), ("Item Strain", "strain_name"), ("Category", "category_name"),
            ("Item Category Type", "category_type"), ("Location", "area_name"), ("Quantity", "quantity"),
            ("Unit of Measure", "units"), ("Unit Weight", "weight"), ("Unit Weight Unit of Measure", "weight_units"),
            ("Unit Volume", "volume"), ("Unit Volume Unit of Measure", "volume_units"), ("Status", "status"),
            ("Packaged On", "moved_at"),
        ],
        offered: &[("Lab Testing", "status"), ("Received", "moved_at")],
        left_out: &["Source Package(s)"],
    },
    Expected {
        file: "metrc-packages-report.csv", export: Some("Metrc grid"), header_row: Some(1),
        taken: &[
            ("Package Tag", "item_id"), ("Item Name", "name"), ("Item Category", "category_name"),
            ("Item Strain", "strain_name"), ("Location Name", "area_name"), ("Current Quantity", "quantity"),
            ("Unit of Measure", "units"), ("Unit Weight", "weight"), ("Unit Weight UOM", "weight_units"),
            ("Testing Status", "status"), ("Packaged Date", "moved_at"),
        ],
        offered: &[], left_out: &[],
    },
    Expected {
        file: "metrc-create-packages.csv", export: Some("Metrc create-package"), header_row: Some(1),
        taken: &[
            ("New Package Tag", "item_id"), ("Location Name", "area_name"), ("Item Name", "name"),
            ("New Package Quantity", "quantity"), ("New Package Unit", "units"),
        ],
        offered: &[], left_out: &["Source Package Tag", "Source Package Quantity Used"],
    },
    Expected {
        file: "metrc-items.json", export: Some("Metrc API items"), header_row: None,
        taken: &[
            ("Id", "item_id"), ("Name", "name"), ("ProductCategoryName", "category_name"),
            ("ProductCategoryType", "category_type"), ("QuantityType", "quantity_type"), ("UnitOfMeasureName", "units"),
            ("ApprovalStatus", "approved"), ("ApprovalStatusDateTime", "approved_at"), ("StrainName", "strain_name"),
            ("AdministrationMethod", "admin_method"), ("UnitThcContentDose", "dose"), ("UnitVolume", "volume"),
            ("UnitVolumeUnitOfMeasureName", "volume_units"), ("UnitWeight", "weight"),
            ("UnitWeightUnitOfMeasureName", "weight_units"), ("ServingSize", "serving_size"),
            ("SupplyDurationDays", "supply_duration_days"), ("NumberOfDoses", "dose_number"),
        ],
        offered: &[("DefaultLabTestingState", "status"), ("UnitThcContentDoseUnitOfMeasureName", "dose_units")],
        left_out: &["StrainId", "UnitCbdPercent", "UnitThcContent", "UnitQuantity"],
    },
    Expected {
        file: "metrc-packages.json", export: Some("Metrc API packages"), header_row: None,
        taken: &[
            ("Label", "item_id"), ("PackageType", "item_type"), ("LocationId", "area_id"), ("LocationName", "area_name"),
            ("Quantity", "quantity"), ("UnitOfMeasureName", "units"), ("ReceivedDateTime", "moved_at"),
            ("Item.AdministrationMethod", "admin_method"), ("Item.Name", "name"), ("Item.NumberOfDoses", "dose_number"),
            ("Item.ProductCategoryName", "category_name"), ("Item.ProductCategoryType", "category_type"),
            ("Item.QuantityType", "quantity_type"), ("Item.ServingSize", "serving_size"),
            ("Item.StrainName", "strain_name"), ("Item.SupplyDurationDays", "supply_duration_days"),
            ("Item.UnitThcContentDose", "dose"), ("Item.UnitVolume", "volume"),
            ("Item.UnitVolumeUnitOfMeasureName", "volume_units"), ("Item.UnitWeight", "weight"),
            ("Item.UnitWeightUnitOfMeasureName", "weight_units"),
        ],
        offered: &[
            ("PackagedDate", "moved_at"), ("InitialLabTestingState", "status"), ("LabTestingState", "status"),
            ("LabTestingStateName", "status"), ("Item.UnitThcContentDoseUnitOfMeasureName", "dose_units"),
        ],
        left_out: &["Id", "Item.Id", "Item.StrainId", "Item.UnitCbdPercent", "Item.UnitQuantity"],
    },
    Expected {
        file: "metrc-transfer-packages.json", export: Some("Metrc API transfer packages"), header_row: None,
        taken: &[
            ("PackageLabel", "item_id"), ("PackageType", "item_type"), ("ProductName", "name"),
            ("ProductCategoryName", "category_name"), ("ItemStrainName", "strain_name"),
            ("ItemServingSize", "serving_size"), ("ItemSupplyDurationDays", "supply_duration_days"),
            ("ItemUnitWeight", "weight"), ("ItemUnitWeightUnitOfMeasureName", "weight_units"),
            ("ReceivedQuantity", "quantity"), ("ReceivedUnitOfMeasureName", "units"), ("ReceivedDateTime", "moved_at"),
        ],
        offered: &[("LabTestingState", "status"), ("ShippedQuantity", "quantity"), ("ShippedUnitOfMeasureName", "units")],
        left_out: &["PackageId", "SourcePackageLabels"],
    },
    Expected {
        file: "ccrs-inventory.csv", export: Some("Washington CCRS"), header_row: Some(4),
        taken: &[
            ("Strain", "strain_name"), ("Area", "area_name"), ("Product", "name"), ("QuantityOnHand", "quantity"),
            ("ExternalIdentifier", "item_id"),
        ],
        offered: &[], left_out: &["InitialQuantity", "UpdatedBy"],
    },
    Expected {
        file: "ccrs-public-dump.csv", export: Some("Washington CCRS"), header_row: Some(1),
        taken: &[
            ("InventoryIdentifier", "item_id"), ("InventoryCategory", "category_type"),
            ("InventoryType", "category_name"), ("Name", "name"), ("Strain", "strain_name"), ("Area", "area_name"),
            ("QuantityOnHand", "quantity"), ("UnitWeightGrams", "weight"),
        ],
        offered: &[], left_out: &["TotalCost"],
    },
    Expected {
        file: "leaf-inventories.csv", export: Some("Leaf"), header_row: Some(1),
        taken: &[
            ("global_id", "item_id"), ("inventory_type_name", "name"), ("strain_name", "strain_name"),
            ("area_name", "area_name"), ("area_id", "area_id"), ("qty", "quantity"), ("uom", "units"),
            ("serving_size", "serving_size"),
        ],
        offered: &[], left_out: &["sold_units", "reserved_units"],
    },
    Expected {
        file: "biotrack-inventory.csv", export: Some("BioTrack"), header_row: Some(1),
        taken: &[
            ("barcodeid", "item_id"), ("productname", "name"), ("strain", "strain_name"), ("inventorytype", "item_type"),
            ("remaining_quantity", "quantity"), ("currentroom", "area_id"),
        ],
        offered: &[], left_out: &[],
    },
    Expected {
        file: "cova-inventory.csv", export: None, header_row: Some(1),
        taken: &[
            ("PackageId", "item_id"), ("Product", "name"), ("Category", "category_name"), ("InStockQuantity", "quantity"),
            ("RoomId", "area_id"), ("ReceivedDate", "moved_at"),
        ],
        offered: &[], left_out: &[],
    },
    Expected {
        file: "treez-inventory.csv", export: Some("Treez"), header_row: Some(1),
        taken: &[
            ("state_tracking_id", "item_id"), ("productname", "name"), ("category", "category_name"),
            ("amount", "weight"), ("unit_of_measure", "weight_units"), ("location_id", "area_id"),
        ],
        offered: &[], left_out: &[],
    },
    Expected {
        file: "canix-packages.csv", export: Some("Metrc grid"), header_row: Some(1),
        taken: &[
            ("Tag*", "item_id"), ("Item*", "name"), ("Quantity*", "quantity"), ("Unit*", "units"),
            ("Location*", "area_name"), ("Status*", "status"),
        ],
        offered: &[("Packaging Date*", "moved_at")], left_out: &[],
    },
    Expected {
        file: "dutchie-inventory.json", export: None, header_row: None,
        taken: &[
            ("packageId", "item_id"), ("productName", "name"), ("category", "category_name"), ("strain", "strain_name"),
            ("quantityAvailable", "quantity"),
        ],
        offered: &[("type", "item_type")], left_out: &[],
    },
    Expected {
        file: "flowhub-inventory.jsonl", export: None, header_row: None,
        taken: &[
            ("sku", "item_id"), ("productName", "name"), ("category", "category_name"), ("strainName", "strain_name"),
            ("quantity", "quantity"), ("inventoryUnitOfMeasure", "units"),
        ],
        offered: &[], left_out: &[],
    },
    Expected {
        file: "distru-inventory.csv", export: None, header_row: Some(1),
        taken: &[
            ("SKU", "item_id"), ("Product Name", "name"), ("Product Category", "category_name"),
            ("Quantity Available", "quantity"), ("Unit Type Name", "units"), ("Location", "area_name"),
        ],
        offered: &[], left_out: &[],
    },
    Expected {
        file: "indicaonline-products.csv", export: None, header_row: Some(1),
        taken: &[
            ("SKU", "item_id"), ("Product Name", "name"), ("Category", "category_name"), ("Price Type", "quantity_type"),
            ("Qty", "quantity"), ("Strain", "strain_name"),
        ],
        offered: &[], left_out: &[],
    },
];

#[test]
fn inspect_maps_every_column_of_a_known_export_and_offers_the_weak_ones() {
    let stockport = Stockport::new();
    for expected in EXPECTED {
        let seen = stockport
            .run(["inspect", &sample(&format!("exports/{}", expected.file)), "--json"])
            .ok()
            .json();
        assert_eq!(seen["export"].as_str(), expected.export, "{}", expected.file);
        assert_eq!(seen["header_row"].as_u64(), expected.header_row, "{}", expected.file);
        assert_eq!(seen["rows"], 3, "{}", expected.file);
        let columns = seen["columns"].as_array().unwrap();
        let with_field = |weak: bool| -> Vec<(&str, &str)> {
            let mut found = Vec::new();
            for column in columns {
                if let (Some(field), true) = (column["field"].as_str(), column["weak"] == Value::Bool(weak)) {
                    found.push((column["header"].as_str().unwrap(), field));
                }
            }
            found
        };
        assert_eq!(with_field(false), expected.taken, "{}", expected.file);
        assert_eq!(with_field(true), expected.offered, "{}", expected.file);
        for name in expected.left_out {
            let column = columns.iter().find(|column| column["header"] == *name).unwrap();
            assert_eq!(column["field"], Value::Null, "{name} of {}", expected.file);
        }
    }
}

#[test]
fn every_sample_of_an_export_is_among_them_and_converts_without_a_rejected_row() {
    let stockport = Stockport::new();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/exports");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(EXPECTED.iter().any(|expected| expected.file == name), "{name}");
        let run = stockport
            .run(["convert", &sample(&format!("exports/{name}")), "-"])
            .ok();
        assert_eq!(run.stdout.lines().count(), 3, "{name}");
    }
}

#[test]
fn values_of_known_exports_arrive_as_they_mean() {
    let stockport = Stockport::new();
    let items = |name: &str| -> Vec<Value> {
        let run = stockport
            .run(["convert", &sample(&format!("exports/{name}")), "-"])
            .ok();
        run.stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let grid = items("metrc-packages-grid.csv");
    assert_eq!(grid[2]["quantity"].to_string(), "-2");
    let report = items("metrc-packages-report.csv");
    assert_eq!(
        (
            report[0]["quantity"].to_string().as_str(),
            report[1]["moved_at"].as_str()
        ),
        ("1204.75", Some("2026-03-04"))
    );
    let metrc = items("metrc-items.json");
    assert_eq!(metrc[0]["approved_at"], Value::Null, "0001-01-01 is not a date");
    assert_eq!(metrc[0]["item_id"], "101");
    let ccrs = items("ccrs-inventory.csv");
    assert_eq!(ccrs[1]["item_id"], "13232582566688421");
    let dump = items("ccrs-public-dump.csv");
    assert_eq!(
        (&dump[0]["weight_units"], &dump[2]["name"]),
        (&"Grams".into(), &"Yuzu 柚子 Gummies".into())
    );
    let vendor = items("vendor-workbook.xlsx");
    assert_eq!(
        (&vendor[1]["item_id"], &vendor[1]["area_id"], &vendor[0]["approved_at"]),
        (&"00187".into(), &"005".into(), &"2026-03-04".into())
    );
}

#[test]
fn a_declared_number_of_records_is_checked() {
    let stockport = Stockport::new();
    let text = std::fs::read_to_string(sample("exports/ccrs-inventory.csv")).unwrap();
    stockport.write("ccrs.csv", text.replace("NumberRecords,3", "NumberRecords,30"));
    let run = stockport.run(["convert", "ccrs.csv", "-"]).ok();
    assert!(
        run.stderr
            .contains("declares 30 records (NumberRecords), but 3 rows were read"),
        "{}",
        run.stderr
    );
}
