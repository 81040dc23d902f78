#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| stockport_fuzz::read(data));
