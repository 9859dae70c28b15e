//! Makes an upgrade token and checks it, also with a secret that is being rotated out.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use relay_auth::{Expiry, Secret, UnixSeconds, VerifyList, mint, verify};

fn main() {
    // The time is an argument: this crate has no clock.
    let now = UnixSeconds(1_800_000_000);
    let token = mint("my-gateway", &Secret::new("old"), Expiry::At(UnixSeconds(now.0 + 60)));

    let accepted: VerifyList = [Secret::new("new"), Secret::new("old")].into_iter().collect();
    println!("now: {:?}", verify(&token, &accepted, now));
    println!("later: {:?}", verify(&token, &accepted, UnixSeconds(now.0 + 61)));
    println!("rotated out: {:?}", verify(&token, &VerifyList::new(Secret::new("new")), now));
}
