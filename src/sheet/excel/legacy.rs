//! Compound files (the container of xls): which workbook, if any, and whether it wants a password.

use std::io::{ErrorKind, Read};

use super::source::Source;
use crate::sheet::ReadError;

/// The record that says the rest is encrypted, XOR obfuscation included (MS-XLS 2.4.117).
const FILE_PASS: u16 = 0x002F;
/// The end of the workbook's globals, behind which no `FILE_PASS` comes (MS-XLS 2.4.103).
const END_OF_FILE: u16 = 0x000A;

/// Checks that a compound file is an xls that opens without a password. What this can't make out is left to calamine,
/// whose reading of broken containers is more patient.
pub(super) fn check(source: &Source, file: &str) -> Result<(), ReadError> {
    let Ok(mut compound) = cfb::CompoundFile::open(source.open(file)?) else {
        return Ok(());
    };
    // An encrypted xlsx, xlsm or xlsb (MS-OFFCRYPTO 2.3.4.4).
    if compound.is_stream("/EncryptedPackage") {
        return Err(ReadError::PasswordProtected(file.to_owned()));
    }
    let Some(stream) = ["/Workbook", "/Book"].into_iter().find(|name| compound.is_stream(name)) else {
        let what = if compound.is_stream("/WordDocument") {
            "a Word document"
        } else {
            "an Office file without a workbook"
        };
        return Err(ReadError::NotASpreadsheet {
            file: file.to_owned(),
            what: what.to_owned(),
        });
    };
    let Ok(mut records) = compound.open_stream(stream) else {
        return Ok(());
    };
    loop {
        let mut head = [0; 4];
        match records.read_exact(&mut head) {
            Ok(()) => {}
            Err(cause) if cause.kind() == ErrorKind::Interrupted => continue,
            Err(_) => return Ok(()),
        }
        let [a, b, c, d] = head;
        match u16::from_le_bytes([a, b]) {
            FILE_PASS => return Err(ReadError::PasswordProtected(file.to_owned())),
            END_OF_FILE => return Ok(()),
            _ => {}
        }
        let length = u64::from(u16::from_le_bytes([c, d]));
        if std::io::copy(&mut (&mut records).take(length), &mut std::io::sink()).is_err() {
            return Ok(());
        }
    }
}
