#![no_main]

libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    stockport_fuzz::mutate::in_zip(data, size, max_size, seed)
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| stockport_fuzz::read(data));
