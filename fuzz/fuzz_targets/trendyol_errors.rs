#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| orderwatch::fuzzing::trendyol_errors(data));
