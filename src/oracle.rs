//! What the fuzz targets compare with: the input, read a second time in another way.
//!
//! What must stay true:
//!
//! * a check holds a result against the input, and not against what the parser says of itself,
//! * no check depends on time or chance, so that an input fails always or never,
//! * the checks themselves take time in proportion to the input: what is slow is a finding.

mod exact;
mod hidden;
mod input;

pub(crate) use exact::{Exact, is_written};
pub(crate) use hidden::{hides, hides_code, hides_in_any_case};
pub(crate) use input::{Head, answer, first_line, head, printable};
