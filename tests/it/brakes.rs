//! What stops the buying: pauses, limits, an open circuit, a fallback panel, shadow mode.

mod ask_first;
mod beside;
mod breaker;
mod fallback;
mod limit;
mod orders;
mod pause;
mod shadow;
