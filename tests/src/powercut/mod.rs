//! Power cuts: the real programs are recorded while offices use them, and every state in which a
//! cut could have left their files is rebuilt and opened.
//!
//! The disk that is assumed keeps what was synced and nothing else for sure: of the writes since
//! the last sync any may be there and any may be missing, in sectors of 512 bytes and in any
//! order; of the names since the last sync of their directory the first few are there.

pub mod disk;
pub mod images;
pub mod judge;
pub mod recorder;
pub mod use_case;
