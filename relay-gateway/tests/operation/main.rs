//! The program as whoever operates it meets it: what is wrong, how it stands, how it is run.

mod doctor;
mod faults;
mod program;
mod servers;
