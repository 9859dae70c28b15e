//! See [`relay_fuzz::identity_token`].
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| relay_fuzz::identity_token(input));

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    relay_fuzz::replay_arguments(relay_fuzz::identity_token)
}
