//! What holds for every frame, every stream and every source, not only for those that somebody wrote down.

mod action;
mod codec;
mod connector_frame;
mod event;
mod gateway_frame;
mod json;
mod prompts;
mod session_keys;
mod text;
