#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| orderwatch::fuzzing::order_rows(data));
