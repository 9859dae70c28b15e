//! See [`relay_fuzz::gateway_frame`].
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| relay_fuzz::gateway_frame(input));

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    relay_fuzz::replay_arguments(relay_fuzz::gateway_frame)
}
