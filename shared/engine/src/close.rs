//! Why a connection is closed: the code and the words that the other side reads.

use quinn::ConnectionError;

/// The application's close codes of `hoso/1`. Numbers are sent and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CloseCode {
    /// Everything was said; `Goodbye` gave the reason on the control stream.
    Done,
    /// A frame claimed more bytes than its bound.
    FrameLength,
    /// A stream or frame that the protocol does not know, or not at that moment.
    Protocol,
    /// A newer session of the same node has taken over.
    Replaced,
    /// The program stops; dial again.
    Stopping,
    /// The node has ended.
    Ended,
    /// Something that had to come did not come in time.
    TooSlow,
    /// This side cannot go on, which is not the other side's fault.
    Trouble,
    /// The key belongs to no other machine of the unit.
    Stranger,
}

impl CloseCode {
    /// All codes.
    pub const ALL: [Self; 9] = [
        Self::Done,
        Self::FrameLength,
        Self::Protocol,
        Self::Replaced,
        Self::Stopping,
        Self::Ended,
        Self::TooSlow,
        Self::Trouble,
        Self::Stranger,
    ];

    /// The number that is sent.
    #[must_use]
    pub fn number(self) -> u32 {
        match self {
            Self::Done => 0,
            Self::FrameLength => 1,
            Self::Protocol => 2,
            Self::Replaced => 3,
            Self::Stopping => 4,
            Self::Ended => 5,
            Self::TooSlow => 6,
            Self::Trouble => 7,
            Self::Stranger => 8,
        }
    }

    /// The words that are sent beside the number, for logs.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::FrameLength => "a frame is out of bounds",
            Self::Protocol => "not this protocol",
            Self::Replaced => "a newer session of this node has taken over",
            Self::Stopping => "stopping",
            Self::Ended => "this node has ended",
            Self::TooSlow => "too slow",
            Self::Trouble => "cannot go on",
            Self::Stranger => "not a machine of this unit",
        }
    }

    /// The code with which the other side closed, `None` when the connection ended otherwise.
    #[must_use]
    pub fn of(error: &ConnectionError) -> Option<Self> {
        let ConnectionError::ApplicationClosed(close) = error else { return None };
        let number = close.error_code.into_inner();
        Self::ALL.into_iter().find(|code| u64::from(code.number()) == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_close_code_has_the_number_of_its_place() {
        for (place, code) in CloseCode::ALL.into_iter().enumerate() {
            assert_eq!(usize::try_from(code.number()), Ok(place));
        }
    }
}
