#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| powerhose_fuzz::dispatch_any(data));
