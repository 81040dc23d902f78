//! Texts in the character sets of the Mac and of DOS, named and found by their bytes.

use super::*;

#[test]
fn the_sets_of_the_mac_and_of_dos_are_read_by_name_and_where_the_bytes_show_them() {
    let cases: [(&[u8], &str, &str, &str); 7] = [
        (b"Cr\x8fme br\x9el\x8ee", "macintosh", "macintosh", "Crème brûlée"),
        (b"Caf\x8e", "mac-roman", "macintosh", "Café"),
        (b"Cr\x8ame br\x96l\x82e", "cp437", "IBM437", "Crème brûlée"),
        (b"Caf\x82", "ibm437", "IBM437", "Café"),
        (b"S\xc6o Jo\xc6o, lim\xe4es", "cp850", "IBM850", "São João, limões"),
        (
            b"P\xfd\xa1li\xe7 \xa7lu\x9cou\x9fk\xec",
            "852",
            "IBM852",
            "Příliš žluťoučký",
        ),
        (
            b"\x91\xa8\xad\xa8\xa9 \xaa\xa0\xac\xa5\xad\xec",
            "cp866",
            "IBM866",
            "Синий камень",
        ),
    ];
    for (bytes, label, name, wanted) in cases {
        let text = [b"item_id;name\r\n1;x\r\n2;", bytes, b"\r\n"].concat();
        let options = ReadOptions {
            encoding: Some(label.to_owned()),
            ..ReadOptions::default()
        };
        for options in [ReadOptions::default(), options] {
            let read = read_with("a.csv", &text, &options).unwrap();
            assert_eq!((&read.format, read.row(1)[1]), (&format_of(name), wanted));
            let first = wanted.split(' ').find(|word| !word.is_ascii()).unwrap();
            let warning = format!("is read as {name}, a guess from its bytes: line 3 has {first:?} (--encoding NAME");
            assert_eq!(read.noted(&warning), options.encoding.is_none(), "{:?}", read.notes);
        }
    }
    let long = [b"item_id,name\r".to_vec(), b"1,Caf\x8e\r".repeat(100_000)].concat();
    assert_eq!(read("a.csv", long).row(99_999)[1], "Café");
}

fn format_of(encoding: &'static str) -> Format {
    Format::Delimited {
        delimiter: b';',
        encoding,
    }
}
