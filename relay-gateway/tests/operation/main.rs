//! The program as whoever operates it meets it: what is wrong, how it stands, how it is run.

mod agent_check;
mod agents;
mod doctor;
mod faults;
mod metrics;
mod network;
mod packaging;
mod program;
#[path = "../rig/mod.rs"]
mod rig;
mod running;
mod servers;
mod status;
mod supervised;
mod voice;
