//! The zip archive that calamine opens in place of the user's: the workbook's own sheets, texts and styles under names that
//! calamine looks for, each unpacked while it is read (`feed`).
//!
//! The archive exists only as offsets: headers and two short parts are in memory, and behind each header of a large part
//! stands a range of addresses that a `Feed` fills. So a part is unpacked once, on a thread of its own, calamine never
//! inflates, and a part whose relationship gives it an unusual name is found.
//!
//! Doesn't belong here: what is in the parts (`walk`, calamine).

use std::io::{Error, ErrorKind, Read, Result as IoResult, Seek, SeekFrom};

use super::feed::Feed;

/// The declared size of a part that is unpacked while it is read: more than any part has, as the true size is not known.
const ROOM: u64 = 1 << 40;
/// Zeros before the first header, as calamine looks at the first 512 bytes for a compound file; and before the directory, as
/// zip looks for its end in windows of 1 KiB. No part may be begun by that.
const LEAD: usize = 4096;
const STORED: u16 = 0;

const RELS: &str = "<Relationships><Relationship Id=\"w\" \
    Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"xl/workbook.xml\"/>\
    </Relationships>";

/// What the archive is to hold; parts are numbered as `Feed` numbers them.
pub(super) struct Plan {
    pub(super) is_1904: bool,
    pub(super) styles: Option<usize>,
    /// The parts of the worksheets, and of the texts as one more. calamine knows the n-th of them as `sheet_name(n)`.
    pub(super) sheets: Vec<usize>,
}

/// The name under which calamine knows a sheet: users' names may need escapes, these don't.
pub(super) fn sheet_name(index: usize) -> String {
    format!("s{index}")
}

enum Content {
    Bytes(Vec<u8>),
    Part(usize),
}

struct Segment {
    start: u64,
    content: Content,
}

/// The archive.
pub(super) struct Repack {
    segments: Vec<Segment>,
    length: u64,
    at: u64,
    feed: Feed,
}

impl Repack {
    pub(super) fn new(plan: &Plan, feed: Feed) -> Self {
        let (mut sheets, mut relations) = (String::new(), String::new());
        for index in 0..plan.sheets.len() {
            let name = sheet_name(index);
            sheets += &format!("<sheet name=\"{name}\" sheetId=\"{}\" r:id=\"{name}\"/>", index + 1);
            relations += &format!(
                "<Relationship Id=\"{name}\" \
                 Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" Target=\"{name}.xml\"/>"
            );
        }
        let epoch = u8::from(plan.is_1904);
        let workbook = format!("<workbook><workbookPr date1904=\"{epoch}\"/><sheets>{sheets}</sheets></workbook>");
        let mut layout = Layout::default();
        layout.bytes(vec![0; LEAD]);
        layout.stored("_rels/.rels", RELS);
        layout.stored("xl/workbook.xml", &workbook);
        layout.stored(
            "xl/_rels/workbook.xml.rels",
            &format!("<Relationships>{relations}</Relationships>"),
        );
        if let Some(part) = plan.styles {
            layout.fed("xl/styles.xml", part);
        }
        for (index, part) in plan.sheets.iter().enumerate() {
            layout.fed(&format!("xl/{}.xml", sheet_name(index)), *part);
        }
        layout.finish(feed)
    }
}

impl Read for Repack {
    fn read(&mut self, buffer: &mut [u8]) -> IoResult<usize> {
        let index = self.segments.partition_point(|segment| segment.start <= self.at);
        let Some(segment) = index.checked_sub(1).and_then(|index| self.segments.get(index)) else {
            return Ok(0);
        };
        let offset = self.at - segment.start;
        let read = match &segment.content {
            Content::Part(part) => self.feed.read(*part, offset, buffer)?,
            Content::Bytes(bytes) => {
                let from = usize::try_from(offset).unwrap_or(usize::MAX);
                bytes.get(from..).unwrap_or_default().read(buffer)?
            }
        };
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Repack {
    fn seek(&mut self, to: SeekFrom) -> IoResult<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| Error::from(ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

/// The archive while it is laid out (APPNOTE.TXT 4.3). Every entry has its sizes in a ZIP64 field.
#[derive(Default)]
struct Layout {
    segments: Vec<Segment>,
    end: u64,
    directory: Vec<u8>,
    entries: u64,
}

impl Layout {
    fn bytes(&mut self, bytes: Vec<u8>) {
        let length = bytes.len() as u64;
        self.segment(Content::Bytes(bytes), length);
    }

    fn segment(&mut self, content: Content, length: u64) {
        self.segments.push(Segment {
            start: self.end,
            content,
        });
        self.end += length;
    }

    fn stored(&mut self, name: &str, content: &str) {
        self.header(name, crc32fast::hash(content.as_bytes()), content.len() as u64);
        self.bytes(content.as_bytes().to_vec());
    }

    /// An entry whose sum is not known: calamine reads to the last tag it needs, and `Feed` compares the true sum.
    fn fed(&mut self, name: &str, part: usize) {
        self.header(name, 0, ROOM);
        self.segment(Content::Part(part), ROOM);
    }

    fn header(&mut self, name: &str, sum: u32, size: u64) {
        const IN_ZIP64: u32 = u32::MAX;
        let (offset, length) = (self.end, u16::try_from(name.len()).unwrap_or(u16::MAX));
        // Versions, flags, method, time and date; as the central directory has them from its second version on.
        let mut common = Vec::new();
        push16(&mut common, &[45, 0, STORED, 0, 0x21]);
        push32(&mut common, &[sum, IN_ZIP64, IN_ZIP64]);
        push16(&mut common, &[length]);
        let mut local = b"PK\x03\x04".to_vec();
        local.extend_from_slice(&common);
        push16(&mut local, &[0]);
        local.extend_from_slice(name.as_bytes());
        self.bytes(local);
        let directory = &mut self.directory;
        directory.extend_from_slice(b"PK\x01\x02");
        push16(directory, &[45]);
        directory.extend_from_slice(&common);
        // The length of the ZIP64 field, of the comment; the disk, attributes of two kinds; the header's place.
        push16(directory, &[28, 0, 0, 0]);
        push32(directory, &[0, IN_ZIP64]);
        directory.extend_from_slice(name.as_bytes());
        push16(directory, &[1, 24]);
        push64(directory, &[size, size, offset]);
        self.entries += 1;
    }

    fn finish(mut self, feed: Feed) -> Repack {
        self.bytes(vec![0; LEAD]);
        let (start, size) = (self.end, self.directory.len() as u64);
        let mut end = std::mem::take(&mut self.directory);
        let record = start + size;
        end.extend_from_slice(b"PK\x06\x06");
        push64(&mut end, &[44]);
        push16(&mut end, &[45, 45]);
        push32(&mut end, &[0, 0]);
        push64(&mut end, &[self.entries, self.entries, size, start]);
        end.extend_from_slice(b"PK\x06\x07");
        push32(&mut end, &[0]);
        push64(&mut end, &[record]);
        push32(&mut end, &[1]);
        end.extend_from_slice(b"PK\x05\x06");
        push16(&mut end, &[0, 0, u16::MAX, u16::MAX]);
        push32(&mut end, &[u32::MAX, u32::MAX]);
        push16(&mut end, &[0]);
        self.bytes(end);
        Repack {
            segments: self.segments,
            length: self.end,
            at: 0,
            feed,
        }
    }
}

fn push16(out: &mut Vec<u8>, numbers: &[u16]) {
    out.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}

fn push32(out: &mut Vec<u8>, numbers: &[u32]) {
    out.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}

fn push64(out: &mut Vec<u8>, numbers: &[u64]) {
    out.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}
