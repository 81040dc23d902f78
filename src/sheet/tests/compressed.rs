//! Files that are compressed, cut short, or far larger than they look.

use std::io::Write;

use flate2::write::GzEncoder;

use super::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zst(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

const TEXT: &[u8] = b"item_id,name\n1,a\n2,b\n";

#[test]
fn a_compressed_file_is_read_whatever_its_name() {
    assert_eq!(read("a.csv", gzip(TEXT)).lines(), [2, 3]);
    assert_eq!(read("a.csv", zst(TEXT)).lines(), [2, 3]);
    assert_eq!(read("a.gz", zst(b"[{\"item_id\":\"1\"}]")).format, Format::Json);
    let two = [gzip(TEXT), gzip(b"3,c\n")].concat();
    assert_eq!(
        read("a.csv.gz", two).lines(),
        [2, 3, 4],
        "gzip members follow each other"
    );
}

#[test]
fn a_truncated_compressed_file_is_damaged() {
    let text = TEXT.repeat(1000);
    for whole in [gzip(&text), zst(&text)] {
        for end in [whole.len() / 2, whole.len() - 1] {
            let error = refusal("a.csv.gz", &whole[..end]);
            assert!(matches!(error, ReadError::Damaged { .. }), "{error:?}");
        }
    }
}

#[test]
fn a_bomb_is_stopped_at_the_bound() {
    let limits = Limits {
        expanded_bytes: 100_000,
        ..Limits::default()
    };
    let options = ReadOptions {
        limits,
        ..ReadOptions::default()
    };
    let zeros = vec![b'x'; 10_000_000];
    for bomb in [gzip(&zeros), zst(&zeros)] {
        let error = read_with("a.csv.gz", bomb, &options).unwrap_err();
        assert!(matches!(error, ReadError::TooLarge { .. }), "{error:?}");
    }
}

#[test]
fn an_empty_file_that_is_compressed_is_empty() {
    assert!(matches!(refusal("a.csv.gz", gzip(b"")), ReadError::Empty(_)));
}

#[test]
fn a_file_compressed_twice_is_refused() {
    assert!(matches!(
        refusal("a.csv.gz", gzip(&gzip(TEXT))),
        ReadError::NotASpreadsheet { .. }
    ));
}
