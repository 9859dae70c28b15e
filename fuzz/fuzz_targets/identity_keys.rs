//! See [`relay_fuzz::identity_keys`].
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| relay_fuzz::identity_keys(input));

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    relay_fuzz::replay_arguments(relay_fuzz::identity_keys)
}
