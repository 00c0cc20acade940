//! The separate axes of a dossier: business, money, the result's way, time. Sync is the fifth and
//! belongs to the node.

/// Defines one axis: its states with their stable codes.
macro_rules! axis {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $state:ident $code:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$about])* $state,)* }

        impl $name {
            /// All states.
            pub const ALL: &'static [Self] = &[$(Self::$state,)*];

            /// The stable code of the interface.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$state => $code,)* }
            }

            /// The state of that code.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|state| state.code() == code)
            }
        }
    };
}

axis! {
    /// Where the work stands. The order is that of the portal's numbers.
    Status {
        /// Handed in online, not looked at yet.
        New "new",
        /// Received, with a slip.
        Accepted "accepted",
        /// Not accepted (form 03).
        NotAccepted "not_accepted",
        /// Being worked on.
        Processing "processing",
        /// Papers are missing (form 02).
        Supplement "supplement",
        /// Waits for a payment.
        Payment "payment",
        /// Taken back by the applicant.
        Withdrawn "withdrawn",
        /// Stopped (form 05).
        Stopped "stopped",
        /// The result is there.
        Done "done",
        /// The result was handed over.
        Returned "returned",
    }
}

impl Status {
    /// The number by which the national portal knows the state: 1 to 10.
    #[must_use]
    pub const fn portal_code(self) -> u8 {
        match self {
            Self::New => 1,
            Self::Accepted => 2,
            Self::NotAccepted => 3,
            Self::Processing => 4,
            Self::Supplement => 5,
            Self::Payment => 6,
            Self::Withdrawn => 7,
            Self::Stopped => 8,
            Self::Done => 9,
            Self::Returned => 10,
        }
    }

    /// Whether no result is owed any more. A stopped dossier may be resumed.
    #[must_use]
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::NotAccepted | Self::Withdrawn | Self::Done | Self::Returned)
    }
}

axis! {
    /// What is owed and paid.
    Financial {
        /// Nothing is owed.
        None "none",
        /// Something is owed.
        Due "due",
        /// A transfer is said to be made.
        AwaitingConfirmation "awaiting_confirmation",
        /// Everything is paid.
        Paid "paid",
        /// More is paid than owed.
        Over "over",
        /// What was paid was given back.
        Refunded "refunded",
    }
}

axis! {
    /// Where the result is.
    Delivery {
        /// There is none.
        None "none",
        /// It waits where it was made.
        Ready "ready",
        /// It is on its way to the return desk.
        Sent "sent",
        /// It is at the return desk.
        Arrived "arrived",
        /// It was handed over.
        Returned "returned",
    }
}

axis! {
    /// How the dossier stands to its due time.
    Timeliness {
        /// Open, and not late.
        OpenInTime "open_in_time",
        /// Open, and late.
        OpenLate "open_late",
        /// Finished on an earlier day.
        Early "early",
        /// Finished on the day.
        OnTime "on_time",
        /// Finished on a later day.
        Late "late",
        /// No due time.
        None "none",
    }
}

impl Timeliness {
    /// Compares by the day at UTC+7, as reports do. `finished_ms` is when the result was there;
    /// an open dossier is compared with the moment `now_ms`. All are Unix milliseconds.
    #[must_use]
    pub fn of(due_ms: Option<i64>, finished_ms: Option<i64>, now_ms: i64) -> Self {
        let Some(due_ms) = due_ms else { return Self::None };
        let Some(finished_ms) = finished_ms else {
            return if now_ms <= due_ms { Self::OpenInTime } else { Self::OpenLate };
        };
        let days = (crate::deadline::local_date(finished_ms), crate::deadline::local_date(due_ms));
        match days.0.cmp(&days.1) {
            std::cmp::Ordering::Less => Self::Early,
            std::cmp::Ordering::Equal => Self::OnTime,
            std::cmp::Ordering::Greater => Self::Late,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;
    /// 17:00 of a day at UTC+7.
    const DUE: i64 = 10 * 24 * HOUR_MS + 10 * HOUR_MS;

    #[test]
    fn portal_numbers_run_from_1_to_10_in_the_order_of_the_states() {
        let numbers: Vec<u8> = Status::ALL.iter().map(|status| status.portal_code()).collect();
        assert_eq!(numbers, (1..=10).collect::<Vec<u8>>());
    }

    #[test]
    fn every_code_is_read_back() {
        for status in Status::ALL {
            assert_eq!(Status::from_code(status.code()), Some(*status));
        }
        for delivery in Delivery::ALL {
            assert_eq!(Delivery::from_code(delivery.code()), Some(*delivery));
        }
        assert_eq!(Financial::from_code("due"), Some(Financial::Due));
        assert_eq!(Timeliness::from_code("early"), Some(Timeliness::Early));
        assert_eq!(Status::from_code("finished"), None);
    }

    #[test]
    fn a_finished_dossier_is_compared_by_the_day_and_an_open_one_by_the_moment() {
        let finished = |at| Timeliness::of(Some(DUE), Some(at), 0);
        assert_eq!(finished(DUE + 2 * HOUR_MS), Timeliness::OnTime);
        assert_eq!(finished(DUE - 18 * HOUR_MS), Timeliness::Early);
        assert_eq!(finished(DUE + 8 * HOUR_MS), Timeliness::Late);
        assert_eq!(Timeliness::of(Some(DUE), None, DUE), Timeliness::OpenInTime);
        assert_eq!(Timeliness::of(Some(DUE), None, DUE + 1), Timeliness::OpenLate);
        assert_eq!(Timeliness::of(None, Some(1), 1), Timeliness::None);
    }
}
